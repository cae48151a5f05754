"""The logistic head with its strengths and folds against scikit-learn's LogisticRegressionCV, on the same numbers.

::

    python benchmarks/logistic.py                                # 10,000 x 1,000, 300 classes
    python benchmarks/logistic.py --rows 2000 --features 300 --classes 50

The head walks as many strengths as it wants; scikit-learn gets three, around the one that the head chose, the same
folds and the same standardised features. Of both the objective on all rows is computed in float64. The numbers are
drawn: class centres in normal noise.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
from measuring import processor, write_section
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import PredefinedSplit

from headstart.base.process import thread_budget, tune_process
from headstart.base.types import Floats
from headstart.evidence.metrics import log_losses
from headstart.heads import logistic

FOLDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--features", type=int, default=1_000)
    parser.add_argument("--classes", type=int, default=300)
    options = parser.parse_args()
    tune_process()
    X, y = drawn(options.rows, options.features, options.classes)
    folds = np.arange(len(y)) % FOLDS
    begin = time.perf_counter()
    fitted = logistic.fit(X, y, options.classes, folds=folds)
    ours = time.perf_counter() - begin
    best = fitted.chosen["C"]
    print(f"headstart {ours:.1f} s, C {best:.3g}", flush=True)
    standard = (X - X.mean(axis=0)) / X.std(axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is to be called otherwise in its next versions
        other = LogisticRegressionCV(
            Cs=[best / 10, best, best * 10], cv=PredefinedSplit(folds), max_iter=1000, scoring="neg_log_loss"
        )
        begin = time.perf_counter()
        other.fit(standard, y)
    theirs = time.perf_counter() - begin
    chosen = float(np.ravel(other.C_)[0])
    print(f"scikit-learn {theirs:.1f} s, C {chosen:.3g}", flush=True)
    weight = fitted.head.weight.astype(np.float64) * X.std(axis=0)
    own = objective(fitted.head.probabilities(X), y, weight, best)
    its = objective(other.predict_proba(standard), y, other.coef_, best)
    told = "the same C" if np.isclose(chosen, best) else f"its C is {chosen:.3g}, so its objective is of another"
    write_section("logistic", section(options, ours, theirs, own, its, told))


def drawn(rows: int, features: int, classes: int) -> tuple[Floats, np.ndarray]:
    """Return features, float32, and labels: class centres in noise, every class as often."""
    rng = np.random.default_rng(0)
    y = rng.permutation(np.arange(rows) % classes)
    centres = rng.normal(size=(classes, features)) * 0.15
    return (centres[y] + rng.normal(size=(rows, features))).astype(np.float32), y


def objective(probabilities: Floats, y: np.ndarray, weight: Floats, strength: float) -> float:
    """Return what both minimise, in scikit-learn's units, over the number of rows."""
    return float(np.mean(log_losses(y, probabilities)) + 0.5 * np.sum(np.square(weight)) / (strength * len(y)))


def section(options: argparse.Namespace, ours: float, theirs: float, own: float, its: float, told: str) -> str:
    """Return the benchmark's part of the page."""
    size = f"{options.rows:,} x {options.features:,}, {options.classes} classes"
    return "\n".join(
        [
            "## The logistic head",
            "",
            f"`python benchmarks/logistic.py --rows {options.rows} --features {options.features} "
            f"--classes {options.classes}`: {size}, {FOLDS} folds.",
            f"{processor()}, {thread_budget()} threads, one run.",
            "",
            "| | seconds | objective |",
            "|---|---|---|",
            f"| headstart, all its strengths | {ours:.1f} | {own:.7f} |",
            f"| scikit-learn's LogisticRegressionCV, 3 strengths | {theirs:.1f} | {its:.7f} |",
            "",
            f"{theirs / ours:.1f} times as fast; {told}.",
        ]
    )


if __name__ == "__main__":
    main()
