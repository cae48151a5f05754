"""What counts as one observation: a picture, or a group of pictures that belong together.

Pictures of one animal or one slide are right and wrong together, so forty of them say less than forty pictures of
forty animals. Where a group has more than one picture, the group is the unit of every interval and test.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

Numbers = NDArray[np.int64]


def numbered(groups: NDArray[np.generic]) -> Numbers | None:
    """Return the group of each picture as a number from 0 on; None if every group is a single picture."""
    names, units = np.unique(np.asarray(groups), return_inverse=True)
    return None if len(names) == len(units) else np.asarray(units, np.int64).reshape(-1)


def design_effect(values: NDArray[np.generic], units: Numbers) -> float:
    """Return how many times as many pictures are needed because they come in groups, 1 or more.

    Parameters
    ----------
    values : array of bool or int, (n,)
        What is averaged: right or wrong, or the difference between two candidates.
    units : array of int, (n,)
        As from `numbered`.

    Notes
    -----
    The variance of the mean with groups as units over that with pictures as units, as in Rao, Scott 1992, "A
    simple method for the analysis of clustered binary data", Biometrics 48. From few surprises it is hardly known:
    with all answers right it would be 0 / 0. So it is drawn towards what it is where a group is always wholly right
    or wholly wrong (Kish 1965, "Survey Sampling": mean size of the group of a picture), as if one group had been
    seen to be so besides those that hold a surprise, a value that is not the most common.
    """
    values = np.asarray(values, np.float64)
    sizes = np.bincount(units)
    at_worst = float(np.sum(np.square(sizes)) / len(values))
    if len(sizes) < 2:
        return at_worst
    apart = values - values.mean()
    spread = float(np.sum(np.square(apart)))
    if spread == 0:
        return at_worst
    between = float(np.sum(np.square(np.bincount(units, weights=apart)))) * len(sizes) / (len(sizes) - 1)
    known, counts = np.unique(values, return_counts=True)
    surprises = len(np.unique(units[values != known[counts.argmax()]]))
    return max(1.0, (between / spread * surprises + at_worst) / (surprises + 1))


def effective(values: NDArray[np.generic], units: Numbers, *, confidence: float = 0.95) -> float:
    """Return how many independent pictures these are worth for an interval: 0 if all belong to one group.

    Parameters
    ----------
    values : array of bool or int, (n,)
    units : array of int, (n,)
        As from `numbered`.
    confidence : float
        Between 0 and 1.

    Notes
    -----
    ``n / design effect``, less what Student's t asks beyond the normal distribution because the variance is
    estimated from the groups (Korn, Graubard 1998, Survey Methodology 24, formula 2.4).
    """
    degrees = int(units.max())
    if degrees == 0:
        return 0.0
    z, t = float(ndtri(0.5 + confidence / 2)), float(stdtrit(degrees, 0.5 + confidence / 2))
    return len(values) / design_effect(values, units) * (z / t) ** 2
