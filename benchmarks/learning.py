"""Whether the forecast from half the pictures holds what all of them bring.

::

    python benchmarks/learning.py SHARED --sets hymenoptera,flowers5,brain_mri     # a part of the table, two minutes
    python benchmarks/learning.py SHARED --sets blood_cells,plantvillage_apple,solar

Of each set and seed a third is held out, and half of the rest is what somebody has. The forecast is made from that half
alone and asked about all of the rest; then a head that learned from all of it is measured on the held-out third. Sets
that are not named keep the lines that stand in docs/evidence.md.
"""

from __future__ import annotations

import argparse
import re
import time
from pathlib import Path

import numpy as np
from heads import features_of
from measuring import write_section

import headstart as hs
from headstart.base.progress import Silent
from headstart.evidence.learning import Forecast, forecast
from headstart.evidence.units import numbered
from headstart.heads import FITTERS
from headstart.strategies.learning import draws_for, learning_curve
from headstart.table import folds, growing_parts, read_table, solar_cells

PAGE = Path(__file__).resolve().parents[1] / "docs" / "evidence.md"
SETS = ("hymenoptera", "flowers5", "blood_cells", "plantvillage_apple", "brain_mri", "solar")
HEAD = "logistic"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shared", type=Path)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    hs.tune_process()
    lines = standing()
    for name in options.sets.split(","):
        table = solar_cells(pictures=1000) if name == "solar" else read_table(options.shared / "data" / name)
        readouts, labels, groups = features_of(table, np.arange(len(table)))
        for seed in range(options.seeds):
            line = task(name, seed, readouts["pool"], labels, groups)
            print(line, flush=True)
            lines[f"{name} {seed}"] = line
        write_section("learning", section(list(lines.values())), page=PAGE)


def task(name: str, seed: int, X: np.ndarray, y: np.ndarray, groups: np.ndarray) -> str:
    """Return one line of the table."""
    all_rows = growing_parts(y, groups, (0.65,), seed=seed)[0]
    held = np.setdiff1d(np.arange(len(y)), all_rows)
    half = all_rows[growing_parts(y[all_rows], groups[all_rows], (0.5,), seed=seed)[0]]
    classes = int(y.max()) + 1
    fitted = {}
    for rows in (half, all_rows):
        own = folds(y[rows], groups[rows], seed=seed)
        fitted[len(rows)] = FITTERS[HEAD](X[rows], y[rows], classes, folds=own, seed=seed)
    right = {size: one.head.scores(X[held]).argmax(axis=1) == y[held] for size, one in fitted.items()}
    begin = time.perf_counter()
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
    seconds = time.perf_counter() - begin
    return said(f"{name} {seed}", len(half), right[len(half)], right[len(all_rows)], found, seconds)


def said(name: str, half: int, before: np.ndarray, after: np.ndarray, found: Forecast, seconds: float) -> str:
    reached, gain = after.mean(), after.mean() - before.mean()
    (low, high), (least, most) = found.accuracy_interval, found.interval
    error = 1.96 * float(np.std(after.astype(int) - before)) / len(after) ** 0.5
    inside = "yes" if low <= reached <= high else "no"
    told = "yes" if least - error <= gain <= most + error else "no"
    return (
        f"| {name} | {half} to {found.more} | {found.accuracy:.3f} ({low:.3f} to {high:.3f}) | {reached:.3f} "
        f"| {inside} | {100 * least:+.1f} to {100 * most:+.1f} | {100 * gain:+.1f} ± {100 * error:.1f} | {told} "
        f"| {seconds:.1f} |"
    )


def standing() -> dict[str, str]:
    """Return the lines that stand on the page, by set and seed."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(r"<!-- learning: begin -->(.*)<!-- learning: end -->", text, re.DOTALL)
    lines = re.findall(r"^\| (\w+ \d+) \| .*$", found[1], re.MULTILINE) if found else []
    return {name: re.search(rf"^\| {name} \| .*$", found[1], re.MULTILINE)[0] for name in lines} if found else {}


def section(lines: list[str]) -> str:
    inside, told = (sum(line.split(" | ")[at] == "yes" for line in lines) for at in (4, 7))
    heads = (
        "set, seed | training pictures | forecast accuracy | measured | inside "
        "| forecast gain | measured | agree | seconds"
    )
    return "\n".join(
        [
            "`python benchmarks/learning.py SHARED --sets A,B`: logistic head on EfficientNet-Lite0's last features.",
            "The measured gain has an error of its own (±, 95 %), by which it may lie outside the forecast; that of",
            f"the measured accuracy is not counted. {inside} of {len(lines)} accuracies inside, {told} of {len(lines)}",
            "gains agree.",
            "",
            f"| {heads} |",
            "|---" * 9 + "|",
            *lines,
        ]
    )


if __name__ == "__main__":
    main()
