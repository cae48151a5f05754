"""Whether a head fits into memory: asked before it is begun, for a process that takes too much is killed unheard."""

from __future__ import annotations

import numpy as np

from headstart import heads
from headstart.base.errors import HeadstartError
from headstart.base.memory import available_memory
from headstart.heads.training import Size
from headstart.records.progress import Progress
from headstart.strategies.context import FitContext
from headstart.strategies.division import Rows
from headstart.words.memory import too_large, will_take

TOLD = 5 * 10**8  # bytes from which on a person hears of them

HINT = (
    "Close other programs, use fewer pictures or --readout pool (it reads fewer numbers of each picture), or leave "
    "that strategy out."
)


def size_of(context: FitContext, rows: Rows, features: int, *, views: int = 1) -> Size:
    """Return how large a problem some training rows are, each seen so often."""
    folds = len(np.unique(context.division.folds_of(np.sort(rows))))
    return Size(views * len(rows), features, len(context.division.classes), folds)


def short_of(head: str, size: Size) -> tuple[int, int] | None:
    """Return what a head would need and what is free, in bytes, if it does not fit; None if it does."""
    needed, free = heads.HEADS[head].memory(size), available_memory()
    return None if free is None or needed <= free else (needed, free)


def make_room(what: str, head: str, size: Size, progress: Progress) -> None:
    """Say what solving a head will take, if it is much.

    Raises
    ------
    HeadstartError
        If it does not fit into memory.
    """
    missing = short_of(head, size)
    if missing is not None:
        raise HeadstartError(too_large(what, size.rows, *missing), hint=HINT)
    needed = heads.HEADS[head].memory(size)
    if needed >= TOLD:
        progress.message(will_take(what, needed, available_memory()))
