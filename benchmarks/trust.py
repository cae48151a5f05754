"""Check on many splits of real pictures whether probabilities, prediction sets and "none of these" are true.

    python benchmarks/trust.py SHARED --part sets      # coverage and size of prediction sets
    python benchmarks/trust.py SHARED --part shares    # log loss and calibration error before and after the temperature
    python benchmarks/trust.py SHARED --part none      # pictures of another set, and of a class that was left out

Each part writes its table into docs/evidence.md and takes at most two minutes on two cores once the features are in
headstart's cache. Heads read EfficientNet-Lite0's last features, the whole picture squashed; each set gives at most 300
training and 300 other pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import rivals
from heads import unseen_scores
from measuring import write_section

import headstart as hs
from headstart import backbones
from headstart.base.types import Head, softmax
from headstart.evidence.calibration import cautious_temperature
from headstart.evidence.conformal import LEVELS, fit_sets, limit_of
from headstart.evidence.metrics import log_loss
from headstart.evidence.novelty import FALSE_REJECTIONS, fit_familiar
from headstart.evidence.reliability import at_temperature_one, calibration_error, error_if_true
from headstart.features import extract
from headstart.heads import HEADS, Fitted
from headstart.pixels import PixelStore
from headstart.records.progress import Silent
from headstart.records.record import changed
from headstart.table import folds, group_ids, read_table, solar_cells, some_of, with_splits

PAGE = Path(__file__).resolve().parents[1] / "docs" / "evidence.md"
SETS = ("hymenoptera", "flowers5", "plantvillage_apple", "blood_cells", "brain_mri", "stanford_cars", "solar")
MEASURED = ("hymenoptera", "flowers5", "plantvillage_apple", "solar")  # for shares and sets
MOST, CARS = 300, 24
HALVES, SPLITS = 1000, 12
TEMPERED = "logistic, with a temperature"


@dataclass(frozen=True)
class Pictures:
    """What the network says of a set's pictures, their labels and groups, and which of them are to learn from."""

    name: str
    features: np.ndarray
    labels: np.ndarray
    groups: np.ndarray
    train: np.ndarray


def pictures_of(shared: Path, name: str) -> Pictures:
    """Return the features of one set, out of headstart's cache from the second time on."""
    backbone = backbones.read_out(backbones.load(), "stages")
    preprocessing = changed(backbone.preprocessing, framing="squash")
    table = solar_cells(pictures=600) if name == "solar" else read_table(shared / "data" / name)
    table = with_splits(table, seed=0)
    known = table.labels < CARS if name == "stanford_cars" else np.ones(len(table), bool)
    train, others = (
        some_of(np.flatnonzero(known & (kind == (table.splits == "train"))), table.labels, MOST, seed=0)
        for kind in (True, False)
    )
    rows = np.concatenate([train, others])
    files, digests = [table.file(int(row)) for row in rows], [table.digests[row] for row in rows]
    store = PixelStore.build(files, digests, short_side=preprocessing.decode_side, threads=2, progress=Silent())
    kept = np.array([place for place in range(len(rows)) if place not in store.faulty])
    said = np.asarray(extract(backbone, store, kept, digests, preprocessing=preprocessing)["pooled"])[:, -1280:]
    rows = rows[kept]
    return Pictures(name, said, table.labels[rows], group_ids(table, rows), np.isin(rows, train))


def sets_part(shared: Path) -> str:
    """Return coverage and size of the sets: of a fixed classifier on random halves, and as headstart makes them."""
    lines = [
        f"`python benchmarks/trust.py SHARED --part sets`. A logistic head learns from the training pictures. The "
        f"others are halved {HALVES:,} times: one half sets the threshold, the other is classified. Threshold: how "
        "often the true class reaches it. Set: how often the true class is in the set, which is the answer alone where "
        "no class reaches the threshold; in brackets the mean number of classes in a set.",
        "",
        "| pictures of | stated | threshold | set | APS | RAPS |",
        "|---|---|---|---|---|---|",
    ]
    for pictures in (pictures_of(shared, name) for name in MEASURED):
        lines += fixed_rows(pictures)
    lines += [
        "",
        f"As headstart does it: thresholds come from out-of-fold answers, then the head is solved on all of train; "
        f"{SPLITS} splits of all pictures, three quarters to learn from.",
        "",
        "| pictures of | stated | threshold | set | classes in a set |",
        "|---|---|---|---|---|",
    ]
    for pictures in (pictures_of(shared, name) for name in MEASURED):
        lines += out_of_fold_rows(pictures)
    return "\n".join(lines)


