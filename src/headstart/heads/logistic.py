"""Multinomial logistic regression with an L2 penalty, its strength chosen by cross-validation.

The strength is the one with the least out-of-fold log loss, never the best accuracy: with some hundred
pictures many strengths have the same accuracy, and the loss also says which of them is least sure of what is
wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.special import logsumexp

from headstart.base.types import Affine, Floats, softmax
from headstart.evidence.metrics import log_loss
from headstart.heads.newton import minimise
from headstart.heads.training import Fitted, Labels, Rows, Standard, Training, check_training

# Strengths C are powers of ten: whole exponents first, then half a step to either side of the best.
_EXPONENTS = range(-5, 3)
_MOST_STEPS = 100
# From so many rows x features x classes on, two folds choose, in float32.
_LARGE = 5e7


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

    Returns
    -------
    Fitted
        The head is an `Affine` with standardisation folded in and temperature 1. ``chosen["C"]`` is in
        scikit-learn's units: the least of ``C * sum of losses + |weights|^2 / 2`` is sought, where two
        classes share one column of weights.

    Raises
    ------
    ConfigError
        If shapes do not fit, a feature is not finite, a class has no row, or all rows are in one fold.
    """
    training = check_training("logistic", X, y, classes, folds)
    large = float(training.features.size) * classes > _LARGE
    care = _QUICK if large else _EXACT
    problem = _Problem(training, training.rows)
    paths = [_Path(training, train, held, care, problem.square) for train, held in training.splits()]
    exponent = _choose(paths[:2] if large else paths, training.labels)
    out_of_fold = np.empty((len(training.labels), classes))
    for path in paths:
        out_of_fold[path.held] = path.scores(exponent)
    start = _mean([path.last for path in paths])
    if large:
        start = problem.solve(exponent, start, 1e-4, np.float32)
    solution = problem.solve(exponent, start, care.final, np.float64)
    return Fitted(
        head=problem.affine(solution),
        chosen={"C": 10.0**exponent},
        out_of_fold=out_of_fold,
        converged=solution.gradient <= care.final,
        warnings=_warnings(solution, care.final),
    )


@dataclass(frozen=True, eq=False)
class _Solution:
    """Weights on standardised features, (D, classes), bias, (classes,), and what is left of the gradient."""

    weight: Floats
    bias: Floats
    gradient: float = np.inf


class _Problem:
    """The rows of one fit, standardised and rotated so that strengths can be solved one after the other.

    The penalty is round, so the problem is the same one in any other right-angled axes; and with fewer
    rows than features its solution lies in their span, so n axes are enough. In the principal axes V of
    the rows Z the curvature is nearly diagonal: about ``h S^2 / n + penalty`` along an axis of singular
    value S, h being the mean of p (1 - p). Scaling each axis by its root lets the solver end sooner.

    Parameters
    ----------
    training : Training
    rows : array of int
        Which of its rows to solve on.
    axes : array, (features, features), optional
        Right-angled axes that are near the principal ones, to save finding those.
    """

    def __init__(self, training: Training, rows: Rows, axes: Floats | None = None) -> None:
        features = training.features[rows]
        self.classes = training.classes
        # A fold may lack a class: then the others are solved among themselves.
        self.present, self.labels = np.unique(training.labels[rows], return_inverse=True)
        self.standard = Standard.of(features)
        standard = self.standard.apply(features)
        self.axes = _principal_axes(standard) if axes is None else axes
        self.rotated = standard @ self.axes

    @property
    def square(self) -> Floats | None:
        """The axes if they span all features, else None: only then do they serve for other rows."""
        return self.axes if self.axes.shape[0] == self.axes.shape[1] else None

    def solve(self, exponent: float, start: _Solution | None, tolerance: float, dtype: DTypeLike) -> _Solution:
        """Return the weights for strength ``10 ** exponent``, from `start` on, in the precision `dtype`."""
        n, size = self.rotated.shape
        # Two classes: weights w / 2 and -w / 2 have half the squared length of scikit-learn's one column w.
        penalty = (2.0 if self.classes == 2 else 1.0) / (10.0**exponent * n)
        weight, bias = self._start(start)
        likely = softmax(self.rotated @ weight + bias)
        flat = max(float(np.mean(likely * (1 - likely))), 1e-4)
        stretch = 1 / np.sqrt(flat * np.mean(self.rotated**2, axis=0) + penalty)
        scale = np.append(stretch, 1 / np.sqrt(flat)).astype(dtype)[:, None]
        rows = np.ones((n, size + 1), dtype)
        rows[:, :size] = self.rotated
        rows *= scale.T
        ridge = np.append(penalty * stretch**2, 0.0).astype(dtype)[:, None]
        begin = np.vstack([weight, bias]).astype(dtype) / scale
        found, gradient = minimise(
            _SoftmaxLoss(rows, self.labels, ridge), begin, tolerance=tolerance, most_steps=_MOST_STEPS
        )
        found = np.asarray(found * scale, np.float64)
        full = np.zeros((len(self.axes) + 1, self.classes))
        full[:, self.present] = np.vstack([self.axes @ found[:-1], found[-1]])
        return _Solution(full[:-1], full[-1], gradient)

    def scores(self, features: Floats, solution: _Solution) -> Floats:
        """Return scores, (n, classes); a class without a row gets the probability of one in n + 1."""
        scores = self.standard.apply(features) @ solution.weight + solution.bias
        absent = np.setdiff1d(np.arange(self.classes), self.present)
        if len(absent):
            rest = logsumexp(scores[:, self.present], axis=1, keepdims=True)
            scores[:, absent] = rest - np.log(len(self.labels) + 1)
        return scores

    def affine(self, solution: _Solution) -> Affine:
        """Return the head with standardisation folded in."""
        weight = (solution.weight / self.standard.scale[:, None]).T.astype(np.float32)
        # From the rounded weights, so that rounding only acts on distances from the mean.
        return Affine(weight=weight, bias=solution.bias - weight.astype(np.float64) @ self.standard.mean)

    def _start(self, start: _Solution | None) -> tuple[Floats, Floats]:
        if start is None:
            return np.zeros((self.axes.shape[1], len(self.present))), np.zeros(len(self.present))
        return self.axes.T @ start.weight[:, self.present], start.bias[self.present]


