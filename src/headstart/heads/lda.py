"""Linear discriminant analysis with a shrunken covariance: each class's mean, and one spread that all classes share.

A logistic regression learns each direction from the pictures alone; this one first asks how pictures of one class
differ among themselves, from all classes together, and discounts that. With ten pictures of each of forty classes the
shared spread is known from four hundred, which is why it often answers better there (docs/training.md). It is solved in
closed form: one decomposition for each fold serves all shrinkages that are tried.

Friedman 1989, "Regularized Discriminant Analysis"; Hastie, Tibshirani and Friedman 2009, section 4.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.base.types import Affine, Floats, softmax
from headstart.evidence.calibration import cautious_temperature
from headstart.evidence.metrics import bounded_log_losses
from headstart.heads.share_done import done, one_of
from headstart.heads.training import (
    MOST_NUMBERS,
    Fitted,
    HeadData,
    Labels,
    RowNumbers,
    Size,
    Standard,
    check_training,
    in_floats,
    number_among,
    pieces,
    with_absent,
)
from headstart.records.record import Scalar

# Shares of the way from the measured covariance to that of features which vary alike and independently.
SHRINKAGES = (0.01, 0.03, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 0.95)
_NEVER = -1e9  # the score of a class without a row


def fit(
    X: Floats,
    y: Labels,
    classes: int,
    *,
    folds: NDArray[np.integer[Any]],
    seed: int = 0,  # noqa: ARG001 - nothing here is random; every head takes one
    blocks: Sequence[int] = (),
) -> Fitted:
    """Return linear discriminant analysis, its shrinkage and one temperature chosen on out-of-fold scores.

    The shrinkage with the least log loss, at its best temperature, is taken.

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

    Returns
    -------
    Fitted
        The head is an `Affine` with standardisation folded in; ``chosen["shrinkage"]`` is between 0 and 1.

    Raises
    ------
    ConfigError
        If shapes do not fit, a feature is not finite, a class has no row, or all rows are in one fold.
    """
    training = check_training("lda", X, y, classes, folds, blocks=blocks, exact=False)
    found = np.empty((len(SHRINKAGES), len(training.labels), classes))
    count = len(training.folds) + 1
    for place, (train, held) in enumerate(training.splits()):
        with one_of(place, count):
            spread = _Spread.of(training, train)
            for number, shrinkage in enumerate(SHRINKAGES):
                done(0.5 + 0.5 * number / len(SHRINKAGES))
                found[number, held] = spread.scores(shrinkage, training.features[held])
    candidates = [_judged(scores, training.labels) for scores in found]
    best = min(range(len(candidates)), key=lambda number: candidates[number])
    with one_of(count - 1, count):
        head = _Spread.of(training, training.rows).head(SHRINKAGES[best], temperature=candidates[best][1])
    return Fitted(head=head, chosen={"shrinkage": SHRINKAGES[best]}, out_of_fold=found[best], converged=True)


def solve(X: Floats, y: Labels, classes: int, chosen: Mapping[str, Scalar], *, blocks: Sequence[int] = ()) -> Affine:
    """Return the same with a shrinkage that was chosen before, ``chosen["shrinkage"]``, at temperature 1.

    Parameters
    ----------
    X : array, (n, D)
    y : array of int, (n,)
        From 0 to ``classes - 1``; a class may be absent, and is then never the answer.
    classes : int
    chosen : mapping
        As in `Fitted`.
    blocks : sequence of int
        How many features each part of a readout has, in order; without them all are one part.
    """
    training = HeadData(in_floats(X), np.asarray(y, np.int64), classes, (), tuple(blocks))
    return _Spread.of(training, training.rows).head(number_among(chosen, "shrinkage"))


def memory(size: Size) -> int:
    """Return the bytes that `fit` and `solve` take at the most: see `headstart.heads.HeadMethod`."""
    short = min(size.rows, size.features)
    piece = 8 * min(MOST_NUMBERS, size.rows * size.features)
    return 2 * size.matrix + piece + 3 * 8 * short**2 + (len(SHRINKAGES) + 4) * size.answers


def _judged(scores: Floats, labels: Labels) -> tuple[float, float]:
    """Return the loss of out-of-fold scores at their best temperature, and that temperature."""
    temperature = cautious_temperature(scores, labels)
    return float(bounded_log_losses(labels, softmax(scores / temperature)).mean()), temperature


@dataclass(frozen=True, eq=False)
class _Spread:
    """Class means of standardised features, and what is known of how pictures of one class differ.

    Parameters
    ----------
    standard : Standard
    present : array of int, (p,)
        Classes with a row.
    shares : array, (p,)
        Which share of the rows each has.
    means : array, (p, D)
    usual : float
        Mean variance of a feature within classes.
    values : array, (r,)
        Eigenvalues of the covariance within classes, the rest is 0.
    along : array, (r, D)
        Its eigenvectors as rows.
    rows, classes : int
    """

    standard: Standard
    present: NDArray[np.int64]
    shares: Floats
    means: Floats
    usual: float
    values: Floats
    along: Floats
    rows: int
    classes: int

    @classmethod
    def of(cls, training: HeadData, rows: RowNumbers) -> _Spread:
        """Return what some rows tell."""
        features, labels = training.features, training.labels[rows]
        standard = Standard.of(features[rows], training.blocks)
        counts = np.bincount(labels, minlength=training.classes)
        present = np.flatnonzero(counts)
        place = np.cumsum(counts > 0) - 1
        within = standard.rows(features, rows)
        means = np.zeros((len(present), within.shape[1]))
        np.add.at(means, place[labels], within)
        means /= counts[present, None]
        for at in pieces(slice(0, len(rows)), within.shape[1]):
            within[at] -= means[place[labels[at]]]
        # With two pictures of a class next to nothing is known of how they differ. So one is added that differs as
        # pictures of all classes do, by 1 in each standardised feature.
        freedom = len(rows) - len(present) + 1
        usual = (float(np.vdot(within, within)) / within.shape[1] + 1) / freedom
        values, along = _axes(within)
        shares = counts[present] / len(rows)
        return cls(standard, present, shares, means, usual, values / freedom, along, len(rows), training.classes)

    def scores(self, shrinkage: float, features: Floats) -> Floats:
        """Return scores, (n, classes); a class without a row gets the probability of one in rows + 1."""
        return with_absent(self.head(shrinkage).scores(features), self.present, self.rows)

    def head(self, shrinkage: float, temperature: float = 1.0) -> Affine:
        """Return the classifier with so much shrinkage; a class without a row is never its answer."""
        floor = shrinkage * self.usual
        known = self.along @ self.means.T
        # Outside the measured directions the shrunken covariance is `floor`, along them more.
        more = (1 / ((1 - shrinkage) * self.values + floor) - 1 / floor)[:, None] * known
        found = self.means.T / floor + self.along.T @ more
        weight = np.zeros((self.classes, self.means.shape[1]))
        bias = np.full(self.classes, _NEVER)
        weight[self.present] = found.T
        bias[self.present] = np.log(self.shares) - (self.means * found.T).sum(axis=1) / 2
        narrow = (weight / self.standard.scale).astype(np.float32)
        # From the rounded weights, so that rounding only acts on distances from the mean.
        bias -= narrow.astype(np.float64) @ self.standard.mean
        return Affine(weight=narrow, bias=bias, temperature=temperature)


def _axes(within: Floats) -> tuple[Floats, Floats]:
    """Return eigenvalues and eigenvectors, as rows, of the scatter of centred rows, (n, D); those of 0 left out."""
    n, size = within.shape
    if n < size:
        values, vectors = np.linalg.eigh(within @ within.T)
    else:
        values, vectors = np.linalg.eigh(within.T @ within)
    kept = values > max(values[-1], 0.0) * max(n, size) * np.finfo(np.float64).eps
    values, vectors = values[kept], vectors[:, kept]
    along = vectors.T @ within / np.sqrt(values)[:, None] if n < size else vectors.T
    return values, np.ascontiguousarray(along)
