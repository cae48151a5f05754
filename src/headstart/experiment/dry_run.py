"""A look at pictures that are not decoded yet: what would be done with them, and how long decoding would take."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headstart.base.errors import PictureError
from headstart.base.process import thread_budget
from headstart.experiment.depths import answered
from headstart.experiment.networks import networks
from headstart.experiment.passes import Pictures
from headstart.experiment.prepare import Prepared, divided, division_of
from headstart.experiment.request import Request
from headstart.experiment.resolve import resolve
from headstart.pixels import PixelStore, decode
from headstart.records.progress import Progress
from headstart.table import UNREADABLE_SHARE, Table, counted, read_rows, tell_findings, tell_skipped
from headstart.table.split_files import named_rows

DECODE_CALIBRATION = 0.2  # seconds


def survey(
    table: Table, request: Request, *, threads: int | None, progress: Progress, split_file: Path | None = None
) -> Prepared:
    """Return the experiment without its pixels: enough to say what would be done, and how long it would take."""
    tell_findings(table, progress)
    tell_skipped(table, progress)
    request, _, loaded = answered(request, len(table))
    found = networks(request, loaded)
    readable = table if split_file is None else _named(table, split_file, progress)
    usable = divided(readable, readable, request, split_file, must_measure=True)
    files = list(map(usable.file, range(len(usable))))
    none = Pictures(PixelStore([], faulty={}), np.zeros(0, np.int64))
    rate, drawn = rate_of_decoding(files, found.side, thread_budget(threads)), not table.divided and split_file is None
    division = division_of(usable, request, drawn=drawn)
    return Prepared.of(request, resolve(request, found, len(usable)), division, none, progress, decode_rate=rate)


def rate_of_decoding(sources: Sequence[Path | NDArray[np.uint8]], side: int, threads: int) -> float | None:
    """Return about how many seconds one picture takes to decode, from some of them; None if none can be read."""
    begin, done = time.perf_counter(), 0
    for place in np.linspace(0, len(sources) - 1, min(len(sources), 12)).astype(int):
        with suppress(PictureError):
            decode(sources[place], short_side=side)
            done += 1
        if time.perf_counter() - begin > DECODE_CALIBRATION:
            break
    return (time.perf_counter() - begin) / done / threads if done else None


def _named(table: Table, split_file: Path, progress: Progress) -> Table:
    """Return the pictures that a split file names: nothing was decoded yet that would say which are faulty."""
    listed = {row.path for row in named_rows(table, split_file, read_rows(split_file))}
    absent = [row for row, path in enumerate(table.paths) if path not in listed]
    if not absent or len(absent) > UNREADABLE_SHARE * len(table):
        return table
    first = table.paths[absent[0]]
    progress.message(
        f"'{split_file}' does not list {counted(len(absent))}, first '{first}': left out, as unreadable ones are."
    )
    return table.without(dict.fromkeys(absent, f"not in '{split_file}'"))
