"""Compare heads with and without a lower limit of their scales, and with scikit-learn's logistic regression.

::

    python benchmarks/scales.py measure SHARED --out WORK    # some hours of one core; continues where it stopped
    python benchmarks/scales.py rules SHARED --out WORK      # other limits, inside the training split: five minutes
    python benchmarks/scales.py page --out WORK              # the tables of docs/results.md

Each head learns from n pictures of the training split, drawn by class, ten times, and classifies the split that
measures (`val` of ants and bees), which had no part in choosing the rule. Before: each feature was divided by its own
deviation, and settings were chosen by losses without a bound. Scikit-learn: StandardScaler and LogisticRegressionCV
(its ten strengths, five folds, by log loss) on the same features of the same pictures. `rules` shows how the rule was
chosen: each head learned from n pictures of the training split and classified up to 500 others of it.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from heads import Said, features_of
from measuring import write_section
from scipy.stats import trim_mean

import headstart as hs
from headstart.evidence.metrics import accuracy, log_loss, log_losses
from headstart.heads import HEADS
from headstart.table import folds, read_table, solar_cells, with_splits

PAGE = Path(__file__).resolve().parents[1] / "docs" / "results.md"
SETS = ("hymenoptera", "flowers5", "blood_cells", "plantvillage_apple", "brain_mri", "solar", "stanford_cars")
SIZES = (20, 40, 80, 160, 0)  # 0: nine tenths of the training split
DRAWS = 10
# Where one answer takes a minute or more, and where 196 classes leave no smaller size.
FEW_DRAWS = {("solar", 0): 3, ("stanford_cars", 0): 1}
REFERENCE = "scikit-learn"
READOUTS = ("pool", "stages")
Key = tuple[str, int, str, str, str]  # set, n, readout, head, rule
Answers = Mapping[Key, Mapping[int, tuple[float, float]]]  # by draw: accuracy, log loss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=("measure", "rules", "page"))
    parser.add_argument("shared", type=Path, nargs="?")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sets", default=",".join(SETS), help="separated by commas")
    options = parser.parse_args()
    hs.tune_process()
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / "scales.jsonl"
    if options.part == "measure":
        for name in options.sets.split(","):
            measure(options.shared, name, file)
        return
    if options.part == "rules":
        write_section("floors", rules_section(options.shared), page=PAGE)
        return
    write_section("scales", section(read(file)), page=PAGE)


# ------------------------------------------------------------------------------------------- measuring


def measure(shared: Path, name: str, file: Path) -> None:
    """Add to the file what it does not hold yet of one set."""
    table = solar_cells(pictures=None) if name == "solar" else with_splits(read_table(shared / "data" / name), seed=0)
    said = features_of(table, np.concatenate([table.rows("train"), table.rows(table.measured)]))
    splits, known = table.splits[said.rows], read(file)
    for n, draw, learned in draws(name, said, np.flatnonzero(splits == "train")):
        asked = np.flatnonzero((splits == table.measured) & ~np.isin(said.groups, said.groups[learned]))
        for readout in READOUTS:
            for head in (*HEADS, REFERENCE):
                for rule in ("before", "after") if head in HEADS else ("",):
                    if draw in known.get((name, n, readout, head, rule), {}) or (name, head) == (SETS[-1], REFERENCE):
                        continue
                    answers = answer(said, readout, head, rule, learned, asked, seed=draw)
                    line = {"set": name, "n": n, "draw": draw, "readout": readout, "head": head, "rule": rule}
                    line["accuracy"] = accuracy(said.labels[asked], answers.argmax(axis=1))
                    line["loss"] = log_loss(said.labels[asked], answers)
                    with file.open("a", encoding="utf-8") as lines:
                        lines.write(json.dumps(line | {"learned": len(learned), "asked": len(asked)}) + "\n")
        print(name, n or "all", draw, flush=True)


def draws(name: str, said: Said, train: np.ndarray) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yield (size, number, rows to learn from); each class has its share, and two pictures at least."""
    labels = said.labels[train]
    shares = np.bincount(labels) / len(labels)
    for n in SIZES:
        size = n or 0.9 * len(train)
        if 2 * len(shares) > size:
            continue
        for draw in range(FEW_DRAWS.get((name, n), DRAWS)):
            order = np.random.default_rng([draw, n]).permutation(train)
            of_class = [order[said.labels[order] == label] for label in range(len(shares))]
            few = [rows[: max(2, round(size * share))] for rows, share in zip(of_class, shares, strict=True)]
            yield n, draw, np.concatenate(few)


def answer(
    said: Said, readout: str, head: str, rule: str, learned: np.ndarray, asked: np.ndarray, *, seed: int
) -> np.ndarray:
    """Return the probabilities of the asked rows, (asked, classes)."""
    X, y = said.features[readout], said.labels
    if head == REFERENCE:
        return reference(X[learned], y[learned], X[asked])
    own = folds(y[learned], said.groups[learned], seed=seed)
    with before() if rule == "before" else ExitStack():
        fitted = HEADS[head].fit(
            X[learned], y[learned], int(y.max()) + 1, folds=own, seed=seed, blocks=said.blocks[readout]
        )
    return fitted.head.probabilities(X[asked])


