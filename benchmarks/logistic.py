"""Compare the logistic head with scikit-learn's LogisticRegressionCV: same strengths, folds and numbers.

::

    python benchmarks/logistic.py                                # 10,000 x 1,000, 300 classes, 3 strengths, 5 folds
    python benchmarks/logistic.py --rows 2000 --features 300 --classes 50 --strengths 0.01,0.1,1

Both get the same strengths, folds and standardised features. Scikit-learn works in float64, as it stops earlier in
float32, and with several tolerances, as the default one stops far from the minimum. For both, the objective on all
rows, at the strength that they chose, is computed in float64. The numbers are random: class centres in normal noise.
"""

from __future__ import annotations

import argparse
import time
import warnings
from statistics import median

import numpy as np
from measuring import processor, write_section
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import PredefinedSplit

from headstart.base.process import thread_budget, tune_process
from headstart.base.types import Affine, Floats
from headstart.evidence.metrics import log_losses
from headstart.heads import logistic
from headstart.heads.training import number_among

FOLDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--features", type=int, default=1_000)
    parser.add_argument("--classes", type=int, default=300)
    parser.add_argument("--strengths", default="0.01,0.1,1")
    parser.add_argument("--tolerances", default="1e-4,1e-7", help="of scikit-learn, separated by commas")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    tune_process()
    X, y = drawn(options.rows, options.features, options.classes)
    strengths = [float(strength) for strength in options.strengths.split(",")]
    found: dict[str, list[tuple[float, float, float]]] = {}
    for _ in range(options.repeats):
        for side in ("headstart", *options.tolerances.split(",")):
            found.setdefault(side, []).append(measured(side, X, y, strengths))
            print(side, *found[side][-1], flush=True)
    write_section("logistic", section(options, found))


def measured(side: str, X: Floats, y: np.ndarray, strengths: list[float]) -> tuple[float, float, float]:
    """Return seconds, the chosen C, and what is left of the objective there."""
    folds = np.arange(len(y)) % FOLDS
    if side == "headstart":
        begin = time.perf_counter()
        fitted = logistic.fit(X, y, int(y.max()) + 1, folds=folds, strengths=strengths)
        seconds, best = time.perf_counter() - begin, number_among(fitted.chosen, "C")
        assert isinstance(fitted.head, Affine)
        weight = fitted.head.weight.astype(np.float64) * X.std(axis=0, dtype=np.float64)
        return seconds, best, objective(fitted.head.probabilities(X), y, weight, best)
    standard = X.astype(np.float64)
    standard = (standard - standard.mean(axis=0)) / standard.std(axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its next versions will rename some options
        other = LogisticRegressionCV(
            Cs=strengths, cv=PredefinedSplit(folds), max_iter=10_000, tol=float(side), scoring="neg_log_loss"
        )
        begin = time.perf_counter()
        other.fit(standard, y)
    seconds, best = time.perf_counter() - begin, float(np.ravel(other.C_)[0])
    return seconds, best, objective(other.predict_proba(standard), y, other.coef_, best)


def drawn(rows: int, features: int, classes: int) -> tuple[Floats, np.ndarray]:
    """Return features, float32, and labels: class centres in noise, every class as often."""
    rng = np.random.default_rng(0)
    y = rng.permutation(np.arange(rows) % classes)
    centres = rng.normal(size=(classes, features)) * 0.12
    return (centres[y] + rng.normal(size=(rows, features))).astype(np.float32), y


def objective(probabilities: Floats, y: np.ndarray, weight: Floats, strength: float) -> float:
    """Return what both minimise, in scikit-learn's units, over the number of rows."""
    return float(np.mean(log_losses(y, probabilities)) + 0.5 * np.sum(np.square(weight)) / (strength * len(y)))


def section(options: argparse.Namespace, found: dict[str, list[tuple[float, float, float]]]) -> str:
    """Return the benchmark's part of the page."""
    size = f"{options.rows:,} x {options.features:,}, {options.classes} classes"
    ours = median(run[0] for run in found["headstart"])
    lines = [
        "## The logistic head",
        "",
        f"`python benchmarks/logistic.py --rows {options.rows} --features {options.features} "
        f"--classes {options.classes} --strengths {options.strengths} --repeats {options.repeats}`:",
        f"{size}, random numbers; strengths {options.strengths} on each of {FOLDS} folds, then on all rows. "
        f"{processor()}, {thread_budget()} threads.",
        "",
        "| | seconds (median) | each run | C chosen | objective there | headstart is faster, times |",
        "|---|---|---|---|---|---|",
    ]
    for side, runs in found.items():
        seconds = median(run[0] for run in runs)
        name = "headstart" if side == "headstart" else f"scikit-learn's LogisticRegressionCV, tolerance {side}"
        each = ", ".join(f"{run[0]:.1f}" for run in runs)
        times = "" if side == "headstart" else f"{seconds / ours:.1f}"
        lines.append(f"| {name} | {seconds:.1f} | {each} | {runs[0][1]:.3g} | {runs[0][2]:.8f} | {times} |")
    return "\n".join([*lines, "", "1e-4 is scikit-learn's default."])


if __name__ == "__main__":
    main()
