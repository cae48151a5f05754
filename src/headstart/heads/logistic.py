"""Multinomial logistic regression with an L2 penalty, its strength chosen by cross-validation.

The strength is the one with the least out-of-fold log loss, never the best accuracy: with some hundred
pictures many strengths have the same accuracy, and the loss also says which of them is least sure of what is
wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from headstart.base.params import bad_parameter, check_number
from headstart.base.types import Affine, Floats, softmax
from headstart.evidence.metrics import bounded_log_losses, loss_bound
from headstart.heads.abreast import Abreast
from headstart.heads.problem import MOST_STEPS, Library, Material, OwnMaterial, Problem, Solution
from headstart.heads.share_done import one_of, portion
from headstart.heads.training import (
    MOST_NUMBERS,
    Fitted,
    HeadData,
    Labels,
    RowNumbers,
    Size,
    check_training,
    in_floats,
    number_among,
)
from headstart.records.findings import Finding
from headstart.records.record import Scalar
from headstart.words.findings import choice_not_converged, not_converged

# Strengths C are powers of ten: whole exponents first, then half a step to either side of the best.
_EXPONENTS = range(-5, 3)
# From so many rows x features x classes on, two folds choose, in float32.
_LARGE = 5e7
# Bytes that copies of the rows for every fold may take; beyond it all share one matrix, in float32.
_MOST_COPIES = 2 * 10**9
# From such a gradient on, answers of a fold are wrong in the second figure, and so is what they choose.
_UNSOLVED = 1e-2
# Up to so many rows x axes, and rows x classes, the folds are solved together: beyond it a product takes longer than
# the way to the next one, and the fold that needs most products holds up the others.
_MOST_TOGETHER, _MOST_ANSWERS = 10**6, 10**4
# A penalty ten times weaker takes about 2.8 times as many products; most searches end at the fifth strength, and the
# last two are those between.
_GROWTH, _SEARCHED = 2.8, (0.0, 0.01, 0.03, 0.08, 0.2, 0.55, 0.75, 0.8, 0.85, 0.92, 1.0)
# What is done, about, once axes are found, a strength is chosen, every row answered, and the last solve well begun.
_PREPARED, _CHOSEN, _ANSWERED, _NEARLY = 0.05, 0.6, 0.85, 0.9


@dataclass(frozen=True)
class _Care:
    """How exactly to solve: lengths of the gradient where the curvature is about 1."""

    on_the_way: float
    choosing: float
    final: float
    dtype: DTypeLike


# For 196 classes and 1977 rows, 1e-3 while choosing finds the strength that 1e-4 finds, at half the cost; with 1e-2
# weak penalties are not solved far enough to overfit, and look better than they are. 1e-6 at the end is within 1e-6
# of the exact probabilities.
_EXACT, _QUICK = _Care(1e-6, 1e-6, 1e-8, np.float64), _Care(1e-2, 1e-3, 1e-6, np.float32)


def fit(
    X: Floats,
    y: Labels,
    classes: int,
    *,
    folds: NDArray[np.integer[Any]],
    seed: int = 0,  # noqa: ARG001 - nothing here is random; every head takes one
    blocks: Sequence[int] = (),
    strengths: Sequence[float] | None = None,
) -> Fitted:
    """Return multinomial logistic regression on standardised features.

    Parameters
    ----------
    X : array, (n, D)
        Features.
    y : array of int, (n,)
        Labels from 0 to ``classes - 1``, every class among them.
    classes : int
    folds : array of int, (n,)
        Fold of each row. Rows that belong together (views of one picture, groups) have the same number.
    seed : int
        Nothing here is random; every head takes one.
    blocks : sequence of int
        How many features each part of a readout has, in order; without them all are one part.
    strengths : sequence of float, optional
        Values of C, every one of which is tried on every fold. Without them powers of ten from 1e-5 to 100 are, as
        far as the loss falls, then half a step to either side of the best (on two folds, where there is much to do).

    Returns
    -------
    Fitted
        The head is an `Affine` with standardisation folded in and temperature 1. ``chosen["C"]`` is in
        scikit-learn's units: the least of ``C * sum of losses + |weights|^2 / 2`` is sought, where two
        classes share one column of weights.

    Raises
    ------
    ConfigError
        If shapes do not fit, a feature is not finite, a class has no row, all rows are in one fold, or a strength is
        not above 0.
    """
    tried = None if strengths is None else sorted(_exponent(strength) for strength in strengths)
    training = check_training("logistic", X, y, classes, folds, blocks=blocks, exact=False)
    large = float(training.features.size) * classes > _LARGE
    care = _QUICK if large else _EXACT
    with portion(0.0, _PREPARED):
        problem, folds_at = _problems(training, care, choosing=2 if large else len(training.folds), small=not large)
    least_rise = loss_bound(classes, len(training.labels)) / len(training.labels)
    with portion(_PREPARED, _CHOSEN):
        exponent = _choose(folds_at, least_rise) if tried is None else _best_of(folds_at, tried)
    with portion(_CHOSEN, _ANSWERED):
        out_of_fold = folds_at.scores(exponent)
    start: Solution | None = folds_at.start()
    if large:
        with portion(_ANSWERED, _NEARLY):
            start = problem.solve(exponent, start, 1e-4, np.float32)
    with portion(_NEARLY if large else _ANSWERED, 1.0):
        solution = problem.solve(exponent, start, care.final, np.float64)
    return Fitted(
        head=problem.affine(solution),
        chosen={"C": 10.0**exponent},
        out_of_fold=out_of_fold,
        converged=solution.gradient <= care.final and folds_at.gradient <= _UNSOLVED,
        warnings=_warnings(solution, care.final, folds_at.gradient),
    )


def solve(X: Floats, y: Labels, classes: int, chosen: Mapping[str, Scalar], *, blocks: Sequence[int] = ()) -> Affine:
    """Return the head for a strength that was chosen before, ``chosen["C"]``, solved so far that answers are settled.

    A class without a row is never named.

    Parameters
    ----------
    X : array, (n, D)
    y : array of int, (n,)
        From 0 to ``classes - 1``.
    classes : int
    chosen : mapping
        As in `Fitted`.
    blocks : sequence of int
        How many features each part of a readout has, in order; without them all are one part.
    """
    labels = np.asarray(y, np.int64)
    training = HeadData(in_floats(X), labels, classes, (np.arange(len(labels)),), tuple(blocks))
    with portion(0.0, _PREPARED):
        problem = Problem(_whole(training), classes)
    exponent, start = _exponent(number_among(chosen, "C")), None
    large = float(X.size) * classes > _LARGE
    dtype = np.float32 if large else np.float64
    way = [stronger for stronger in _EXPONENTS if stronger < exponent] if large else []
    with portion(_PREPARED, 1.0):
        for place, stronger in enumerate(way):
            with _growing(place, len(way) + 1):
                start = problem.solve(stronger, start, _QUICK.on_the_way, dtype)
        with _growing(len(way), len(way) + 1):
            head = problem.affine(problem.solve(exponent, start, _QUICK.choosing, dtype))
    named = np.isin(np.arange(classes), problem.present)
    return replace(head, bias=np.where(named, head.bias, -np.inf))


def memory(size: Size) -> int:
    """Return the bytes that `fit` and `solve` take at the most: see `headstart.heads.HeadMethod`."""
    axes, pieces = 5 * 8 * size.features * min(size.rows, size.features), 3 * 8 * MOST_NUMBERS
    if _beyond(size, size.folds if size.folds > 1 else 3):
        return size.matrix // 2 + min(pieces, 3 * size.matrix) + axes + 5 * size.answers
    large = float(size.rows) * size.features * size.classes > _LARGE
    # Those that choose are there together, and one is made beside them; at the end all rows are there three times.
    copies = max(3, 4 if large else size.folds + 3)
    return copies * size.matrix + axes + 5 * size.answers


def _small(training: HeadData) -> bool:
    """Return whether the folds are solved together: few rows, and none without some class."""
    n, size = training.features.shape
    if n * min(n, size) > _MOST_TOGETHER or n * training.classes > _MOST_ANSWERS:
        return False
    return all(len(np.unique(training.labels[train])) == training.classes for train, _ in training.splits())


def _many(training: HeadData, copies: int | None = None) -> bool:
    """Return whether so many copies of the rows, by default one for every fold, would take too much memory."""
    rows, features = training.features.shape
    folds = len(training.folds)
    return _beyond(Size(rows, features, training.classes, folds), copies or folds)


def _beyond(size: Size, copies: int) -> bool:
    return size.rows > size.features and copies * size.matrix > _MOST_COPIES


def _whole(training: HeadData) -> Material:
    """Return all rows: the standardised ones, those along their axes and the scaled ones are three copies."""
    if _many(training, 3):
        return Library(training).without(None)
    return OwnMaterial(training.features, training.labels, blocks=training.blocks)


def _problems(training: HeadData, care: _Care, *, choosing: int, small: bool) -> tuple[Problem, Folds]:
    """Return the problem of all rows, and those of all folds, of which so many choose."""
    features, labels, blocks = training.features, training.labels, training.blocks
    if small and _small(training):
        problem = Problem(OwnMaterial(features, labels, blocks=blocks), training.classes)
        return problem, Abreast(training, problem.square, care.choosing)
    if _many(training):
        library = Library(training)
        shared = [library.without(fold) for fold in range(len(training.folds))]
        problem = Problem(library.without(None), training.classes)
        return problem, _InTurn(training, shared.__getitem__, care, choosing=choosing)
    problem = Problem(OwnMaterial(features, labels, blocks=blocks), training.classes)
    trains = [train for train, _ in training.splits()]

    def own(fold: int) -> Material:
        return OwnMaterial(features, labels, problem.square, rows=trains[fold], blocks=blocks)

    return problem, _InTurn(training, own, care, choosing=choosing)


class Folds(Protocol):
    """All folds of a head, for one strength after the other."""

    def losses(self, exponent: float) -> Floats:
        """Return the log losses of the rows that choose, from the folds that they are not in."""

    def scores(self, exponent: float) -> Floats:
        """Return the scores of every row from the fold that it is not in, (n, classes)."""

    def start(self) -> Solution | None:
        """Return the mean over folds of what was solved last, to begin with on all rows."""

    @property
    def gradient(self) -> float:
        """The longest gradient that was left in a fold."""


class _InTurn:
    """Folds solved one after the other; the first `choosing` of them choose.

    Copies are held of the rows of those that choose, until all have chosen, then of one fold at a time.
    """

    def __init__(self, training: HeadData, material: Callable[[int], Material], care: _Care, *, choosing: int) -> None:
        self._training, self._choosing = training, choosing
        self._paths = [_Path(training, partial(material, fold), held, care) for fold, held in enumerate(training.folds)]

    def losses(self, exponent: float) -> Floats:
        """Return the log losses of the rows that the first folds hold out."""
        found = []
        for place, path in enumerate(self._paths[: self._choosing]):
            with one_of(place, self._choosing):
                found.append(path.losses(exponent))
        return np.concatenate(found)

    def scores(self, exponent: float) -> Floats:
        """Return the scores of every row."""
        kind = np.float32 if _many(self._training) else np.float64
        found = np.empty((len(self._training.labels), self._training.classes), kind)
        for path in self._paths:
            path.release()
        for place, path in enumerate(self._paths):
            with one_of(place, len(self._paths)):
                found[path.held] = path.scores(exponent)
            path.release()
        return found

    def start(self) -> Solution | None:
        """Return the mean of what was solved last."""
        return _mean([path.last for path in self._paths])

    @property
    def gradient(self) -> float:
        """The longest gradient that was left of what was solved last."""
        return max((path.last.gradient for path in self._paths if path.last is not None), default=0.0)


class _Path:
    """One fold, solved for one strength after the other, each from where the last one ended."""

    def __init__(self, training: HeadData, material: Callable[[], Material], held: RowNumbers, care: _Care) -> None:
        self.held, self._care = held, care
        self.last: Solution | None = None
        self._training, self._material = training, material
        self._known: dict[float, Solution] = {}

    @cached_property
    def _problem(self) -> Problem:
        return Problem(self._material(), self._training.classes)

    def release(self) -> None:
        """Give back the copy of the rows; what was solved stays known."""
        if "_problem" in self.__dict__:
            self._problem.release()

    def losses(self, exponent: float) -> Floats:
        """Return the log loss of each held-out row, (n,)."""
        labels = self._training.labels
        return bounded_log_losses(labels[self.held], softmax(self.scores(exponent)), among=len(labels))

    def scores(self, exponent: float) -> Floats:
        """Return scores of the held-out rows, (n, classes)."""
        # By way of all stronger penalties: at once, 196 classes took a hundred times as many products.
        way = [stronger for stronger in _EXPONENTS if stronger < exponent] if self.last is None else []
        for place, stronger in enumerate(way):
            with _growing(place, len(way) + 1):
                self.last = self._solve(stronger, self._care.on_the_way)
        if exponent not in self._known:
            with _growing(len(way), len(way) + 1):
                self._known[exponent] = self._solve(exponent, self._care.choosing)
        self.last = self._known[exponent]
        return self._problem.scores(self._training.features[self.held], self.last)

    def _solve(self, exponent: float, tolerance: float) -> Solution:
        return self._problem.solve(exponent, self.last, tolerance, self._care.dtype)


def _exponent(strength: float) -> float:
    return math.log10(check_number("strengths", "logistic.fit", strength, least=1e-12, most=1e12))


def _growing(place: int, count: int) -> AbstractContextManager[None]:
    """Return the portion of one of so many strengths, from strong to weak."""
    begin, end = ((_GROWTH**at - 1) / (_GROWTH**count - 1) for at in (place, place + 1))
    return portion(begin, end)


def _loss(folds: Folds, exponent: float) -> float:
    """Return the mean log loss of the rows that choose."""
    return float(np.mean(folds.losses(exponent)))


def _best_of(folds: Folds, exponents: Sequence[float]) -> float:
    """Return the one of these exponents with the least loss."""
    if not exponents:
        raise bad_parameter("strengths", "logistic.fit", "at least one number above 0", "none")
    losses = {}
    for place, exponent in enumerate(exponents):  # in ascending order
        with one_of(place, len(exponents)):
            losses[exponent] = _loss(folds, exponent)
    return min(losses, key=losses.__getitem__)


def _choose(folds: Folds, least_rise: float) -> float:
    """Return the exponent of the strength with the least loss, searched for.

    From strong to weak: once the loss has risen, weaker only costs time. A rise of up to `least_rise` may be one
    picture's, and ends nothing.
    """
    losses: dict[float, float] = {}
    for place, exponent in enumerate(_EXPONENTS):
        with portion(_SEARCHED[place], _SEARCHED[place + 1]):
            losses[exponent] = _loss(folds, exponent)
        if losses[exponent] > min(losses.values()) + least_rise:
            break
    best = min(losses, key=losses.__getitem__)
    for place, between in enumerate((best - 0.5, best + 0.5), len(_EXPONENTS)):
        if _EXPONENTS[0] < between < _EXPONENTS[-1]:
            with portion(_SEARCHED[place], _SEARCHED[place + 1]):
                losses[between] = _loss(folds, between)
    return min(losses, key=losses.__getitem__)


def _mean(solutions: Sequence[Solution | None]) -> Solution | None:
    known = [solution for solution in solutions if solution is not None]
    if not known:
        return None
    weight = np.mean([solution.weight for solution in known], axis=0)
    return Solution(weight, np.mean([solution.bias for solution in known], axis=0))


def _warnings(solution: Solution, tolerance: float, folds: float) -> tuple[Finding, ...]:
    if folds > _UNSOLVED:
        return (choice_not_converged(folds, steps=MOST_STEPS),)
    if solution.gradient <= tolerance:
        return ()
    return (not_converged(solution.gradient, tolerance=tolerance, steps=MOST_STEPS),)
