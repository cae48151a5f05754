"""How much of feature maps is inactive, and whether it falls the more of a network is trained.

The same held-out pictures pass every network, so each picture is its own comparison: the interval of a difference is
that of the pictures' own differences.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from headstart.base.params import bad_parameter
from headstart.base.types import Floats
from headstart.evidence.intervals import two_sided_z
from headstart.evidence.units import numbered
from headstart.records.activity import Mean, TrendAnswer

LEVEL = 0.05


@dataclass(frozen=True)
class TrendFound:
    """Whether the inactive share falls the more is trained, and what says so.

    Parameters
    ----------
    answer : str
    unfrozen : tuple of int
        How many stages of each network were trained.
    shares : tuple of float
        The mean share of each.
    whole, beyond, steps
        As in `records.activity.Trend`.
    """

    answer: TrendAnswer
    unfrozen: tuple[int, ...]
    shares: tuple[float, ...]
    whole: Mean
    beyond: Mean | None
    steps: tuple[Mean, ...]


def mean_over(values: Floats, *, groups: NDArray[np.generic] | None = None, confidence: float = 0.95) -> Mean:
    """Return the mean of a number of each picture, with Student's interval.

    Parameters
    ----------
    values : array, (n,)
        One finite number for each picture, at least one.
    groups : array, (n,), optional
        What each picture belongs to; None, or every group a single picture: each stands for itself.
    confidence : float
        Between 0 and 1.

    Raises
    ------
    ConfigError
        If there is no picture, a number is not finite, or lengths differ.

    Notes
    -----
    With groups the mean is a ratio of sums over groups, whose variance is taken from the groups' sums of deviations
    (Cochran 1977, "Sampling Techniques", 6.3); without, each group is one picture and it is the usual formula.

    Examples
    --------
    >>> mean_over(np.array([0.1, 0.2, 0.3])).value
    0.2
    """
    values = np.asarray(values, np.float64)
    two_sided_z(confidence, owner="mean_over")
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise bad_parameter("values", "mean_over", "one finite number for each picture", values.shape)
    if groups is not None and len(groups) != len(values):
        raise bad_parameter("groups", "mean_over", f"one for each of {len(values)} pictures", len(groups))
    mean = float(values.mean())
    units = None if groups is None else numbered(groups)
    apart = values - mean if units is None else np.bincount(units, weights=values - mean)
    count = len(apart)
    if count < 2:
        return Mean(value=mean, interval=None)
    error = math.sqrt(count / (count - 1) * float(np.sum(np.square(apart)))) / len(values)
    half = error * float(stdtrit(count - 1, 0.5 + confidence / 2))
    return Mean(value=mean, interval=(mean - half, mean + half))


def trend(
    unfrozen: Sequence[int], shares: Sequence[Floats], *, groups: NDArray[np.generic] | None = None
) -> TrendFound:
    """Return whether the inactive share falls as more stages are unfrozen.

    Parameters
    ----------
    unfrozen : sequence of int
        How many stages each network was trained from, ascending, 0 (frozen) first; two at least.
    shares : sequence of array, (n,)
        Of each network, each picture's share of inactive units, in the same order of pictures.
    groups : array, (n,), optional
        As for `mean_over`.

    Returns
    -------
    TrendFound
        ``holds``: it fell from the frozen network to the deepest training, also from the shallowest training to the
        deepest, and rose at no step. ``partly``: it fell, but rose at some step, or training at all made the whole
        fall and training more added nothing. ``fails``: it rose, or fell and rose again. ``unclear``: else.

    Raises
    ------
    ConfigError
        If the numbers do not ascend from 0, or arrays do not fit.

    Notes
    -----
    The steps between neighbours are judged together, each at a level of 5 % over their number (Bonferroni).
    """
    if len(unfrozen) < 2 or unfrozen[0] != 0 or list(unfrozen) != sorted(set(unfrozen)):
        raise bad_parameter("unfrozen", "trend", "numbers that ascend from 0, two or more", list(unfrozen))
    if len(shares) != len(unfrozen) or len({len(one) for one in shares}) != 1:
        raise bad_parameter("shares", "trend", f"{len(unfrozen)} arrays of one length", [len(one) for one in shares])
    count = len(unfrozen) - 1
    whole = mean_over(shares[-1] - shares[0], groups=groups)
    steps = tuple(
        mean_over(shares[at + 1] - shares[at], groups=groups, confidence=1 - LEVEL / count) for at in range(count)
    )
    beyond = mean_over(shares[-1] - shares[1], groups=groups) if count > 1 else None
    answer = _answer(whole, beyond, steps)
    means = tuple(float(np.mean(one)) for one in shares)
    return TrendFound(answer, tuple(unfrozen), means, whole, beyond, steps)


def _answer(whole: Mean, beyond: Mean | None, steps: Sequence[Mean]) -> TrendAnswer:
    rises = any(step.rises for step in steps) or (beyond is not None and beyond.rises)
    if whole.falls:
        return "holds" if not rises and (beyond is None or beyond.falls) else "partly"
    return "fails" if whole.rises or rises else "unclear"
