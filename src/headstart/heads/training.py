"""What every head is given and gives back: features, labels and folds in; a fitted head out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from headstart.base.params import bad_parameter, check_integer
from headstart.base.types import Floats, Head
from headstart.records.findings import Finding
from headstart.records.record import Scalar

Labels = NDArray[np.integer[Any]]
RowNumbers = NDArray[np.intp]

MOST_NUMBERS = 2**24  # of a piece that is copied: 128 MB


@dataclass(frozen=True, eq=False)
class Fitted:
    """A head, what was chosen for it inside the training split, and how it went.

    Parameters
    ----------
    head : Head
        Solved on all rows.
    chosen : mapping
        The settings that cross-validation chose, such as ``{"C": 0.01}``.
    out_of_fold : array, (n, classes)
        Scores of each row from the head that was solved, with the chosen settings, without its fold.
        They are before the temperature.
    converged : bool
        Whether the solver reached its tolerance.
    warnings : tuple of Finding
    """

    head: Head
    chosen: Mapping[str, Scalar]
    out_of_fold: Floats | None
    converged: bool
    warnings: tuple[Finding, ...] = ()


class Fitter(Protocol):
    """What each head's module offers."""

    def __call__(
        self,
        X: Floats,
        y: Labels,
        classes: int,
        *,
        folds: NDArray[np.integer[Any]],
        seed: int = 0,
        blocks: Sequence[int] = (),
    ) -> Fitted:
        """Return the head fitted to features X, (n, D), and labels y, (n,).

        `blocks` are the numbers of features of each part of a readout, in order; without them all are one part.
        """


class Solver(Protocol):
    """The same with settings that are known, `chosen` as in `Fitted`."""

    def __call__(
        self, X: Floats, y: Labels, classes: int, chosen: Mapping[str, Scalar], *, blocks: Sequence[int] = ()
    ) -> Head:
        """Return the head solved on features X, (n, D), and labels y, (n,)."""


class Size(NamedTuple):
    """How large a problem is: rows, features, classes and folds (1: settings are known, and nothing is chosen)."""

    rows: int
    features: int
    classes: int
    folds: int

    @property
    def matrix(self) -> int:
        """Bytes of a copy of the features in float64."""
        return 8 * self.rows * self.features

    @property
    def answers(self) -> int:
        """Bytes of one score for each row and class."""
        return 8 * self.rows * self.classes


def some_copies(size: Size) -> int:
    """Return what a head may take of which nothing is known: features four times, and as many answers."""
    return 4 * (size.matrix + size.answers)


@dataclass(frozen=True)
class HeadMethod:
    """A row of `headstart.heads.HEADS`.

    Parameters
    ----------
    fit : callable
        How a head is fitted.
    solve : callable
        How it is solved where its settings are known.
    memory : callable
        Returns how many bytes either takes at the most, the given features not counted.
    """

    fit: Fitter
    solve: Solver
    memory: Callable[[Size], int] = some_copies