def fixed_rows(pictures: Pictures) -> Iterator[str]:
    """Yield a row for each level: random halves of the pictures that a head has not learned from."""
    train, y = pictures.train, pictures.labels
    head = fitted("logistic", pictures, train).head
    probabilities, labels = head.probabilities(pictures.features[~train]), y[~train]
    _, units = np.unique(pictures.groups[~train], return_inverse=True)
    generator = np.random.default_rng(0)
    halves = [generator.permutation(units.max() + 1)[units] % 2 == 0 for _ in range(HALVES)]
    for level in LEVELS:
        found = np.array([fixed(probabilities, labels, half, level) for half in halves])
        if np.isnan(found[:, 0]).all():
            continue
        means = np.nanmean(found, axis=0)
        cells = [f"{means[at]:.3f} ({means[at + 1]:.2f})" for at in (1, 3, 5)]
        row = [f"{pictures.name} ({int((~train).sum())})", f"{level}", f"{means[0]:.3f}", *cells]
        print(*row, sep=" | ", flush=True)
        yield "| " + " | ".join(row) + " |"


def fixed(probabilities: np.ndarray, labels: np.ndarray, half: np.ndarray, level: float) -> list[float]:
    """Return coverage of the threshold; coverage and size of the sets; the same of APS and RAPS."""
    sets = fit_sets(probabilities[half], labels[half])
    asked, truth = probabilities[~half], labels[~half]
    inside, rows = sets.members(asked, level), np.arange(len(truth))
    if inside is None:
        return [float("nan")] * 7
    row = [(asked[rows, truth] >= sets.thresholds[level]).mean(), inside[rows, truth].mean(), inside.sum(axis=1).mean()]
    for penalty in (0.0, 0.05):
        scores, new = (rivals.adaptive(each, penalty) for each in (probabilities[half], asked))
        within = new <= limit_of(scores[np.arange(len(scores)), labels[half]], level)
        within[rows, asked.argmax(axis=1)] = True
        row += [within[rows, truth].mean(), within.sum(axis=1).mean()]
    return row


def out_of_fold_rows(pictures: Pictures) -> Iterator[str]:
    """Yield a row for each level: thresholds as headstart makes them."""
    found: dict[float, list[list[float]]] = {level: [] for level in LEVELS}
    for known, asked in splits(pictures):
        solved = fitted("logistic", pictures, known)
        held = softmax(unseen_scores(solved) / solved.head.temperature)
        sets = fit_sets(held, pictures.labels[known], groups=pictures.groups[known])
        said, truth = solved.head.probabilities(pictures.features[asked]), pictures.labels[asked]
        rows = np.arange(len(truth))
        for level, threshold in sets.thresholds.items():
            if threshold is not None:
                inside = sets.members(said, level)
                assert inside is not None  # there is a threshold
                reached = (said[rows, truth] >= threshold).mean()
                found[level].append([reached, inside[rows, truth].mean(), inside.sum(axis=1).mean()])
    for level, measured in found.items():
        if not measured:  # too few pictures for this level
            continue
        cells = [f"{mean:.3f}" for mean in np.mean(measured, axis=0)]
        print(pictures.name, level, *cells, flush=True)
        yield f"| {pictures.name} | {level} | {' | '.join(cells)} |"


