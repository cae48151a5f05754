"""Intervals for means over classes, by drawing the held-out pictures again: macro F1 and balanced accuracy.

Within each true class as many pictures are drawn as it has. Which pictures they are does not matter, only how
often each answer is given: a draw is a multinomial row of the confusion matrix. Where pictures belong together,
whole groups are drawn instead, among those with the same most common class.

A class whose pictures are all answered right would come out all right in every draw, as if that were certain. So
two pictures (or groups) are thought to be added, one right and one wrong, shared out evenly over the classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.base.params import bad_parameter, check_integer
from headstart.base.streams import stream
from headstart.base.types import Floats
from headstart.evidence.intervals import two_sided_z
from headstart.evidence.units import Numbers, numbered

Labels = NDArray[np.integer[Any]]

RESAMPLES = 2000
_MOST_DRAWN = 2**21  # numbers that are drawn at a time


@dataclass(eq=False)
class _Counts:
    """What the measures need of each draw, each (draws, classes)."""

    pictures: Floats
    hits: Floats
    answers: Floats

    def macro_f1(self) -> Floats:
        """Return the mean F1 of the classes that have pictures, (draws,)."""
        return self._mean(2 * self.hits, self.pictures + self.answers)

    def balanced_accuracy(self) -> Floats:
        """Return the mean recall of the classes that have pictures, (draws,)."""
        return self._mean(self.hits, self.pictures)

    def _mean(self, part: Floats, whole: Floats) -> Floats:
        present = self.pictures > 0
        shares = np.divide(part, whole, out=np.zeros_like(part), where=present)
        return np.asarray(shares.sum(axis=1) / np.maximum(present.sum(axis=1), 1))


def mean_intervals(
    labels: Labels,
    predicted: Labels,
    classes: int,
    *,
    groups: NDArray[np.generic] | None = None,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Return the bootstrap intervals of ``macro_f1`` and ``balanced_accuracy``.

    Parameters
    ----------
    labels, predicted : array of int, (n,)
        From 0 to ``classes - 1``; a class without pictures is left out of the means.
    classes : int
    groups : array, (n,), optional
        What each picture belongs to; None, or every group a single picture: each stands for itself.
    confidence : float
        Between 0 and 1.
    resamples : int
        How often is drawn.
    seed : int
        The same answers and seed give the same intervals.

    Raises
    ------
    ConfigError
        If there is no picture, or lengths, confidence or number of draws cannot be right.

    Notes
    -----
    Percentiles: Efron, Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13. The added pictures follow
    Price, Bonett 2004, "An improved confidence interval for a linear function of binomial proportions",
    Computational Statistics & Data Analysis 45, who add four; two cover better here (docs/evidence.md).
    """
    two_sided_z(confidence, owner="mean_intervals")
    resamples = check_integer("resamples", "mean_intervals", resamples, least=1)
    lengths = (len(labels), len(predicted), len(labels) if groups is None else len(groups))
    if lengths[0] == 0 or len(set(lengths)) > 1:
        raise bad_parameter("labels", "mean_intervals", "as many as answers and groups, and at least one", lengths)
    truth, said = np.asarray(labels, np.int64), np.asarray(predicted, np.int64)
    units = None if groups is None else numbered(groups)
    generator = stream(seed, "bootstrap")
    if units is None:
        drawn = _draw_pictures(truth, said, classes, resamples, generator)
    else:
        drawn = _draw_groups(truth, said, classes, units, majority(truth, units), resamples, generator)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    answered = _observed(truth, said, classes)
    found = {}
    for name in ("macro_f1", "balanced_accuracy"):
        low, high = np.quantile(getattr(drawn, name)(), tails)
        value = getattr(answered, name)()[0]
        found[name] = (float(min(low, value)), float(max(high, value)))
    return found


def majority(labels: Labels, units: Numbers) -> Numbers:
    """Return the most common class of each group, the first where several are, (groups,)."""
    pairs, counts = np.unique(np.column_stack([units, labels]), axis=0, return_counts=True)
    order = np.lexsort((pairs[:, 1], -counts, pairs[:, 0]))
    first = np.unique(pairs[order, 0], return_index=True)[1]
    return np.asarray(pairs[order][first, 1])


