"""Compare 45 strengths on 5 folds of a logistic head with one cold fit, on the features of real pictures.

::

    python benchmarks/strengths.py SHARED

One cold fit: standardising, finding axes and solving one strength on all rows, from nothing. The other side solves 45
strengths from 1e-5 to 100 on each of 5 folds, takes the best and solves that on all rows: 226 fits.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from statistics import median

import numpy as np
from heads import features_of
from measuring import processor, write_section

import headstart as hs
from headstart.base.process import thread_budget
from headstart.heads import logistic
from headstart.heads.problem import OwnMaterial, Problem
from headstart.heads.training import number_among
from headstart.table import read_table, with_splits

SETS = ("hymenoptera", "blood_cells", "flowers5", "plantvillage_apple")
STRENGTHS = np.logspace(-5, 2, 45).tolist()


def cold(X: np.ndarray, y: np.ndarray, strength: float) -> None:
    """Solve one strength on all rows, to the precision of the final fit."""
    classes = int(y.max()) + 1
    Problem(OwnMaterial(X.astype(np.float64), y), classes).solve(float(np.log10(strength)), None, 1e-8, np.float64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shared", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    hs.tune_process()
    lines = [
        "## Many strengths of the logistic head",
        "",
        f"`python benchmarks/strengths.py SHARED`: 45 strengths x 5 folds and the best on all rows, against one "
        f"cold fit at that strength; EfficientNet-Lite0's last features, medians of {options.repeats}. {processor()}, "
        f"{thread_budget()} threads.",
        "",
        "| training pictures of | one cold fit, ms | 226 fits, ms | times as long |",
        "|---|---|---|---|",
    ]
    for name in SETS:
        said = features_of(with_splits(read_table(options.shared / "data" / name), seed=0))
        X, y = said.features["pool"], said.labels
        folds = np.arange(len(y)) % 5
        one, many = [], []
        for _ in range(options.repeats):
            begin = time.perf_counter()
            fitted = logistic.fit(X, y, int(y.max()) + 1, folds=folds, strengths=STRENGTHS)
            many.append(time.perf_counter() - begin)
            begin = time.perf_counter()
            cold(X, y, number_among(fitted.chosen, "C"))
            one.append(time.perf_counter() - begin)
        few, all_of_them = 1e3 * median(one), 1e3 * median(many)
        lines.append(f"| {name} ({len(y)}) | {few:.0f} | {all_of_them:.0f} | {all_of_them / few:.1f} |")
        print(lines[-1], flush=True)
    write_section("strengths", "\n".join(lines))


if __name__ == "__main__":
    main()