def pieces(run: slice, size: int, numbers: int = MOST_NUMBERS) -> list[slice]:
    """Return pieces of a run of rows of `size` numbers each, none of more than so many in all."""
    most = max(1, numbers // size)
    return [slice(begin, min(begin + most, run.stop)) for begin in range(run.start, run.stop, most)]


def number_among(chosen: Mapping[str, Scalar], name: str) -> float:
    """Return the number that was chosen for a setting.

    Raises
    ------
    ConfigError
        If it is missing, or no number.
    """
    value = chosen.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise bad_parameter("chosen", "solve", f"a number called '{name}'", value)
    return value


@dataclass(frozen=True, eq=False)
class HeadData:
    """Checked material of one head: features, labels, the folds as rows, and how many features each block has."""

    features: Floats
    labels: Labels
    classes: int
    folds: tuple[RowNumbers, ...]
    blocks: tuple[int, ...] = ()

    @property
    def rows(self) -> RowNumbers:
        """All rows."""
        return np.arange(len(self.labels))

    def splits(self) -> Iterator[tuple[RowNumbers, RowNumbers]]:
        """Yield (training rows, held-out rows), fold by fold."""
        for held in self.folds:
            yield np.setdiff1d(self.rows, held), held


def check_training(
    owner: str,
    X: Floats,
    y: Labels,
    classes: int,
    folds: NDArray[np.integer[Any]],
    *,
    blocks: Sequence[int] = (),
    exact: bool = True,
) -> HeadData:
    """Return the material, checked; `owner` is the head, for the message.

    With `exact` the features are in float64, else in the precision in which they come.

    Raises
    ------
    ConfigError
        If shapes do not fit, a feature is not finite, a class has no picture, there is only one fold, or the blocks do
        not add up to the features.
    """
    classes = check_integer("classes", owner, classes, least=2)
    features = np.asarray(X, np.float64) if exact else in_floats(X)
    labels = np.asarray(y, np.int64)
    if features.ndim != 2 or 0 in features.shape or not _all_finite(features):
        raise bad_parameter("X", owner, "finite features, (pictures, features)", features.shape)
    if labels.shape != features.shape[:1] or labels.min() < 0 or labels.max() >= classes:
        raise bad_parameter("y", owner, f"one label from 0 to {classes - 1} for each row", labels.shape)
    absent = np.flatnonzero(np.bincount(labels, minlength=classes) == 0)
    if len(absent):
        raise bad_parameter("y", owner, "labels with every class among them", f"none of class {absent[0]}")
    numbers = np.unique(folds)
    if np.shape(folds) != labels.shape or len(numbers) < 2:
        raise bad_parameter("folds", owner, "one number for each row, two or more in all", np.shape(folds))
    if len(blocks) and (min(blocks) < 1 or sum(blocks) != features.shape[1]):
        raise bad_parameter("blocks", owner, f"numbers of features that add up to {features.shape[1]}", tuple(blocks))
    return HeadData(
        features, labels, classes, tuple(np.flatnonzero(folds == one) for one in numbers), tuple(map(int, blocks))
    )


def with_absent(scores: Floats, present: Labels, rows: int) -> Floats:
    """Return scores, (n, classes), in which every class without a row has the probability of one in `rows` + 1."""
    absent = np.setdiff1d(np.arange(scores.shape[1]), present)
    if not len(absent):
        return scores
    found = scores.copy()
    found[:, absent] = logsumexp(scores[:, present], axis=1, keepdims=True) - np.log(rows + 1)
    return found


def in_floats(X: Floats) -> Floats:
    """Return the features in the precision in which they come, whole numbers in float64."""
    values = np.asarray(X)
    return values if np.issubdtype(values.dtype, np.floating) else values.astype(np.float64)


def _all_finite(features: Floats) -> bool:
    """Return whether every number is finite: so is their sum, which takes no room, unless that overflows."""
    return bool(np.isfinite(features.sum(dtype=np.float64))) or bool(np.isfinite(features).all())


@dataclass(frozen=True, eq=False)
class Standard:
    """Standardisation learned on some rows: each feature centred, and divided by its deviation or more.

    A feature that is silent in nearly all rows has a deviation near 0. Divided by that, one new picture in which it
    speaks would stand thousands of deviations away, and drown all else. So nothing is divided by less than the usual
    deviation of its block, the mean of the middle half: what differs little is never made larger than what differs
    much, and neither many silent features nor a few loud ones say what is usual. A feature that is constant is only
    centred.
    """

    mean: Floats
    scale: Floats

    @classmethod
    def of(cls, features: Floats, blocks: Sequence[int] = ()) -> Standard:
        """Return the standardisation of the columns of `features`, (n, D).

        Parameters
        ----------
        features : array, (n, D)
        blocks : sequence of int
            How many features each part of a readout has, in order: features of one part have one unit. Without them all
            are one part.
        """
        mean, deviation = np.empty(features.shape[1]), np.empty(features.shape[1])
        most = max(8, MOST_NUMBERS // len(features))
        # Some columns at a time, never one alone: so each is summed up row by row, as in one go, and only they are
        # copied.
        for at in np.array_split(np.arange(features.shape[1]), -(-features.shape[1] // most)):
            here = slice(at[0], at[-1] + 1)
            columns = np.asarray(features[:, here], np.float64)
            mean[here], deviation[here] = columns.mean(axis=0), columns.std(axis=0)
        return cls.from_moments(mean, deviation, blocks)

    @classmethod
    def from_moments(cls, mean: Floats, deviation: Floats, blocks: Sequence[int] = ()) -> Standard:
        """Return the same from mean and standard deviation, (D,) each."""
        # Features come as float32: below its resolution a spread is rounding, not a difference.
        differs = np.where(deviation > 1e-6 * np.abs(mean), deviation, 0.0)
        ends = np.cumsum(blocks if len(blocks) else (len(differs),))
        parts = np.split(differs, ends[:-1])
        return cls(mean, np.concatenate([_scales(part) for part in parts]))

    def apply(self, features: Floats) -> Floats:
        """Return the features, (n, D), centred and scaled."""
        standard: Floats = (features - self.mean) / self.scale
        return standard

    def rows(self, features: Floats, rows: RowNumbers) -> Floats:
        """Return some rows of the features, (some, D) float64, centred and scaled; nothing else is made as large."""
        found = np.empty((len(rows), features.shape[1]))
        for at in pieces(slice(0, len(rows)), features.shape[1]):
            np.subtract(features[rows[at]], self.mean, out=found[at])
            found[at] /= self.scale
        return found


def _scales(deviation: Floats) -> Floats:
    """Return by what the features of one block are divided, (d,)."""
    differs = np.sort(deviation[deviation > 0])
    if not len(differs):
        return np.ones_like(deviation)
    quarter = len(differs) // 4
    return np.asarray(np.maximum(deviation, differs[quarter : len(differs) - quarter].mean()))
