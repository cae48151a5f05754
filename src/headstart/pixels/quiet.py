"""Keeping warnings of Pillow and libtiff about odd files to ourselves, in every thread, without touching settings.

``warnings.catch_warnings`` swaps the whole process's filters and is not safe between threads. Here one
filter, which silences only what modules of PIL say, stands while at least one thread decodes.

libtiff writes what it thinks of a file straight to the terminal. It has a setting for that, which is put back too.
"""

from __future__ import annotations

import ctypes
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import PIL

_lock = threading.Lock()
_inside = 0
_placed: tuple[list[Any], Any] | None = None
_SETTINGS = ("TIFFSetWarningHandler", "TIFFSetErrorHandler")
_handlers: list[int | None] = []


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Silence warnings that modules of PIL raise, and libtiff, for as long as any thread is inside."""
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _inside, _placed
    with _lock:
        _inside += 1
        if _inside == 1:
            warnings.filterwarnings("ignore", module=r"PIL\.")
            # The list itself is kept: somebody's catch_warnings may put another in its place meanwhile.
            filters: Any = warnings.filters
            _placed = (filters, filters[0])
            _handlers[:] = [setting(None) for setting in _libtiff()]


def _leave() -> None:
    global _inside, _placed
    with _lock:
        _inside -= 1
        if _inside == 0 and _placed is not None:
            filters, ours = _placed
            with suppress(ValueError):  # somebody reset the filters meanwhile
                filters.remove(ours)
            _placed = None
            for setting, before in zip(_libtiff(), _handlers, strict=True):
                setting(before)


@cache
def _libtiff() -> tuple[Any, ...]:
    """Return how the libtiff that Pillow's packages bring is told who hears of warnings and errors.

    Empty where it is built into Pillow (Windows) or belongs to the system: what that one says cannot be kept back.
    """
    home = Path(PIL.__file__).parent
    files = [*home.parent.glob("pillow.libs/libtiff*"), *home.glob(".dylibs/libtiff*")]
    if len(files) != 1:
        return ()
    try:
        library = ctypes.CDLL(str(files[0]))
        settings = tuple(getattr(library, name) for name in _SETTINGS)
    except (OSError, AttributeError):
        return ()
    for setting in settings:
        setting.restype, setting.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    return settings
