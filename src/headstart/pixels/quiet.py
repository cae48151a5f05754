"""Keeping Pillow's warnings about odd files to ourselves, in every thread, without touching its settings.

``warnings.catch_warnings`` swaps the whole process's filters and is not safe between threads. Here one
filter, which silences only what modules of PIL say, stands while at least one thread decodes.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

_lock = threading.Lock()
_inside = 0
_placed: tuple[list[Any], Any] | None = None


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Silence warnings that modules of PIL raise, for as long as any thread is inside."""
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


def _leave() -> None:
    global _inside, _placed
    with _lock:
        _inside -= 1
        if _inside == 0 and _placed is not None:
            filters, ours = _placed
            with suppress(ValueError):  # somebody reset the filters meanwhile
                filters.remove(ours)
            _placed = None
