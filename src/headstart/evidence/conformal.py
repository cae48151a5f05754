"""Prediction sets: all classes that a picture may well be, so that the true one is among them as often as stated.

A class belongs to the set if its probability reaches a threshold: the one that the true classes of held-out pictures
have reached as often as stated (split-conformal prediction). Of few pictures little can be stated: 95 % needs 19.

Nothing here imports more than NumPy and records: predicting must start at once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.base.params import bad_parameter, check_number
from headstart.base.types import Floats
from headstart.records.bundle import SetThresholds

Labels = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]

LEVELS = (0.8, 0.9, 0.95, 0.99)
USUAL = 0.95  # what `predict` shows


@dataclass(frozen=True, kw_only=True)
class PredictionSets:
    """What a class's probability must reach to be in the set, for each stated coverage.

    Parameters
    ----------
    thresholds : mapping of float to float or None
        By level; None where there were too few held-out pictures for it.
    pictures : int
        Held-out pictures from which they come.
    units : int
        Groups of such pictures; as many as pictures where each stands for itself.
    """

    thresholds: Mapping[float, float | None]
    pictures: int
    units: int

    def members(self, probabilities: Floats, level: float = USUAL) -> Flags | None:
        """Return which classes are in the set of each picture, (n, classes); None if there are no sets at `level`.

        Where no class reaches the threshold, the set is the answer alone: an empty one would help nobody, and only
        raises the coverage.
        """
        threshold = self.thresholds.get(level)
        if threshold is None:
            return None
        values = np.asarray(probabilities)
        inside: Flags = values >= threshold
        best = values.argmax(axis=1)
        inside[np.arange(len(values)), best] |= ~inside.any(axis=1)
        return inside

    def record(self) -> SetThresholds:
        """Return what a bundle keeps of them."""
        thresholds = {str(level): threshold for level, threshold in self.thresholds.items()}
        return SetThresholds(pictures=self.pictures, units=self.units, thresholds=thresholds)

    @classmethod
    def from_record(cls, record: SetThresholds) -> PredictionSets:
        """Return the sets that `record` has written."""
        thresholds = {float(level): threshold for level, threshold in record.thresholds.items()}
        return cls(thresholds=thresholds, pictures=record.pictures, units=record.units)


def least_units(level: float) -> int:
    """Return how many held-out pictures (or groups) a stated coverage of `level` needs.

    Examples
    --------
    >>> [least_units(level) for level in (0.8, 0.9, 0.95, 0.99)]
    [4, 9, 19, 99]
    """
    level = check_number("level", "least_units", level, least=0.0, most=0.9999)
    return math.ceil(1 / (1 - level) - 1e-9) - 1


def fit_sets(probabilities: Floats, labels: Labels, *, groups: NDArray[np.generic] | None = None) -> PredictionSets:
    """Return the thresholds that the true classes of held-out pictures reach as often as each level states.

    Parameters
    ----------
    probabilities : array, (n, classes)
        Of pictures from which the classifier has not learned. Rows that hold NaN were not asked and are left out.
    labels : array of int, (n,)
    groups : array, (n,), optional
        What each picture belongs to. A group counts once, however many pictures it has; None: each stands for itself.

    Raises
    ------
    ConfigError
        If the lengths differ.

    Notes
    -----
    Sadinle, Lei, Wasserman 2019, "Least Ambiguous Set-Valued Classifiers With Bounded Error Levels" (the score);
    Lee, Barber, Willett 2023, "Distribution-free inference with hierarchical data", section 3 (groups: each is a share
    1 / (groups + 1) of the whole, divided among its pictures). With single pictures it is the usual quantile, number
    ceil((n + 1) level) of the scores. If these pictures and new ones are drawn alike, and nothing was chosen on them,
    the true class of a new picture is in the set with at least the stated probability.
    """
    values, labels = np.asarray(probabilities, np.float64), np.asarray(labels)
    if values.ndim != 2 or len(values) != len(labels) or (groups is not None and len(groups) != len(labels)):
        lengths = (values.shape, len(labels), None if groups is None else len(groups))
        raise bad_parameter("probabilities", "fit_sets", "one row for each label and group", lengths)
    asked = np.flatnonzero(np.isfinite(values).all(axis=1))
    names = None if groups is None else np.asarray(groups)[asked]
    missed = -values[asked, labels[asked]]
    limits = {level: limit_of(missed, level, groups=names) for level in LEVELS}
    return PredictionSets(
        thresholds={level: None if limit is None else -limit for level, limit in limits.items()},
        pictures=len(asked),
        units=len(asked) if names is None else len(np.unique(names)),
    )


def limit_of(scores: Floats, level: float, *, groups: NDArray[np.generic] | None = None) -> float | None:
    """Return what the score of a new picture stays within with probability `level`, or more; None if too few are known.

    Parameters
    ----------
    scores : array, (n,)
        Of held-out pictures, drawn as the new one is.
    level : float
    groups : array, (n,), optional
        As for `fit_sets`.
    """
    names = np.arange(len(scores)) if groups is None else groups
    _, unit, sizes = np.unique(names, return_inverse=True, return_counts=True)
    if len(sizes) < least_units(level):
        return None
    order = np.argsort(scores, kind="stable")
    sums = np.cumsum(1.0 / (sizes[unit[order]] * (len(sizes) + 1.0)))
    # Sums of many small weights are off by rounding; a picture more or less would be far more than this.
    place = int(np.searchsorted(sums, level - 1e-9))
    return float(scores[order[min(place, len(order) - 1)]])
