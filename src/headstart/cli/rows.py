"""Single lines about work: a step under way or done, an epoch, a finished run."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from headstart.records.run import RunRecord
from headstart.records.training import Epoch
from headstart.report.lines import fit, shorten
from headstart.report.numbers import decimal, seconds_text

if TYPE_CHECKING:
    from headstart.report.standing import Standing

_NARROW = 78
_EPOCH = re.compile(r": epoch (\d+) of (\d+)$")
_WIDE_EPOCH = (5, 10, 5, 13, 5, 8, 8, 10)  # cells of epoch, losses and accuracies, rate, time, speed
_SHORT_EPOCH = (5, 6, 5, 9, 5, 8)


@dataclass
class Track:
    """One step under way: how much of it is done, and since when."""

    name: str
    total: int
    unit: str
    began: float
    done: int = 0
    shown: float = field(default=0.0)  # when a plain listener last told about it

    def speed(self, now: float) -> float | None:
        """Return units a second, None before anything is done."""
        elapsed = now - self.began
        return self.done / elapsed if self.done and elapsed > 0 else None

    def left(self, now: float) -> float | None:
        """Return the seconds that the rest will take at the speed so far."""
        speed = self.speed(now)
        return None if speed is None else max(self.total - self.done, 0) / speed

    def rate_text(self, now: float) -> str:
        """Return for example ``98/s``, empty before anything is done."""
        speed = self.speed(now)
        return "" if speed is None else f"{speed:,.0f}/s" if speed >= 9.95 else f"{speed:.1f}/s"


def bar_line(track: Track, now: float, width: int) -> str:
    """Return the line of a step under way: name, bar, count, speed, time left; never wider than `width`."""
    wide = width >= _NARROW
    name = _short_name(track.name, 22 if wide else 14)
    if track.total <= 1:  # nothing to count: only that it goes on
        return f"{name}  {seconds_text(now - track.began)}"
    total, unit = f"{track.total:,}", f" {track.unit}" if wide else ""
    count = f"{track.done:,}/{total}{unit}".rjust(2 * len(total) + 1 + len(unit))
    left = track.left(now)
    rest = "" if left is None else f"{seconds_text(math.ceil(left))} left" if left < 3.6e5 else "days left"
    tail = f"{count}  {track.rate_text(now):>7}  {rest:<16}"  # always as wide, so that the bar stands still
    cells = min(32, width - cell_len(name) - cell_len(tail) - 4)
    if cells >= 4:
        filled = round(min(track.done / track.total, 1.0) * cells)
        name = f"{name}  {'━' * filled}{'─' * (cells - filled)}"
    return set_cell_size(f"{name}  {tail}", width).rstrip()


def step_line(track: Track, now: float) -> str:
    """Return the line of a finished step: what, how many, how long, how fast."""
    spent = now - track.began
    parts = [_short_name(track.name, 22), seconds_text(spent).rjust(11)]
    if track.total > 1:
        # some steps end before their time, as heat maps in a comparison do
        parts += [f"{track.done or track.total:,} {track.unit}".rjust(16), track.rate_text(now) if spent >= 0.1 else ""]
    return "  ".join(parts).rstrip()


def epoch_heads(width: int) -> str:
    """Return the titles above epoch lines; "choosing" is of the pictures that choose the epoch."""
    if width < _NARROW:
        return _cells(("epoch", "train", "acc", "choosing", "acc", "time"), _SHORT_EPOCH)
    wide = ("epoch", "train loss", "acc", "choosing loss", "acc", "rate", "time", "pictures/s")
    return _cells(wide, _WIDE_EPOCH)


def epoch_line(one: Epoch, width: int) -> str:
    """Return one epoch's losses, accuracies, learning rate, seconds and pictures a second."""
    numbers = map(decimal, (one.train_loss, one.train_accuracy, one.choosing_loss, one.choosing_accuracy))
    told, spent = (str(one.epoch), *numbers), seconds_text(one.seconds)
    if width < _NARROW:
        return _cells((*told, spent), _SHORT_EPOCH)
    return _cells((*told, f"{one.learning_rate:.1e}", spent, decimal(one.images_per_second, 0)), _WIDE_EPOCH)


def result_line(run: RunRecord, order: Standing) -> str:
    """Return one line about a finished run, and which is the best so far."""
    found, best = order.measured(run), order.runs[0]
    if found is None:
        return f"{run.id}: done, not measured"
    low, high = map(decimal, found.interval)
    on = f"on {found.n:,} {order.measuring} pictures"
    text = f"{run.id}: {decimal(found.accuracy)} ({low} to {high}) {on}, {seconds_text(run.seconds.total)}"
    return f"{text} · best so far" if best.id == run.id else f"{text} · best so far: {score_text(best, order)}"


def score_text(run: RunRecord, order: Standing) -> str:
    """Return a run's name and accuracy."""
    found = order.measured(run)
    return f"{run.id} {decimal(None if found is None else found.accuracy)}"


def _short_name(name: str, cells: int) -> str:
    """Return a step's name in so many cells; ``full: epoch 3 of 8`` may become ``full 3/8``."""
    told = name if cell_len(name) <= cells else _EPOCH.sub(r" \1/\2", name)
    return fit(shorten(told, cells), cells)


def _cells(texts: tuple[str, ...], widths: tuple[int, ...]) -> str:
    return "  " + "  ".join(fit(text, width, right=True) for text, width in zip(texts, widths, strict=True))
