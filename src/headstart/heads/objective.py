"""The logistic head's objective: mean log loss over rows, plus a penalty, walked through in blocks of rows.

The solver sees weights along scaled axes and a bias, (axes + 1, classes). How those meet the features is the matter of
`FeatureRows`: small problems keep their own matrix along those axes (`OwnRows`); large ones take the weights back to
the features instead, so that all folds and strengths share one matrix (`SharedRows`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from headstart.base.types import Floats
from headstart.heads.training import Labels

MOST_SCORES = 2**24  # numbers of a block: some 17,000 rows of 1,000 classes


class FeatureRows(Protocol):
    """Rows of features as the solver meets them."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The precision in which they are kept."""

    def blocks(self, most: int) -> Iterator[tuple[slice, Floats]]:
        """Yield runs of at most so many rows: where they stand among all, and their matrix."""

    def enter(self, point: Floats) -> tuple[Floats, Floats | None]:
        """Return weights for that matrix, and what is added to each row's scores, if anything."""

    def leave(self, gathered: Floats, total: Floats) -> Floats:
        """Return how a sum over rows changes with the point, from that with the weights and with what is added."""


@dataclass(frozen=True, eq=False)
class OwnRows:
    """A matrix along the axes of the solver, the bias's column last, (n, axes + 1)."""

    matrix: Floats

    @property
    def dtype(self) -> np.dtype[Any]:
        """The precision of the matrix."""
        return self.matrix.dtype

    def blocks(self, most: int) -> Iterator[tuple[slice, Floats]]:
        """Yield runs of rows."""
        for begin in range(0, len(self.matrix), most):
            at = slice(begin, begin + most)
            yield at, self.matrix[at]

    def enter(self, point: Floats) -> tuple[Floats, None]:
        """Return the point: it fits the matrix."""
        return point, None

    def leave(self, gathered: Floats, total: Floats) -> Floats:  # noqa: ARG002 - the bias has a column
        """Return the sum: it fits the point."""
        return gathered


@dataclass(frozen=True, eq=False)
class SharedRows:
    """Some runs of a matrix that others use too, (all rows, features) float32.

    Parameters
    ----------
    matrix : array, (all rows, features) float32
    runs : tuple of slice
        The rows that take part.
    axes : array, (features, axes)
        A row z is met as ``(z - centre) @ axes``.
    centre : array, (features,)
    last : float
        What the bias is multiplied by.
    """

    matrix: NDArray[np.float32]
    runs: tuple[slice, ...]
    axes: Floats
    centre: Floats
    last: float

    @property
    def dtype(self) -> np.dtype[Any]:
        """The precision of the matrix."""
        return self.matrix.dtype

    def blocks(self, most: int) -> Iterator[tuple[slice, Floats]]:
        """Yield runs of rows; their places count those that take part."""
        done = 0
        for run in self.runs:
            for begin in range(run.start, run.stop, most):
                block = self.matrix[begin : min(begin + most, run.stop)]
                yield slice(done, done + len(block)), block
                done += len(block)

    def enter(self, point: Floats) -> tuple[Floats, Floats]:
        """Return the weights of the features themselves."""
        weight = np.asarray(self.axes @ point[:-1], point.dtype)
        return weight, np.asarray(self.last * point[-1] - self.centre @ weight, point.dtype)

    def leave(self, gathered: Floats, total: Floats) -> Floats:
        """Return the sum along the axes, and that of the bias."""
        along = self.axes.T @ (gathered - np.outer(self.centre, total))
        return np.asarray(np.vstack([along, self.last * total]), gathered.dtype)


@dataclass(frozen=True, eq=False)
class SoftmaxLoss:
    """Mean log loss of `labels` plus the penalty ``ridge * point ** 2 / 2``.

    The curvature is asked for in the precision of the rows, also where value and gradient are exact: it only leads the
    way.
    """

    rows: FeatureRows
    labels: Labels
    ridge: Floats

    def evaluate(self, point: Floats) -> tuple[float, Floats, Floats]:
        """Return value, gradient, and the probabilities of all rows in their precision."""
        n, classes = len(self.labels), point.shape[1]
        weight, added = self.rows.enter(point)
        likely = np.empty((n, classes), self.rows.dtype)
        losses = np.empty(n, point.dtype)
        gathered, total = np.zeros_like(weight), np.zeros(classes, point.dtype)
        for at, block in self.rows.blocks(max(1, MOST_SCORES // classes)):
            rows, labels = np.asarray(block, point.dtype), self.labels[at]
            each = np.arange(len(rows))
            scores = rows @ weight
            if added is not None:
                scores += added
            scores -= scores.max(axis=1, keepdims=True)
            true = scores[each, labels]
            excess = np.exp(scores, out=scores)
            sums = excess.sum(axis=1, keepdims=True)
            losses[at] = np.log(sums[:, 0]) - true
            excess /= sums
            likely[at] = excess
            excess[each, labels] -= 1
            excess /= n
            gathered += rows.T @ excess
            total += excess.sum(axis=0)
        pull = self.ridge * point
        gradient: Floats = self.rows.leave(gathered, total) + pull
        return float(np.mean(losses, dtype=np.float64)) + 0.5 * float(np.vdot(pull, point)), gradient, likely

    def curve(self, direction: Floats, state: Floats) -> Floats:
        """Return the second derivative, where `state` are the probabilities, times `direction`."""
        n, classes = len(self.labels), direction.shape[1]
        weight, added = self.rows.enter(direction)
        gathered, total = np.zeros_like(weight), np.zeros(classes, direction.dtype)
        weight = np.asarray(weight, self.rows.dtype)
        for at, block in self.rows.blocks(max(1, MOST_SCORES // classes)):
            change = block @ weight
            if added is not None:
                change += np.asarray(added, self.rows.dtype)
            change *= state[at]
            change -= state[at] * change.sum(axis=1, keepdims=True)
            change /= n
            gathered += block.T @ change
            total += change.sum(axis=0)
        curved: Floats = self.rows.leave(gathered, total) + self.ridge * direction
        return curved
