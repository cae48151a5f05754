"""Single lines about work: a step under way or done, an epoch, a finished run."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.cells import cell_len, set_cell_size

from headstart.report.lines import fit, shorten
from headstart.report.numbers import decimal, seconds_text
from headstart.report.standing import measured_split, metrics_of, ranked

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
    """Return the titles above epoch lines."""
    if width < _NARROW:
        return _cells(("epoch", "train", "acc", "held-out", "acc", "time"), _SHORT_EPOCH)
    wide = ("epoch", "train loss", "acc", "held-out loss", "acc", "rate", "time", "pictures/s")
    return _cells(wide, _WIDE_EPOCH)


def epoch_line(record: Mapping[str, Any], width: int) -> str:
    """Return one epoch's losses, accuracies, learning rate, seconds and pictures a second."""
    numbers = [decimal(record.get(key)) for key in ("train_loss", "train_accuracy", "val_loss", "val_accuracy")]
    spent = seconds_text(record.get("seconds"))
    if width < _NARROW:
        return _cells((str(record["epoch"]), *numbers, spent), _SHORT_EPOCH)
    rate = record.get("learning_rate")
    speed = decimal(record.get("images_per_second"), 0)
    return _cells((str(record["epoch"]), *numbers, "–" if rate is None else f"{rate:.1e}", spent, speed), _WIDE_EPOCH)


def result_line(record: Mapping[str, Any], best: Mapping[str, Any]) -> str:
    """Return one line about a finished run, and which is the best so far."""
    split = measured_split({"runs": [record]})
    metrics = metrics_of(record, split)
    if metrics.get("accuracy") is None:
        return f"{record['id']}: done, not measured"
    low, high = metrics.get("interval") or (None, None)
    spread = "" if low is None else f" ({decimal(low)} to {decimal(high)})"
    seconds = seconds_text((record.get("seconds") or {}).get("total"))
    text = f"{record['id']}: {decimal(metrics['accuracy'])}{spread} on {metrics['n']:,} {split} pictures, {seconds}"
    if best["id"] == record["id"]:
        return f"{text} · best so far"
    return f"{text} · best: {score_text(best)}"


def best_of(runs: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the most accurate of `runs`."""
    return ranked({"runs": runs})[0]


def score_text(run: Mapping[str, Any]) -> str:
    """Return a run's name and accuracy."""
    return f"{run['id']} {decimal(metrics_of(run, measured_split({'runs': [run]})).get('accuracy'))}"


def _short_name(name: str, cells: int) -> str:
    """Return a step's name in so many cells; ``full: epoch 3 of 8`` may become ``full 3/8``."""
    told = name if cell_len(name) <= cells else _EPOCH.sub(r" \1/\2", name)
    return fit(shorten(told, cells), cells)


def _cells(texts: tuple[str, ...], widths: tuple[int, ...]) -> str:
    return "  " + "  ".join(fit(text, width, right=True) for text, width in zip(texts, widths, strict=True))
