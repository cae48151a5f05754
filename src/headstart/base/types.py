"""The heads that travel through every layer, and the arithmetic that they share.

A head is arrays and a few numbers, and nothing else. Its `scores` are computed in float64, so that the answer for one
picture does not depend on which others are asked beside it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]  # floating; NumPy's own stubs lose the kind at every operation
Number = int | float

MOST_NUMBERS = 2**23  # of a table of pairs, or of features in float64, at a time: 64 MB


@dataclass(frozen=True, kw_only=True, eq=False)
class Head(ABC):
    """Turns features into probabilities. A new kind of head is a subclass: ``class Mine(Head, kind="mine")``.

    Its fields are NumPy arrays and plain numbers. From them a bundle is written and read, so it needs to know nothing
    of a kind but its name.

    Parameters
    ----------
    temperature : float
        The scores are divided by it before the softmax.
    """

    temperature: float = 1.0
    kind: ClassVar[str]

    def __init_subclass__(cls, *, kind: str) -> None:
        """Enter the class in `HEAD_KINDS`, under the name that bundles know it by."""
        super().__init_subclass__()
        standing = HEAD_KINDS.get(kind)
        if standing is not None and (standing.__module__, standing.__qualname__) != (cls.__module__, cls.__qualname__):
            raise ValueError(f"two kinds of heads are called '{kind}'")
        cls.kind = kind
        HEAD_KINDS[kind] = cls

    @abstractmethod
    def scores(self, features: Floats) -> Floats:
        """Return scores, (n, classes), of features, (n, features)."""

    @abstractmethod
    def flops(self) -> float:
        """Return multiplications and additions for one picture."""

    @property
    @abstractmethod
    def numbers(self) -> int:
        """How many numbers it holds."""

    @property
    @abstractmethod
    def fitted_numbers(self) -> int:
        """How many of them were fitted: coefficients, not remembered pictures."""

    def probabilities(self, features: Floats) -> Floats:
        """Return probabilities, (n, classes)."""
        return softmax(self.scores(features) / self.temperature)

    def widened(self) -> Head:
        """Return the same head with its arrays in float64, in which it computes: see `Model.widened`."""
        wide = {name: in_rows(value) for name, value in self.arrays().items() if value.dtype.kind == "f"}
        return replace(self, **wide)  # type: ignore[arg-type]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return its arrays by name."""
        return {name: value for name, value in self._values() if isinstance(value, np.ndarray)}

    def scalars(self) -> dict[str, Number]:
        """Return its single numbers by name."""
        return {
            name: value.item() if isinstance(value, np.generic) else value
            for name, value in self._values()
            if not isinstance(value, np.ndarray)
        }

    def _values(self) -> list[tuple[str, Any]]:
        return [(one.name, getattr(self, one.name)) for one in fields(self)]


HEAD_KINDS: dict[str, type[Head]] = {}


def head_of(kind: str, arrays: Mapping[str, NDArray[Any]], scalars: Mapping[str, Number]) -> Head:
    """Return the head whose `Head.arrays` and `Head.scalars` these are.

    Raises
    ------
    KeyError
        If there is no such kind, or it lacks something; the key is named.
    ValueError
        If it has something that this kind does not have.
    """
    if kind not in HEAD_KINDS:
        raise KeyError(f"head.kind: this headstart knows no head '{kind}'")
    values = {**scalars, **arrays}
    names = {one.name for one in fields(HEAD_KINDS[kind])}
    for name in sorted(names - values.keys()):
        raise KeyError(f"head.{name}")
    for name in sorted(values.keys() - names):
        raise ValueError(f"head.{name}")
    make: Callable[..., Head] = HEAD_KINDS[kind]
    return make(**values)


@dataclass(frozen=True, kw_only=True, eq=False)
class Affine(Head, kind="affine"):
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

    def scores(self, features: Floats) -> Floats:
        """Return scores, (n, classes), of features, (n, features)."""
        weight = in_rows(self.weight).T
        return _in_pieces(lambda some: np.asarray(in_rows(some) @ weight + self.bias), features, features.shape[1])

    def flops(self) -> float:
        """Return multiplications and additions for one picture."""
        return 2.0 * self.weight.size

    @property
    def numbers(self) -> int:
        """How many numbers it holds."""
        return self.weight.size + self.bias.size

    @property
    def fitted_numbers(self) -> int:
        """How many of them were fitted."""
        return self.numbers


