"""The heads that travel through every layer, and the arithmetic that they share.

A head is arrays and nothing else. Its `scores` are computed in float64, so that the answer for one
picture does not depend on which others are asked beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]  # floating; NumPy's own stubs lose the kind at every operation


@dataclass(frozen=True, kw_only=True, eq=False)
class Affine:
    """A head whose scores are ``features @ weight.T + bias``; standardisation is folded in.

    Parameters
    ----------
    weight : array, (classes, features)
    bias : array, (classes,)
    temperature : float
        The scores are divided by it before the softmax.
    """

    weight: Floats
    bias: Floats
    temperature: float = 1.0
    kind: Literal["affine"] = "affine"

    def scores(self, features: Floats) -> Floats:
        """Return scores, (n, classes), of features, (n, features)."""
        return in_rows(features) @ in_rows(self.weight).T + self.bias

    def probabilities(self, features: Floats) -> Floats:
        """Return probabilities, (n, classes)."""
        return softmax(self.scores(features) / self.temperature)

    def flops(self) -> float:
        """Return multiplications and additions for one picture."""
        return 2.0 * self.weight.size


@dataclass(frozen=True, kw_only=True, eq=False)
class Kernel:
    """A support vector machine, one against the rest, on one radial kernel.

    ``scores = exp(-gamma * |(x - mean) / scale - support|^2) @ coefficients + bias``

    Parameters
    ----------
    support : array, (pictures, features)
        Standardised features of the pictures that some machine leans on.
    coefficients : array, (pictures, classes)
    bias : array, (classes,)
    mean, scale : array, (features,)
    gamma : float
    temperature : float
        The margins are divided by it before the softmax.
    """

    support: Floats
    coefficients: Floats
    bias: Floats
    mean: Floats
    scale: Floats
    gamma: float
    temperature: float = 1.0
    kind: Literal["kernel"] = "kernel"

    def scores(self, features: Floats) -> Floats:
        """Return margins, (n, classes), of features, (n, features)."""
        standard = (in_rows(features) - self.mean) / self.scale
        kernel = np.exp(-self.gamma * squared_distances(standard, in_rows(self.support)))
        return kernel @ in_rows(self.coefficients) + self.bias

    def probabilities(self, features: Floats) -> Floats:
        """Return probabilities, (n, classes)."""
        return softmax(self.scores(features) / self.temperature)

    def flops(self) -> float:
        """Return multiplications and additions for one picture."""
        return 2.0 * self.support.size + 2.0 * self.coefficients.size


@dataclass(frozen=True, kw_only=True, eq=False)
class Neighbours:
    """The nearest neighbours by cosine similarity, each voting with ``exp(similarity / 0.07)``.

    Source of the vote: Wu et al. 2018, "Unsupervised Feature Learning via Non-Parametric Instance
    Discrimination", section 3.4; one smoothing vote per class keeps every probability above zero.

    Parameters
    ----------
    examples : array, (pictures, features)
        Standardised features scaled to length 1.
    labels : array of int, (pictures,)
    mean, scale : array, (features,)
    k : int
        How many neighbours vote.
    classes : int
    """

    examples: Floats
    labels: NDArray[np.integer[Any]]
    mean: Floats
    scale: Floats
    k: int
    classes: int
    temperature: float = 1.0
    kind: Literal["neighbours"] = "neighbours"
    sharpness: float = field(default=1 / 0.07)

    def scores(self, features: Floats) -> Floats:
        """Return log shares of the vote, (n, classes), of features, (n, features)."""
        standard = unit_rows((in_rows(features) - self.mean) / self.scale)
        similarity = standard @ in_rows(self.examples).T
        k = min(self.k, similarity.shape[1])
        nearest = np.argpartition(-similarity, k - 1, axis=1)[:, :k]
        weight = np.exp(self.sharpness * (np.take_along_axis(similarity, nearest, axis=1) - 1.0))
        votes = np.zeros((len(standard), self.classes))
        rows = np.arange(len(standard))[:, None]
        np.add.at(votes, (rows, self.labels[nearest]), weight / weight.sum(axis=1, keepdims=True))
        scores: Floats = np.log(votes + 1.0 / (k * self.classes))
        return scores

    def probabilities(self, features: Floats) -> Floats:
        """Return probabilities, (n, classes)."""
        return softmax(self.scores(features) / self.temperature)

    def flops(self) -> float:
        """Return multiplications and additions for one picture."""
        return 2.0 * self.examples.size


Head = Affine | Kernel | Neighbours


def in_rows(values: Floats) -> Floats:
    """Return float64 values in the memory order of rows: a matrix product rounds by the order of its operands."""
    return np.ascontiguousarray(values, np.float64)


def softmax(scores: Floats) -> Floats:
    """Return the softmax over the last axis, in float64."""
    shifted = np.asarray(scores, np.float64) - np.max(scores, axis=-1, keepdims=True)
    powers = np.exp(shifted)
    probabilities: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return probabilities


def squared_distances(a: Floats, b: Floats) -> Floats:
    """Return squared Euclidean distances, (len(a), len(b)), never negative."""
    squares = np.sum(a * a, axis=1)[:, None] + np.sum(b * b, axis=1)[None, :] - 2.0 * (a @ b.T)
    clipped: Floats = np.maximum(squares, 0.0)
    return clipped


def unit_rows(values: Floats) -> Floats:
    """Return the rows scaled to Euclidean length 1 (rows of zeros stay)."""
    length = np.linalg.norm(values, axis=1, keepdims=True)
    scaled: Floats = values / np.where(length > 0, length, 1.0)
    return scaled
