"""Check whether a forecast made from half of the pictures comes true with all of them.

::

    python benchmarks/learning.py SHARED                             # five minutes
    python benchmarks/learning.py SHARED --sets blood_cells,solar    # the other sets keep their lines

In each split of each set a third is held out. The forecast is made from half of the other pictures and says what all of
them would reach; then a head that learned from all of them is measured on the held-out third. Splits 0 to 9 chose the
rule of the forecast; the table shows other splits. Sets that are not named keep their lines in docs/evidence.md.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from heads import features_of
from measuring import write_section

import headstart as hs
from headstart.evidence.forecast import forecast
from headstart.evidence.units import numbered
from headstart.experiment.learning_curve import draws_for, learning_curve
from headstart.heads import HEADS
from headstart.records.forecast import Forecast
from headstart.records.progress import Silent
from headstart.table import folds, growing_parts, read_table, solar_cells

PAGE = Path(__file__).resolve().parents[1] / "docs" / "evidence.md"
SETS = ("hymenoptera", "flowers5", "blood_cells", "plantvillage_apple", "brain_mri", "solar")
HEAD = "logistic"


class Came(NamedTuple):
    """One split: what was forecast and what was reached, and whether they agree."""

    inside: bool
    nearly: bool  # inside once the error of what was measured is added
    gained: bool  # the gain, with its own error
    forecast: float
    kept: float  # the gain with the strength that was chosen for half
    gain: float
    half: int
    more: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shared", type=Path)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--first", type=int, default=10, help="the first split; 0 to 9 chose the rule")
    parser.add_argument("--count", type=int, default=14)
    options = parser.parse_args()
    hs.tune_process()
    lines = standing()
    for name in options.sets.split(","):
        table = solar_cells(pictures=1000) if name == "solar" else read_table(options.shared / "data" / name)
        said_of = features_of(table, np.arange(len(table)))
        pooled, labels, groups = said_of.features["pool"], said_of.labels, said_of.groups
        seeds = range(options.first, options.first + options.count)
        lines[name] = said(name, [task(seed, pooled, labels, groups) for seed in seeds])
        print(lines[name], flush=True)
        write_section("learning", section(list(lines.values())), page=PAGE)


def task(seed: int, X: np.ndarray, y: np.ndarray, groups: np.ndarray) -> Came:
    """Return what was forecast in one split, and what was reached."""
    all_rows = growing_parts(y, groups, (0.65,), seed=seed)[0]
    held = np.setdiff1d(np.arange(len(y)), all_rows)
    half = all_rows[growing_parts(y[all_rows], groups[all_rows], (0.5,), seed=seed)[0]]
    classes = int(y.max()) + 1
    fitted = {}
    for rows in (half, all_rows):
        own = folds(y[rows], groups[rows], seed=seed)
        fitted[len(rows)] = HEADS[HEAD].fit(X[rows], y[rows], classes, folds=own, seed=seed)
    right = {size: one.head.scores(X[held]).argmax(axis=1) == y[held] for size, one in fitted.items()}
    same = HEADS[HEAD].solve(X[all_rows], y[all_rows], classes, fitted[len(half)].chosen)
    kept = float((same.scores(X[held]).argmax(axis=1) == y[held]).mean() - right[len(half)].mean())
    curve = learning_curve(
        X[half],
        y[half],
        groups[half],
        head=HEAD,
        chosen=fitted[len(half)].chosen,
        draws=draws_for(len(half), X.shape[1], classes),
        seed=seed,
        progress=Silent(),
    )
    assert curve is not None
    times, units = len(all_rows) / len(half), numbered(groups[half][curve.rows])
    found = forecast(curve.right, curve.sizes, pictures=len(half), times=times, units=units, seed=seed)
    return came(found, len(half), right[len(half)], right[len(all_rows)], kept)


def came(found: Forecast, half: int, before: np.ndarray, after: np.ndarray, kept: float) -> Came:
    """Compare a forecast with the answers of heads that learned from half and from all."""
    reached, gain, n = after.mean(), after.mean() - before.mean(), len(after)
    error = 1.96 * float(np.sqrt(max(reached * (1 - reached), 0.25 / n) / n))
    of_gain = 1.96 * float(np.std(after.astype(int) - before)) / n**0.5
    return Came(
        found.accuracy_interval[0] <= reached <= found.accuracy_interval[1],
        _within(reached, found.accuracy, found.accuracy_interval, error),
        _within(gain, found.gain, found.interval, of_gain),
        found.gain,
        kept,
        float(gain),
        half,
        found.more,
    )


def _within(value: float, middle: float, ends: tuple[float, float], error: float) -> bool:
    """Return whether a value that is known to ± `error` lies in an interval, both errors taken together."""
    low, high = ends
    return bool(middle - np.hypot(middle - low, error) <= value <= middle + np.hypot(high - middle, error))


def said(name: str, found: list[Came]) -> str:
    half, more = (round(float(np.mean([getattr(one, at) for one in found]))) for at in ("half", "more"))
    counts = [sum(getattr(one, at) for one in found) for at in ("inside", "nearly", "gained")]
    gains = [100 * float(np.mean([getattr(one, at) for one in found])) for at in ("forecast", "kept", "gain")]
    cells = [name, f"{half} to {more}", str(len(found)), *map(str, counts), *(f"{gain:+.1f}" for gain in gains)]
    return f"| {' | '.join(cells)} |"


def standing() -> dict[str, str]:
    """Return the lines that stand on the page, by set."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(r"<!-- learning: begin -->(.*)<!-- learning: end -->", text, re.DOTALL)
    lines = re.findall(r"^\| \w+ \| \d+ to .*$", found[1], re.MULTILINE) if found else []
    return {line.split()[1]: line for line in lines}


def section(lines: list[str]) -> str:
    cells = [[int(cell) for cell in line.split(" | ")[2:6]] for line in lines]
    count, inside, nearly, gained = np.sum(cells, axis=0)
    heads = (
        "set | training pictures | splits | accuracy inside | with the error of what was measured | gain agrees "
        "| mean gain: forecast | measured, strength of half | measured"
    )
    return "\n".join(
        [
            "`python benchmarks/learning.py SHARED`: logistic head on EfficientNet-Lite0's last features.",
            f"In {inside} of {count} splits the accuracy lies inside the interval as it stands, in {nearly} once the",
            f"error of what was measured is added. In {gained} the gain agrees (with its own error).",
            "",
            f"| {heads} |",
            "|---" * 9 + "|",
            *lines,
        ]
    )


if __name__ == "__main__":
    main()