class _Path:
    """One fold, solved for one strength after the other, each from where the last one ended."""

    def __init__(self, training: Training, train: Rows, held: Rows, care: _Care, axes: Floats | None) -> None:
        self.held, self._care = held, care
        self.last: _Solution | None = None
        self._features = training.features[held]
        self._problem = _Problem(training, train, axes)
        self._known: dict[float, tuple[_Solution, Floats]] = {}

    def scores(self, exponent: float) -> Floats:
        """Return scores of the held-out rows, (n, classes)."""
        if self.last is None:
            # By way of all stronger penalties: at once, 196 classes took a hundred times as many products.
            for stronger in _EXPONENTS:
                if stronger < exponent:
                    self.last = self._solve(stronger, self._care.on_the_way)
        if exponent not in self._known:
            solution = self._solve(exponent, self._care.choosing)
            self._known[exponent] = solution, self._problem.scores(self._features, solution)
        self.last, scores = self._known[exponent]
        return scores

    def _solve(self, exponent: float, tolerance: float) -> _Solution:
        return self._problem.solve(exponent, self.last, tolerance, self._care.dtype)


def _choose(paths: Sequence[_Path], labels: Labels) -> float:
    """Return the exponent of the strength with the least log loss over the held-out rows of `paths`."""
    held = labels[np.concatenate([path.held for path in paths])]
    losses: dict[float, float] = {}

    def measure(exponent: float) -> float:
        scores = np.concatenate([path.scores(exponent) for path in paths])
        losses[exponent] = log_loss(held, softmax(scores))
        return losses[exponent]

    least = np.inf
    for exponent in _EXPONENTS:  # from strong to weak; once the loss rises, weaker only costs time
        if measure(exponent) > least:
            break
        least = losses[exponent]
    best = min(losses, key=losses.__getitem__)
    for between in (best - 0.5, best + 0.5):
        if _EXPONENTS[0] < between < _EXPONENTS[-1]:
            measure(between)
    return min(losses, key=losses.__getitem__)


@dataclass(frozen=True, eq=False)
class _SoftmaxLoss:
    """Mean log loss plus penalty of weights and (last row) bias, (features + 1, classes)."""

    rows: Floats
    labels: Labels
    ridge: Floats

    def evaluate(self, point: Floats) -> tuple[float, Floats, Floats]:
        """Return value, gradient and probabilities."""
        n, each = len(self.rows), np.arange(len(self.rows))
        scores = self.rows @ point
        scores -= scores.max(axis=1, keepdims=True)
        true = scores[each, self.labels]
        likely = np.exp(scores, out=scores)
        sums = likely.sum(axis=1, keepdims=True)
        value = float(np.mean(np.log(sums[:, 0]) - true, dtype=np.float64))
        likely /= sums
        excess = likely.copy()
        excess[each, self.labels] -= 1
        pull = self.ridge * point
        gradient: Floats = self.rows.T @ (excess / n) + pull
        return value + 0.5 * float(np.vdot(pull, point)), gradient, likely

    def curve(self, direction: Floats, state: Floats) -> Floats:
        """Return the second derivative, where `state` are the probabilities, times `direction`."""
        change = (self.rows @ direction) * state
        change -= state * change.sum(axis=1, keepdims=True)
        curved: Floats = self.rows.T @ (change / len(self.rows)) + self.ridge * direction
        return curved


def _principal_axes(standard: Floats) -> Floats:
    """Return the principal axes of the rows as columns, (D, r): all D of them, or those that n rows span."""
    n, size = standard.shape
    if n > size:
        axes = np.linalg.eigh(standard.T @ standard)[1]
    else:
        squares, vectors = np.linalg.eigh(standard @ standard.T)
        kept = squares > 1e-10 * squares[-1]  # below 1e-5 of the longest axis is rounding
        axes = standard.T @ (vectors[:, kept] / np.sqrt(squares[kept]))
    return np.asarray(axes)


def _mean(solutions: Sequence[_Solution | None]) -> _Solution | None:
    known = [solution for solution in solutions if solution is not None]
    if not known:
        return None
    weight = np.mean([solution.weight for solution in known], axis=0)
    return _Solution(weight, np.mean([solution.bias for solution in known], axis=0))


def _warnings(solution: _Solution, tolerance: float) -> tuple[str, ...]:
    if solution.gradient <= tolerance:
        return ()
    return (
        f"The logistic head was not solved to its tolerance (gradient {solution.gradient:.1g} instead of "
        f"{tolerance:.0e} after at most {_MOST_STEPS} steps): its probabilities may be slightly off.",
    )
