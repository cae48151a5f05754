"""Check how often the 95 % intervals hold the truth, and how often a tie is called a difference.

::

    python benchmarks/coverage.py                        # writes its table into docs/evidence.md; about three minutes
    python benchmarks/coverage.py --simulations 10000

Shares are enumerated; everything else is simulated with fixed seeds (`simulating.py`). Slow tests run the same.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from measuring import write_section
from simulating import (
    ACCURACIES,
    enumerated_coverage,
    false_claims,
    false_resampled,
    mean_coverage,
    share_coverage,
)

from headstart.evidence.intervals import clopper_pearson, wilson

PAGE = Path(__file__).resolve().parents[1] / "docs" / "evidence.md"
Rows = list[list[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=4000)
    options = parser.parse_args()
    count = options.simulations
    lines = [
        f"`python benchmarks/coverage.py --simulations {count}`; a simulated share is known to within about "
        f"{196 * (0.95 * 0.05 / count) ** 0.5:.1f} points (ties and splits take half as many simulations,",
        f"the row without groups a quarter: {196 * (0.95 * 0.05 / count * 2) ** 0.5:.1f} and "
        f"{196 * (0.95 * 0.05 / count * 4) ** 0.5:.1f} points).",
        "",
        *table("pictures | Wilson, mean | lowest | at accuracy | Clopper-Pearson, mean | lowest", shares()),
        "",
        *table("groups | pictures in a group | accuracy | alike | groups as units | pictures as units", grouped(count)),
        "",
        *table("held out | classes | accuracy | macro F1 | balanced accuracy", means(count)),
        "",
        *table(
            "pictures | in groups of | any claim | without the groups | difference's interval misses 0", ties(count)
        ),
        "",
        *table("folds | seeds | corrected t | plain t", learners(count)),
    ]
    write_section("coverage", "\n".join(lines), page=PAGE)


def shares() -> Rows:
    """Return coverage by enumeration over accuracies from 0.50 to 0.99."""
    rows = []
    for n in (20, 50, 153, 656, 2000):
        usual, exact = (enumerated_coverage(interval, n) for interval in (wilson, clopper_pearson))
        at = f"{ACCURACIES[usual.argmin()]:.2f}"
        rows.append([f"{n:,}", said(usual.mean()), said(usual.min()), at, said(exact.mean()), said(exact.min())])
    return rows


def grouped(count: int) -> Rows:
    """Return coverage of the accuracy's interval where pictures of a group are alike."""
    rows = []
    for case in ((10, 6, 0.9, 0.3), (20, 6, 0.9, 0.3), (20, 6, 0.9, 0.01), (50, 6, 0.97, 0.3), (100, 4, 0.9, 0.6)):
        groups, size, accuracy, alike = case
        pair = [share_coverage(*case, simulations=count, plain=plain) for plain in (False, True)]
        rows.append([str(groups), str(size), str(accuracy), str(alike), *map(said, pair)])
    return rows


def means(count: int) -> Rows:
    """Return coverage of the bootstrap intervals."""
    rows = []
    for n in (20, 150, 2000):
        for classes, accuracy in ((2, 0.7), (4, 0.9), (4, 0.97)):
            held = mean_coverage(n, classes, accuracy, simulations=count)
            rows.append([f"{n:,} pictures", str(classes), str(accuracy), *map(said, held.values())])
    for n, classes in ((12, 2), (40, 4), (150, 4)):
        held = mean_coverage(n, classes, 0.9, simulations=count, groups=True)
        rows.append([f"{n} groups of about 4", str(classes), "0.9", *map(said, held.values())])
    return rows


def ties(count: int) -> Rows:
    """Return how often a difference is claimed among six candidates that are equally good."""
    rows = []
    for size in (1, 4):
        for n in (96, 153, 656):
            claimed, missed = false_claims(n, 0.93, simulations=count // 2, size=size)
            plain = "" if size == 1 else said(false_claims(n, 0.93, simulations=count // 4, size=size, plain=True)[0])
            rows.append([str(n), "" if size == 1 else f"about {size}", said(claimed), plain, said(missed)])
    return rows


def learners(count: int) -> Rows:
    """Return how often two equally good learners are told apart by cross-validation of 100 pictures."""
    rows = []
    for folds, seeds in ((5, 1), (5, 5), (10, 1)):
        pair = [false_resampled(100, folds, seeds, simulations=count // 2, corrected=kind) for kind in (True, False)]
        rows.append([str(folds), str(seeds), *map(said, pair)])
    return rows


def said(share: float) -> str:
    return f"{share:.3f}"


def table(heads: str, rows: Rows) -> list[str]:
    print(heads, *rows, sep="\n", flush=True)
    return [f"| {heads} |", "|---" * (heads.count("|") + 1) + "|", *("| " + " | ".join(row) + " |" for row in rows)]


if __name__ == "__main__":
    main()
