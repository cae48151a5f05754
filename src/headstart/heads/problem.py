"""One fit of the logistic head: some rows, standardised, along axes in which strengths are solved one after the other.

The penalty is round, so the problem is the same one in any other right-angled axes; and with fewer rows than features
its solution lies in their span, so n axes are enough. In the principal axes V of the rows Z the curvature is nearly
diagonal: about ``h S^2 / n + penalty`` along an axis of singular value S, h being the mean of p (1 - p). Scaling each
axis by its root lets the solver end sooner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from headstart.base.types import Affine, Floats, softmax
from headstart.heads.newton import minimise
from headstart.heads.objective import FeatureRows, OwnRows, SharedRows, SoftmaxLoss
from headstart.heads.training import HeadData, Labels, RowNumbers, Standard, pieces, with_absent

MOST_STEPS = 100
_SAMPLE = 4000  # rows that tell how sure a large problem is of its answers
_MOST_NUMBERS = 2**24  # of a block in which sums over rows are taken


@dataclass(frozen=True, eq=False)
class Solution:
    """Weights on standardised features, (D, classes), bias, (classes,), and what is left of the gradient."""

    weight: Floats
    bias: Floats
    gradient: float = np.inf


class Material(Protocol):
    """The rows of one fit, and how the solver meets them along its axes."""

    @property
    def labels(self) -> Labels:
        """Labels of the rows, counted among all classes."""

    @property
    def standard(self) -> Standard:
        """Standardisation of the features, learned on these rows."""

    @property
    def axes(self) -> Floats:
        """Right-angled axes as columns, (D, axes)."""

    @property
    def spread(self) -> Floats:
        """The mean square of the standardised rows along each axis, (axes,), about."""

    def release(self) -> None:
        """Give back what can be made again; the axes stay."""

    def sample(self, weight: Floats, bias: Floats) -> Floats:
        """Return the scores of enough rows to tell how sure these weights along the axes are, (some, classes)."""

    def scaled(self, stretch: Floats, last: float, dtype: DTypeLike) -> FeatureRows:
        """Return the rows along stretched axes, the bias multiplied by `last`."""


class OwnMaterial:
    """A copy of some rows along their axes, in float64, made when it is needed and again after `release`.

    Parameters
    ----------
    features : array, (n, D)
    labels : array of int, (n,)
    near : array, (D, D), optional
        Right-angled axes that are near the principal ones, to save finding those.
    rows : array of int, optional
        The rows that take part; by default all.
    blocks : sequence of int
        How many features each part of a readout has; without them all are one part.
    """

    def __init__(
        self,
        features: Floats,
        labels: Labels,
        near: Floats | None = None,
        *,
        rows: RowNumbers | None = None,
        blocks: Sequence[int] = (),
    ) -> None:
        self._features, self._rows = features, np.arange(len(labels)) if rows is None else rows
        self.labels = labels[self._rows]
        self.standard = Standard.of(features if rows is None else features[rows], blocks)
        self.axes = principal_axes(self._standardised()) if near is None else near

    def release(self) -> None:
        """Give the copy back."""
        self.__dict__.pop("_along", None)

    @cached_property
    def _along(self) -> Floats:
        along: Floats = self._standardised() @ self.axes
        return along

    def _standardised(self) -> Floats:
        return self.standard.rows(self._features, self._rows)

    @property
    def spread(self) -> Floats:
        """The mean square of the rows along each axis."""
        return np.asarray(np.mean(self._along**2, axis=0))

    def sample(self, weight: Floats, bias: Floats) -> Floats:
        """Return the scores of all rows."""
        scores: Floats = self._along @ weight + bias
        return scores

    def scaled(self, stretch: Floats, last: float, dtype: DTypeLike) -> FeatureRows:
        """Return a matrix of their own."""
        n, size = self._along.shape
        rows = np.ones((n, size + 1), dtype)
        rows[:, :size] = self._along
        rows *= np.append(stretch, last).astype(dtype)
        return OwnRows(rows)


class Library:
    """All rows of a large problem once, standardised together in float32, fold behind fold.

    Parameters
    ----------
    training : HeadData
        With more rows than features.
    """

    def __init__(self, training: HeadData) -> None:
        features, order = training.features, np.concatenate(training.folds)
        ends = np.cumsum([len(fold) for fold in training.folds])
        self.folds = [slice(int(end) - len(fold), int(end)) for fold, end in zip(training.folds, ends, strict=True)]
        self.labels = training.labels[order]
        self.blocks = training.blocks
        self.standard = _standard_of(features, self.blocks)
        self.matrix: NDArray[np.float32] = np.empty(features.shape, np.float32)
        for at in _pieces(slice(0, len(order)), features.shape[1]):
            self.matrix[at] = self.standard.apply(features[order[at]])

    def without(self, fold: int | None) -> SharedMaterial:
        """Return all rows but those of one fold."""
        if fold is None:
            return SharedMaterial(self, (slice(0, len(self.labels)),))
        held = self.folds[fold]
        runs = (slice(0, held.start), slice(held.stop, len(self.labels)))
        return SharedMaterial(self, tuple(run for run in runs if run.stop > run.start))

    @cached_property
    def axes(self) -> tuple[Floats, Floats]:
        """The principal axes of all rows, and their mean square along each."""
        square = np.zeros((self.matrix.shape[1],) * 2)
        for at in _pieces(slice(0, len(self.matrix)), self.matrix.shape[1]):
            piece = self.matrix[at]
            square += piece.T @ piece
        values, axes = np.linalg.eigh(square)
        return axes, np.maximum(values, 0.0) / len(self.matrix)


@dataclass(frozen=True, eq=False)
class SharedMaterial:
    """Some rows of a library: nothing of them is copied.

    Parameters
    ----------
    library : Library
    runs : tuple of slice
        Its rows that take part.
    """

    library: Library
    runs: tuple[slice, ...]

    @cached_property
    def labels(self) -> Labels:
        """Labels, run by run."""
        return np.concatenate([self.library.labels[run] for run in self.runs])

    @cached_property
    def _own(self) -> tuple[Floats, Floats]:
        """Mean and deviation of these rows in the library's units."""
        matrix, n = self.library.matrix, len(self.labels)
        places = [place for run in self.runs for place in _pieces(run, matrix.shape[1])]
        mean = np.sum([matrix[at].sum(axis=0, dtype=np.float64) for at in places], axis=0) / n
        square = np.sum([np.square(matrix[at] - mean).sum(axis=0) for at in places], axis=0) / n
        # Below the resolution of the matrix a spread is rounding.
        return mean, np.where(square > 1e-12, np.sqrt(square), 0.0)

    @cached_property
    def standard(self) -> Standard:
        """Standardisation of these rows, in the features' own units."""
        (mean, deviation), all_rows = self._own, self.library.standard
        own = all_rows.mean + mean * all_rows.scale
        return Standard.from_moments(own, deviation * all_rows.scale, self.library.blocks)

    @property
    def axes(self) -> Floats:
        """Those of all rows."""
        return self.library.axes[0]

    @property
    def spread(self) -> Floats:
        """That of all rows."""
        return self.library.axes[1]

    def release(self) -> None:
        """Keep all: the library is every fold's."""

    def sample(self, weight: Floats, bias: Floats) -> Floats:
        """Return the scores of rows evenly chosen."""
        rows = self.scaled(np.ones(len(weight)), 1.0, np.float64)
        entered, added = rows.enter(np.vstack([weight, bias]))
        places = np.concatenate([np.arange(run.start, run.stop) for run in self.runs])
        some = self.library.matrix[places[:: max(1, len(places) // _SAMPLE)]]
        return np.asarray(some @ entered + added)

    def scaled(self, stretch: Floats, last: float, dtype: DTypeLike) -> SharedRows:
        """Return the library's matrix with the way from the axes to its features."""
        back = self.library.standard.scale / self.standard.scale
        axes = ((back[:, None] * self.axes) * stretch).astype(dtype)
        return SharedRows(self.library.matrix, self.runs, axes, self._own[0].astype(dtype), last)


class Problem:
    """One fit, for one strength after the other.

    Parameters
    ----------
    material : Material
    classes : int
        A fold may lack some: then the others are solved among themselves.
    """

    def __init__(self, material: Material, classes: int) -> None:
        self._material, self.classes = material, classes
        self.present, self.labels = np.unique(material.labels, return_inverse=True)

    @property
    def square(self) -> Floats | None:
        """The axes if they span all features, else None: only then do they serve for other rows."""
        axes = self._material.axes
        return axes if axes.shape[0] == axes.shape[1] else None

    def release(self) -> None:
        """Give back the copy of the rows; it is made again where it is needed."""
        self._material.release()

    def solve(self, exponent: float, start: Solution | None, tolerance: float, dtype: DTypeLike) -> Solution:
        """Return the weights for strength ``10 ** exponent``, from `start` on, in the precision `dtype`."""
        axes, n = self._material.axes, len(self.labels)
        # Two classes: weights w / 2 and -w / 2 have half the squared length of scikit-learn's one column w.
        penalty = (2.0 if self.classes == 2 else 1.0) / (10.0**exponent * n)
        weight, bias = self._start(start)
        likely = softmax(self._material.sample(weight, bias))
        flat = max(float(np.mean(likely * (1 - likely))), 1e-4)
        stretch = 1 / np.sqrt(flat * self._material.spread + penalty)
        scale = np.append(stretch, 1 / np.sqrt(flat)).astype(dtype)[:, None]
        ridge = np.append(penalty * stretch**2, 0.0).astype(dtype)[:, None]
        begin = np.vstack([weight, bias]).astype(dtype) / scale
        rows = self._material.scaled(stretch, 1 / float(np.sqrt(flat)), dtype)
        loss = SoftmaxLoss(rows, self.labels, ridge)
        found, gradient = minimise(loss, begin, tolerance=tolerance, most_steps=MOST_STEPS)
        found = np.asarray(found * scale, np.float64)
        full = np.zeros((len(axes) + 1, self.classes))
        full[:, self.present] = np.vstack([axes @ found[:-1], found[-1]])
        return Solution(full[:-1], full[-1], gradient)

    def scores(self, features: Floats, solution: Solution) -> Floats:
        """Return scores, (n, classes); a class without a row gets the probability of one in n + 1."""
        scores = self._material.standard.apply(features) @ solution.weight + solution.bias
        return with_absent(scores, self.present, len(self.labels))

    def affine(self, solution: Solution) -> Affine:
        """Return the head with standardisation folded in."""
        standard = self._material.standard
        weight = (solution.weight / standard.scale[:, None]).T.astype(np.float32)
        # From the rounded weights, so that rounding only acts on distances from the mean.
        return Affine(weight=weight, bias=solution.bias - weight.astype(np.float64) @ standard.mean)

    def _start(self, start: Solution | None) -> tuple[Floats, Floats]:
        axes = self._material.axes
        if start is None:
            return np.zeros((axes.shape[1], len(self.present))), np.zeros(len(self.present))
        return axes.T @ start.weight[:, self.present], start.bias[self.present]


def principal_axes(standard: Floats) -> Floats:
    """Return the principal axes of the rows as columns, (D, r): all D of them, or those that n rows span."""
    n, size = standard.shape
    if n > size:
        axes = np.linalg.eigh(standard.T @ standard)[1]
    else:
        squares, vectors = np.linalg.eigh(standard @ standard.T)
        kept = squares > 1e-10 * squares[-1]  # below 1e-5 of the longest axis is rounding
        axes = standard.T @ (vectors[:, kept] / np.sqrt(squares[kept]))
    return np.asarray(axes)


def _standard_of(features: NDArray[np.floating], blocks: Sequence[int]) -> Standard:
    """Return the standardisation of many rows, piece by piece."""
    n, size = features.shape
    mean = sum(features[at].sum(axis=0, dtype=np.float64) for at in _pieces(slice(0, n), size)) / n
    square = sum(np.square(features[at] - mean).sum(axis=0) for at in _pieces(slice(0, n), size)) / n
    return Standard.from_moments(np.asarray(mean), np.sqrt(square), blocks)


def _pieces(run: slice, size: int) -> list[slice]:
    """Return pieces of a run of rows of so many features, each small enough for a copy."""
    return pieces(run, size, _MOST_NUMBERS)