@dataclass(frozen=True, kw_only=True, eq=False)
class Kernel(Head, kind="kernel"):
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

    def scores(self, features: Floats) -> Floats:
        """Return margins, (n, classes), of features, (n, features)."""
        support, coefficients = in_rows(self.support), in_rows(self.coefficients)

        def margins(some: Floats) -> Floats:
            kernel = squared_distances((in_rows(some) - self.mean) / self.scale, support)
            kernel *= -self.gamma
            return np.asarray(np.exp(kernel, out=kernel) @ coefficients + self.bias)

        return _in_pieces(margins, features, max(features.shape[1], len(support)))

    def flops(self) -> float:
        """Return multiplications and additions for one picture."""
        return 2.0 * self.support.size + 2.0 * self.coefficients.size

    @property
    def numbers(self) -> int:
        """How many numbers it holds."""
        return self.support.size + self.coefficients.size + self.bias.size

    @property
    def fitted_numbers(self) -> int:
        """How many of them were fitted."""
        return self.coefficients.size + self.bias.size


@dataclass(frozen=True, kw_only=True, eq=False)
class Neighbours(Head, kind="neighbours"):
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
    sharpness: float = field(default=1 / 0.07)

    def scores(self, features: Floats) -> Floats:
        """Return log shares of the vote, (n, classes), of features, (n, features)."""
        own: Floats = self.scores_by((self.k,), features)[0]
        return own

    def scores_by(self, numbers: Sequence[int], features: Floats) -> Floats:
        """Return the scores where so many neighbours vote, (numbers, n, classes): all from the same similarities."""
        examples = in_rows(self.examples)

        def votes(some: Floats) -> Floats:
            standard = unit_rows((in_rows(some) - self.mean) / self.scale)
            farness: Floats = standard @ examples.T
            np.negative(farness, out=farness)
            return np.asarray(np.stack([self._votes(farness, min(k, len(examples))) for k in numbers], axis=1))

        by_rows: Floats = np.moveaxis(_in_pieces(votes, features, max(features.shape[1], len(examples))), 1, 0)
        return by_rows

    def _votes(self, farness: Floats, k: int) -> Floats:
        """Return log shares of the vote of the k nearest, (n, classes); `farness` are similarities below zero."""
        nearest = np.argpartition(farness, k - 1, axis=1)[:, :k]
        weight = np.exp(self.sharpness * (-np.take_along_axis(farness, nearest, axis=1) - 1.0))
        votes = np.zeros((len(farness), self.classes))
        rows = np.arange(len(farness))[:, None]
        np.add.at(votes, (rows, self.labels[nearest]), weight / weight.sum(axis=1, keepdims=True))
        scores: Floats = np.log(votes + 1.0 / (k * self.classes))
        return scores

    def flops(self) -> float:
        """Return multiplications and additions for one picture."""
        return 2.0 * self.examples.size

    @property
    def numbers(self) -> int:
        """How many numbers it holds."""
        return self.examples.size

    @property
    def fitted_numbers(self) -> int:
        """How many of them were fitted."""
        return 0


def _in_pieces(answer: Callable[[Floats], Floats], features: Floats, width: int) -> Floats:
    """Return what is answered for all rows, some at a time where tables of `width` columns would grow too large."""
    most = max(1, MOST_NUMBERS // width)
    if len(features) <= most:
        return answer(features)
    return np.concatenate([answer(features[begin : begin + most]) for begin in range(0, len(features), most)])


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
    products: Floats = a @ b.T  # in its place, for a table of all pairs is the largest that there is
    products *= 2.0
    of_a, of_b = np.sum(a * a, axis=1)[:, None], np.sum(b * b, axis=1)[None, :]
    most = max(1, MOST_NUMBERS // max(len(b), 1))
    for at in (slice(begin, begin + most) for begin in range(0, len(a), most)):
        np.subtract(of_a[at] + of_b, products[at], out=products[at])
    return np.maximum(products, 0.0, out=products)


def unit_rows(values: Floats) -> Floats:
    """Return the rows scaled to Euclidean length 1 (rows of zeros stay)."""
    length = np.linalg.norm(values, axis=1, keepdims=True)
    scaled: Floats = values / np.where(length > 0, length, 1.0)
    return scaled