def _observed(labels: Labels, predicted: Labels, classes: int) -> _Counts:
    said = [labels, labels[labels == predicted], predicted]
    return _Counts(*(np.bincount(kind, minlength=classes)[None].astype(np.float64) for kind in said))


def _draw_pictures(
    labels: Labels, predicted: Labels, classes: int, resamples: int, generator: np.random.Generator
) -> _Counts:
    """Draw within each true class: only cells that occur, and one for the added picture that is wrong."""
    pictures = np.bincount(labels, minlength=classes)
    present = np.flatnonzero(pictures)
    hits, answers = np.zeros((resamples, classes)), np.zeros((resamples, classes))
    astray = np.zeros((resamples, classes))
    for label in present:
        row = np.bincount(predicted[labels == label], minlength=classes).astype(np.float64)
        row[label] += 1 / len(present)
        named = np.flatnonzero(row)
        weights = np.append(row[named], 1 / len(present))
        drawn = generator.multinomial(pictures[label], weights / weights.sum(), size=resamples)
        answers[:, named] += drawn[:, :-1]
        hits[:, label] = drawn[:, :-1][:, named == label][:, 0]
        astray[:, label] = drawn[:, -1]
    answers += _spread(astray)
    return _Counts(np.broadcast_to(pictures.astype(np.float64), hits.shape), hits, answers)


def _draw_groups(
    labels: Labels,
    predicted: Labels,
    classes: int,
    units: Numbers,
    strata: Numbers,
    resamples: int,
    generator: np.random.Generator,
) -> _Counts:
    """Draw whole groups within each stratum, with the two added groups of the stratum's mean size."""
    total, astray = np.zeros((resamples, 3 * classes)), np.zeros((resamples, classes))
    kinds, sizes = np.unique(strata), np.bincount(units)
    place = np.zeros(len(strata), np.int64)
    for label in kinds.tolist():
        here = strata == label
        count, size = int(here.sum()), float(sizes[here].mean())
        place[here] = np.arange(count)
        own = here[units]
        table = _per_group(labels[own], predicted[own], place[units[own]], count, classes)
        table = np.vstack([table, _added(label, classes) * size])
        columns = np.flatnonzero(table.any(axis=0))
        weights = np.append(np.ones(count), [1 / len(kinds)] * 2)
        for block in _blocks(resamples, len(weights)):
            chosen = generator.multinomial(count, weights / weights.sum(), size=block.stop - block.start)
            total[block, columns] += chosen.astype(np.float64) @ table[:, columns]
            astray[block, label] = chosen[:, -1] * size
    pictures, hits, answers = np.split(total, 3, axis=1)
    return _Counts(pictures, hits, answers + _spread(astray))


def _per_group(labels: Labels, predicted: Labels, units: Numbers, count: int, classes: int) -> Floats:
    """Return pictures, hits and answers of each class side by side, (groups, 3 classes)."""
    right = labels == predicted
    cells = [(units, labels), (units[right], classes + labels[right]), (units, 2 * classes + predicted)]
    flat = np.concatenate([unit * 3 * classes + column for unit, column in cells])
    return np.bincount(flat, minlength=count * 3 * classes).reshape(count, 3 * classes).astype(np.float64)


def _added(label: int, classes: int) -> Floats:
    """Return the two added groups, as if of one picture: a right one, and a wrong one whose answer `_spread` gives."""
    added = np.zeros((2, 3 * classes))
    added[:, label] = 1
    added[0, [classes + label, 2 * classes + label]] = 1
    return added


def _spread(astray: Floats) -> Floats:
    """Return the answers of added pictures that are wrong, (draws, classes): they name every other class alike."""
    others = max(1, astray.shape[1] - 1)
    return np.asarray((astray.sum(axis=1, keepdims=True) - astray) / others)


def _blocks(resamples: int, width: int) -> Iterator[slice]:
    step = max(1, _MOST_DRAWN // width)
    for begin in range(0, resamples, step):
        yield slice(begin, min(begin + step, resamples))
