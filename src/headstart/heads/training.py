"""What every head is given and gives back: features, labels and folds in; a fitted head out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from headstart.base.params import bad_parameter, check_integer
from headstart.base.types import Floats, Head

Labels = NDArray[np.integer[Any]]
Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Fitted:
    """A head, what was chosen for it inside the training split, and how it went.

    Parameters
    ----------
    head : Head
        Solved on all rows.
    chosen : dict
        The settings that cross-validation chose, such as ``{"C": 0.01}``.
    out_of_fold : array, (n, classes)
        Scores of each row from the head that was solved, with the chosen settings, without its fold.
        They are before the temperature.
    converged : bool
        Whether the solver reached its tolerance.
    warnings : tuple of str
        Sentences that a person should read.
    """

    head: Head
    chosen: dict[str, Any]
    out_of_fold: Floats | None
    converged: bool
    warnings: tuple[str, ...] = ()


class Fitter(Protocol):
    """What each head's module offers."""

    def __call__(self, X: Floats, y: Labels, classes: int, *, folds: NDArray[np.integer[Any]], seed: int = 0) -> Fitted:
        """Return the head fitted to features X, (n, D), and labels y, (n,)."""


class Solver(Protocol):
    """The same with settings that are known, `chosen` as in `Fitted`."""

    def __call__(self, X: Floats, y: Labels, classes: int, chosen: Mapping[str, Any]) -> Head:
        """Return the head solved on features X, (n, D), and labels y, (n,)."""


@dataclass(frozen=True, eq=False)
class Training:
    """Checked material of one head: features, labels, and the folds as rows."""

    features: Floats
    labels: Labels
    classes: int
    folds: tuple[Rows, ...]

    @property
    def rows(self) -> Rows:
        """All rows."""
        return np.arange(len(self.labels))

    def splits(self) -> Iterator[tuple[Rows, Rows]]:
        """Yield (training rows, held-out rows), fold by fold."""
        for held in self.folds:
            yield np.setdiff1d(self.rows, held), held


def check_training(
    owner: str, X: Floats, y: Labels, classes: int, folds: NDArray[np.integer[Any]], *, exact: bool = True
) -> Training:
    """Return the material, checked; `owner` is the head, for the message.

    With `exact` the features are in float64, else in the precision in which they come.

    Raises
    ------
    ConfigError
        If shapes do not fit, a feature is not finite, a class has no picture, or there is only one fold.
    """
    classes = check_integer("classes", owner, classes, least=2)
    features = np.asarray(X, np.float64 if exact or not np.issubdtype(np.asarray(X).dtype, np.floating) else None)
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
    return Training(features, labels, classes, tuple(np.flatnonzero(folds == one) for one in numbers))


def _all_finite(features: Floats) -> bool:
    """Return whether every number is finite: so is their sum, which takes no room, unless that overflows."""
    return bool(np.isfinite(features.sum(dtype=np.float64))) or bool(np.isfinite(features).all())


@dataclass(frozen=True, eq=False)
class Standard:
    """Standardisation learned on some rows: a feature that is constant there is only centred."""

    mean: Floats
    scale: Floats

    @classmethod
    def of(cls, features: Floats) -> Standard:
        """Return mean and standard deviation of the columns of `features`, (n, D)."""
        return cls.from_moments(features.mean(axis=0), features.std(axis=0))

    @classmethod
    def from_moments(cls, mean: Floats, scale: Floats) -> Standard:
        """Return the same from mean and standard deviation."""
        # Features come as float32: below its resolution a spread is rounding, not a difference.
        varies = scale > 1e-6 * np.abs(mean)
        return cls(mean, np.where(varies & (scale > 0), scale, 1.0))

    def apply(self, features: Floats) -> Floats:
        """Return the features, (n, D), centred and scaled."""
        standard: Floats = (features - self.mean) / self.scale
        return standard