@contextmanager
def before() -> Iterator[None]:
    """Solve heads as they were before: scales without a lower limit, and choices by losses without a bound."""

    def plain(labels: np.ndarray, shares: np.ndarray, **_: Any) -> np.ndarray:
        return log_losses(labels, shares)

    with ExitStack() as stack:
        own = patch("headstart.heads.training._scales", lambda deviation: np.where(deviation > 0, deviation, 1.0))
        stack.enter_context(own)
        for place in ("heads.logistic", "heads.abreast", "heads.knn", "heads.svm", "evidence.calibration"):
            stack.enter_context(patch(f"headstart.{place}.bounded_log_losses", plain))
        yield


def reference(X: np.ndarray, y: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Return what scikit-learn answers, its strength chosen by log loss on five folds, or as many as there can be."""
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    parts = int(min(5, np.bincount(y).min()))
    model = make_pipeline(StandardScaler(), LogisticRegressionCV(cv=parts, scoring="neg_log_loss", max_iter=1000))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what its next version will change, and strengths not solved to the end
        return np.asarray(model.fit(X.astype(np.float64), y).predict_proba(asked.astype(np.float64)))


# ----------------------------------------------------------------------------------------------- rules


def middle_half(deviation: np.ndarray) -> float:
    """Return what is usual, as the product has it."""
    return float(trim_mean(deviation, 0.25))


Floor = Callable[[np.ndarray], float]
# Of the deviations that are not 0; of each block by itself, or of all at once.
RULES: Mapping[str, tuple[Floor, bool]] = {
    "none": (lambda deviation: 0.0, False),  # noqa: ARG005
    "0.3 x the median of all": (lambda deviation: 0.3 * float(np.median(deviation)), False),
    "the median of all": (lambda deviation: float(np.median(deviation)), False),
    "0.3 x the median of the block": (lambda deviation: 0.3 * float(np.median(deviation)), True),
    "the median of the block": (lambda deviation: float(np.median(deviation)), True),
    "the mean of the block": (lambda deviation: float(deviation.mean()), True),
    "half the root mean square of the block": (lambda deviation: 0.5 * float(np.sqrt(np.mean(deviation**2))), True),
    "**the middle half of the block**": (middle_half, True),
    "twice the middle half of the block": (lambda deviation: 2 * middle_half(deviation), True),
    "the largest of the block: one scale for all": (lambda deviation: float(deviation.max()), True),
}


def rules_section(shared: Path) -> str:
    """Return a table: the mean over sets and draws of each rule, inside the training splits."""
    found: dict[tuple[str, str, int], list[tuple[float, float]]] = defaultdict(list)
    for name in SETS[:-1]:
        table = solar_cells(pictures=None) if name == "solar" else read_table(shared / "data" / name)
        said = features_of(with_splits(table, seed=0))
        for n in SIZES[:3]:
            for draw in range(DRAWS):
                learned, asked = inside(said, n, draw)
                for rule, (floor, by_block) in RULES.items():
                    for readout in READOUTS:
                        answers = under(said, readout, learned, asked, floor, by_block=by_block, seed=draw)
                        truth = said.labels[asked]
                        told = accuracy(truth, answers.argmax(axis=1)), log_loss(truth, answers)
                        found[rule, readout, n].append(told)
        print(name, flush=True)
    columns = [(readout, n) for readout in READOUTS for n in SIZES[:3]]
    heads = [f"`{readout}`, {n}" for readout, n in columns]
    lines = [
        "`python benchmarks/scales.py rules SHARED --out WORK`: the logistic head learns from n training pictures and "
        "classifies up to 500 other training pictures; mean accuracy (log loss) of six sets, ten draws each. The lower "
        "limit of what a feature is divided by is",
        "",
        f"| lower limit | {' | '.join(heads)} |",
        "|---" * (1 + len(heads)) + "|",
    ]
    for rule in RULES:
        means = [np.mean(found[rule, readout, n], axis=0) for readout, n in columns]
        lines.append(f"| {rule} | {' | '.join(f'{right:.3f} ({loss:.2f})' for right, loss in means)} |")
    return "\n".join(lines)


def inside(said: Said, n: int, draw: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows to learn from and others to ask about, of the training split alone."""
    every = np.arange(len(said.labels))
    (learned,) = (rows for size, number, rows in draws("", said, every) if (size, number) == (n, draw))
    rest = every[~np.isin(said.groups, said.groups[learned])]
    return learned, np.random.default_rng([draw, n, 1]).permutation(rest)[:500]


def under(
    said: Said, readout: str, learned: np.ndarray, asked: np.ndarray, floor: Floor, *, by_block: bool, seed: int
) -> np.ndarray:
    """Return the probabilities of the asked rows by a logistic head whose scales have this floor."""

    def scales(deviation: np.ndarray) -> np.ndarray:
        differs = deviation[deviation > 0]
        least = floor(differs) if len(differs) else 1.0
        return np.maximum(deviation, least) if least else np.where(deviation > 0, deviation, 1.0)

    X, y = said.features[readout], said.labels
    own = folds(y[learned], said.groups[learned], seed=seed)
    with patch("headstart.heads.training._scales", scales):
        blocks = said.blocks[readout] if by_block else ()
        fitted = HEADS["logistic"].fit(X[learned], y[learned], int(y.max()) + 1, folds=own, blocks=blocks)
    return fitted.head.probabilities(X[asked])


# ---------------------------------------------------------------------------------------------- tables


def read(file: Path) -> Answers:
    """Return what was measured, by what and by draw."""
    found: dict[Key, dict[int, tuple[float, float]]] = defaultdict(dict)
    for text in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
        one: dict[str, Any] = json.loads(text)
        key = (one["set"], one["n"], one["readout"], one["head"], one["rule"])
        found[key][one["draw"]] = one["accuracy"], one["loss"]
    return found


def section(found: Answers) -> str:
    """Return the part of docs/results.md: means over sets, what got worse, and every cell."""
    sets = [name for name in SETS if any(key[0] == name for key in found)]
    return "\n".join(
        [
            "`python benchmarks/scales.py measure SHARED --out WORK`, then `page`: heads learn from n pictures of the "
            "training split (all: nine tenths of it), ten draws (all solar cells: three; all cars: one), and classify "
            "the split that measures; EfficientNet-Lite0, the whole picture squashed. "
            "Accuracy before → after, in brackets the log loss. "
            "Scikit-learn: StandardScaler and LogisticRegressionCV on the same features.",
            "",
            "Means over the sets that have each size:",
            "",
            *means(found, sets),
            "",
            *worse(found),
            "",
            "Every set:",
            "",
            *cells(found, sets),
        ]
    )


def means(found: Answers, sets: Sequence[str]) -> list[str]:
    """Return a table of the means over sets."""
    lines = [f"| pictures | read | {' | '.join([REFERENCE, *HEADS])} |", "|---" * (3 + len(HEADS)) + "|"]
    for n in SIZES:
        for readout in READOUTS:
            own = [name for name in sets if (name, n, readout, REFERENCE, "") in found]
            told = [_told([found[name, n, readout, REFERENCE, ""] for name in own])]
            for head in HEADS:
                pair = [[found[name, n, readout, head, rule] for name in own] for rule in ("before", "after")]
                told.append(f"{_told(pair[0])} → {_told(pair[1])}")
            lines.append(f"| {n or 'all'} ({len(own)} sets) | `{readout}` | {' | '.join(told)} |")
    return lines


def worse(found: Answers) -> list[str]:
    """Return how many cells got better or worse by more than two standard errors of the paired difference."""
    lines, counts = list[str](), defaultdict[tuple[str, str], int](int)
    for (name, n, readout, head, rule), after in found.items():
        old = found.get((name, n, readout, head, "before"), {})
        both = sorted(set(after) & set(old))
        if rule != "after" or len(both) < 3:
            continue
        for place, measure, sign in ((0, "accuracy", 1), (1, "log loss", -1)):
            gains = sign * np.array([after[draw][place] - old[draw][place] for draw in both])
            error = gains.std(ddof=1) / np.sqrt(len(gains))
            verdict = "better" if gains.mean() > 2 * error else "worse" if gains.mean() < -2 * error else "same"
            counts[measure, verdict] += 1
            if verdict == "worse":
                change = f"{sign * gains.mean():+.3f} ± {error:.3f}"
                lines.append(f"- Worse: {name}, {n or 'all'}, `{readout}`, {head}: {measure} {change}.")
    told = []
    for measure in ("accuracy", "log loss"):
        better, same, behind = (counts[measure, verdict] for verdict in ("better", "same", "worse"))
        told.append(f"{measure} is better in {better} of {better + same + behind} cells and worse in {behind}")
    by_luck = "If nothing had changed, luck alone would call about one cell in 25 worse, and one better."
    return [f"By more than two standard errors of the paired difference, {'; '.join(told)}. {by_luck}", *lines]


def cells(found: Answers, sets: Sequence[str]) -> list[str]:
    """Return the table of every set, size and readout."""
    heads = ["set", "pictures", "read", REFERENCE, *HEADS]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for name in sets:
        for n in SIZES:
            for readout in READOUTS:
                if (name, n, readout, "logistic", "after") not in found:
                    continue
                own = found.get((name, n, readout, REFERENCE, ""))
                told = [_told([own]) if own else "not run"]
                for head in HEADS:
                    pair = [[found[name, n, readout, head, rule]] for rule in ("before", "after")]
                    told.append(f"{_told(pair[0])} → {_told(pair[1])}")
                lines.append(f"| {name} | {n or 'all'} | `{readout}` | {' | '.join(told)} |")
    return lines


def _told(of_sets: Sequence[Mapping[int, tuple[float, float]]]) -> str:
    """Return mean accuracy and log loss over draws, then sets."""
    if not of_sets:
        return ""
    right, loss = np.mean([np.mean(list(one.values()), axis=0) for one in of_sets], axis=0)
    return f"{right:.3f} ({loss:.2f})"


if __name__ == "__main__":
    main()
