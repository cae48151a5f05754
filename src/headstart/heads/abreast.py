"""All folds of a small logistic problem solved at once: one convex problem whose blocks do not touch.

With some hundred rows a product takes microseconds, and walking from one to the next as long again; so the folds
share each walk. The sum of their objectives is least where each of them is, and its gradient is as long as all of
theirs together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.base.types import Floats, softmax
from headstart.evidence.metrics import bounded_log_losses
from headstart.heads.newton import minimise
from headstart.heads.problem import MOST_STEPS, Solution, principal_axes
from headstart.heads.training import HeadData, Standard

_FLAT = 1e-4  # the least mean of p (1 - p) that scales the axes


@dataclass(frozen=True, eq=False)
class _Losses:
    """The sum over folds of mean log loss and penalty.

    Points are weights along scaled axes, (folds, axes + 1, classes).

    Parameters
    ----------
    rows : array, (folds, n, axes + 1)
        Along the axes, the bias's column last; a fold with fewer rows ends in rows of zeros.
    scale : array, (folds, axes + 1, 1)
        What weights along the scaled axes are to be multiplied by to be weights along the axes.
    true : array of bool, (folds, n, classes)
        The true class of each row; nothing where there is no row.
    share : array, (folds, n, 1)
        What a row counts: one in its fold's rows, or nothing.
    ridge : array, (folds, axes + 1, 1)
    """

    rows: Floats
    scale: Floats
    true: NDArray[np.bool_]
    share: Floats
    ridge: Floats

    def evaluate(self, point: Floats) -> tuple[float, Floats, Floats]:
        """Return value, gradient, and the probabilities of all rows."""
        scores = self.rows @ (self.scale * point)
        scores -= scores.max(axis=2, keepdims=True)
        likely = np.exp(scores)
        sums = likely.sum(axis=2, keepdims=True)
        likely /= sums
        losses = np.log(sums) - np.sum(scores, axis=2, keepdims=True, where=self.true)
        pull = self.ridge * point
        excess = (likely - self.true) * self.share
        gradient: Floats = self.scale * (self.rows.transpose(0, 2, 1) @ excess) + pull
        return float(np.vdot(losses, self.share)) + 0.5 * float(np.vdot(pull, point)), gradient, likely

    def curve(self, direction: Floats, state: Floats) -> Floats:
        """Return the second derivative, where `state` are the probabilities, times `direction`."""
        change = self.rows @ (self.scale * direction)
        change *= state
        change -= state * change.sum(axis=2, keepdims=True)
        change *= self.share
        curved: Floats = self.scale * (self.rows.transpose(0, 2, 1) @ change) + self.ridge * direction
        return curved


class Abreast:
    """All folds of a problem, for one strength after the other.

    Parameters
    ----------
    training : HeadData
        Every class has a row outside of each fold.
    near : array, (D, D), optional
        Right-angled axes near the principal ones of every fold, to save finding those.
    tolerance : float
        Length of the gradient of all folds together at which a strength is solved.
    """

    def __init__(self, training: HeadData, near: Floats | None, tolerance: float) -> None:
        self.training, self._tolerance = training, tolerance
        features = training.features.astype(np.float64, copy=False)
        splits = list(training.splits())
        self._standards = [Standard.of(features[train], training.blocks) for train, _ in splits]
        rows = [one.apply(features[train]) for one, (train, _) in zip(self._standards, splits, strict=True)]
        self._axes = [principal_axes(own) if near is None else near for own in rows]
        self._counts = np.array([len(train) for train, _ in splits])
        most, size = int(self._counts.max()), max(axes.shape[1] for axes in self._axes)
        self._rows = np.zeros((len(splits), most, size + 1))
        self._true = np.zeros((len(splits), most, training.classes), bool)
        self._held: list[Floats] = []
        for fold, ((train, held), own, axes) in enumerate(zip(splits, rows, self._axes, strict=True)):
            self._rows[fold, : len(train), : axes.shape[1]] = own @ axes
            self._rows[fold, : len(train), -1] = 1.0
            self._true[fold, np.arange(len(train)), training.labels[train]] = True
            self._held.append(self._standards[fold].apply(features[held]) @ axes)
        self._there = np.arange(most)[None, :, None] < self._counts[:, None, None]
        self._spread = np.square(self._rows[:, :, :-1]).sum(axis=1) / self._counts[:, None]
        self._point = np.zeros((len(splits), size + 1, training.classes))
        self._known: dict[float, Floats] = {}
        self.gradient = 0.0  # the longest that was left of any strength

    def losses(self, exponent: float) -> Floats:
        """Return the log loss of each row, (n,), from the fold that it is not in."""
        return bounded_log_losses(self.training.labels, softmax(self.scores(exponent)))

    def scores(self, exponent: float) -> Floats:
        """Return the scores of every row from the fold that it is not in, (n, classes)."""
        point = self._solved(exponent)
        found = np.empty((len(self.training.labels), self.training.classes))
        for held, along, own in zip(self.training.folds, self._held, point, strict=True):
            found[held] = along @ own[: along.shape[1]] + own[-1]
        return found

    def start(self) -> Solution:
        """Return the mean over folds of what was solved last, to begin with on all rows."""
        weights = [axes @ own[: axes.shape[1]] for axes, own in zip(self._axes, self._point, strict=True)]
        return Solution(np.mean(weights, axis=0), np.asarray(self._point[:, -1].mean(axis=0)))

    def _solved(self, exponent: float) -> Floats:
        if exponent not in self._known:
            self._known[exponent] = self._solve(exponent)
        self._point = self._known[exponent]
        return self._point

    def _solve(self, exponent: float) -> Floats:
        """Return the weights along the axes for strength ``10 ** exponent``, from the last ones on."""
        penalty = (2.0 if self.training.classes == 2 else 1.0) / (10.0**exponent * self._counts)
        likely = softmax(self._rows @ self._point)
        doubt = np.sum(np.mean(likely * (1 - likely), axis=2), axis=1, where=self._there[:, :, 0]) / self._counts
        flat = np.maximum(doubt, _FLAT)[:, None]
        stretch = 1 / np.sqrt(flat * self._spread + penalty[:, None])
        scale = np.concatenate([stretch, 1 / np.sqrt(flat)], axis=1)[:, :, None]
        ridge = np.concatenate([penalty[:, None] * stretch**2, np.zeros_like(flat)], axis=1)[:, :, None]
        losses = _Losses(self._rows, scale, self._true, self._there / self._counts[:, None, None], ridge)
        found, left = minimise(losses, self._point / scale, tolerance=self._tolerance, most_steps=MOST_STEPS)
        self.gradient = max(self.gradient, left)
        return np.asarray(found * scale)