def shares_part(shared: Path) -> str:
    """Return log loss and calibration error on held-out pictures, before and after the temperature."""
    lines = [
        f"`python benchmarks/trust.py SHARED --part shares`: means over {SPLITS} splits, three quarters to learn from. "
        "By luck: the error that true probabilities would have with so few pictures.",
        "",
        "| pictures of | head | temperature | log loss before | after | calibration error before | after | by luck |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for pictures in (pictures_of(shared, name) for name in MEASURED[:3]):
        for head in (*HEADS, TEMPERED):
            rows = []
            for known, asked in splits(pictures):
                solved = tempered(pictures, known) if head == TEMPERED else fitted(head, pictures, known).head
                after, truth = solved.probabilities(pictures.features[asked]), pictures.labels[asked]
                before = at_temperature_one(after, solved.temperature)
                losses = [log_loss(truth, each) for each in (before, after)]
                errors = [calibration_error(truth, each) for each in (before, after)]
                rows.append([solved.temperature, *losses, *errors, error_if_true(after)])
            cells = [f"{mean:.3f}" for mean in np.mean(rows, axis=0)]
            print(pictures.name, head, *cells, flush=True)
            lines.append(f"| {pictures.name} | {head} | {' | '.join(cells)} |")
    return "\n".join(lines)


def none_part(shared: Path) -> str:
    """Return how often pictures of other sets are found, and of a class that was left out."""
    sets = [pictures_of(shared, name) for name in SETS]
    lines = [
        f"`python benchmarks/trust.py SHARED --part none`: the limit is set for {FALSE_REJECTIONS:.0%} false alarms on "
        f"the training pictures (each without its group, or its fold). Found: the share of pictures of each of the "
        f"{len(SETS) - 1} other sets, and of one class that was left out of training, where a set has more than two "
        "(mean over up to six classes). False: the share of held-out pictures of the trained classes.",
        "",
        "| by | found, other sets | in the worst pair | found, a class left out | false |",
        "|---|---|---|---|---|",
    ]
    pairs: dict[str, list[float]] = {}
    for name, method in {"the nearest training picture": nearest, **rivals.METHODS}.items():
        found, left_out, wrong = [], [], []
        for known in sets:
            rejects = method(known.features[known.train], known.labels[known.train], known.groups[known.train])
            found.append([rejects(other.features).mean() if other is not known else np.nan for other in sets])
            wrong.append(rejects(known.features[~known.train]).mean())
            left_out += [without_class(known, label, method) for label in np.unique(known.labels)[:6] if more(known)]
        cells = [np.nanmean(found), np.nanmin(found), np.mean(left_out), np.mean(wrong)]
        print(name, *(f"{cell:.3f}" for cell in cells), flush=True)
        lines.append(f"| {name} | " + " | ".join(f"{cell:.3f}" for cell in cells) + " |")
        pairs = pairs or {
            known.name: [*row, wrong[at]] for at, (known, row) in enumerate(zip(sets, found, strict=True))
        }
    lines += ["", "By the nearest training picture: trained on the row's set, found of the column's:", ""]
    lines += [f"| | {' | '.join(SETS)} | false |", "|---" * (len(SETS) + 2) + "|"]
    for name, row in pairs.items():
        lines.append(f"| {name} | " + " | ".join("" if np.isnan(cell) else f"{cell:.2f}" for cell in row) + " |")
    return "\n".join(lines)


Rejects = Callable[[np.ndarray], np.ndarray]


def nearest(X: np.ndarray, y: np.ndarray, groups: np.ndarray) -> Rejects:  # noqa: ARG001 - classes play no part
    """Return headstart's own rule."""
    near = fit_familiar(X, groups=groups)
    assert near is not None  # the sets here are large enough
    return lambda asked: near.none_of_these(near.distances(asked))


def more(pictures: Pictures) -> bool:
    return len(np.unique(pictures.labels)) > 2


def without_class(pictures: Pictures, label: int, method: Callable[..., Rejects]) -> float:
    """Return how many pictures of a class are found by what was trained on the others."""
    known = pictures.train & (pictures.labels != label)
    rejects = method(pictures.features[known], pictures.labels[known], pictures.groups[known])
    return float(rejects(pictures.features[pictures.labels == label]).mean())


def splits(pictures: Pictures) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield which pictures to learn from, and which to classify."""
    for seed in range(SPLITS):
        asked = folds(pictures.labels, pictures.groups, seed=seed, n=4) == 0
        yield ~asked, asked


def fitted(head: str, pictures: Pictures, known: np.ndarray) -> Fitted:
    labels = pictures.labels[known]
    inner = folds(labels, pictures.groups[known], seed=1)
    return HEADS[head].fit(pictures.features[known], labels, int(pictures.labels.max()) + 1, folds=inner)


def tempered(pictures: Pictures, known: np.ndarray) -> Head:
    """Return a logistic head with a temperature; headstart gives it none, since its strength has the least loss."""
    solved = fitted("logistic", pictures, known)
    return replace(solved.head, temperature=cautious_temperature(unseen_scores(solved), pictures.labels[known]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shared", type=Path)
    parser.add_argument("--part", choices=("sets", "shares", "none"), required=True)
    arguments = parser.parse_args()
    hs.tune_process()
    parts = {"sets": sets_part, "shares": shares_part, "none": none_part}
    write_section(f"trust, {arguments.part}", parts[arguments.part](arguments.shared), page=PAGE)


if __name__ == "__main__":
    main()
