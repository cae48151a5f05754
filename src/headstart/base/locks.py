"""A lock that ends with the process that holds it, however it ends: the system takes it back."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from headstart.base.errors import StoreError
from headstart.base.files import store_error

_TAKEN = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}


@contextmanager
def held(file: Path, *, what: str, hint: str) -> Iterator[None]:
    """Hold the lock `file` while the block runs; the file stays, for removing it would let two in at once.

    Parameters
    ----------
    file : Path
    what : str
        The message if another process holds it.
    hint : str
        What to do then.

    Raises
    ------
    StoreError
        If another process holds it, or the disk can't be written or knows no locks.
    """
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
    except OSError as error:
        raise store_error(file, error) from error
    try:
        _lock(descriptor, file, StoreError(what, hint=hint))
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, file: Path, taken: StoreError) -> None:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _TAKEN:
            raise taken from error
        raise StoreError(
            f"'{file}' can't be locked ({error.strerror or error}).",
            hint="This disk knows no locks, so nothing keeps a second process out. Choose a folder on another disk.",
        ) from error
