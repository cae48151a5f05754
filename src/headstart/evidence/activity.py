"""How black feature maps are: the share of inactive units, and whether it falls the more of a network is trained.

The same held-out pictures pass every network, so each picture is its own comparison: the interval of a difference is
that of the pictures' own differences.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from headstart.base.params import bad_parameter
from headstart.base.types import Floats
from headstart.evidence.candidate import number_text
from headstart.evidence.intervals import two_sided_z
from headstart.evidence.units import numbered

Answer = Literal["holds", "partly", "fails", "unclear"]

GUESS = "feature maps get less black the more stages are unfrozen"
LEVEL = 0.05


@dataclass(frozen=True)
class Mean:
    """A mean over pictures and its interval; without two units nothing is known of that, and it is None."""

    value: float
    interval: tuple[float, float] | None

    @property
    def falls(self) -> bool:
        """Whether it lies below 0 by more than luck explains."""
        return self.interval is not None and self.interval[1] < 0

    @property
    def rises(self) -> bool:
        """Whether it lies above 0 by more than luck explains."""
        return self.interval is not None and self.interval[0] > 0


@dataclass(frozen=True)
class Trend:
    """Whether the guess holds: an answer in a word, in sentences, and the differences that it comes from.

    `whole` is from the frozen network to the deepest training, `beyond` from the shallowest training to the deepest
    (None where there is one training), `steps` are those between neighbours.
    """

    answer: Answer
    text: str
    whole: Mean
    beyond: Mean | None
    steps: tuple[Mean, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


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
        return Mean(mean, None)
    error = math.sqrt(count / (count - 1) * float(np.sum(np.square(apart)))) / len(values)
    half = error * float(stdtrit(count - 1, 0.5 + confidence / 2))
    return Mean(mean, (mean - half, mean + half))


def trend(unfrozen: Sequence[int], shares: Sequence[Floats], *, groups: NDArray[np.generic] | None = None) -> Trend:
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
    Trend
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
    told = [f"{_opening(answer, steps)}: {_went(0, unfrozen, shares, whole)}."]
    if beyond is not None:
        told += [_stepwise(unfrozen, steps), f"{_went(1, unfrozen, shares, beyond, then='it')}.".capitalize()]
    return Trend(answer, " ".join(told), whole, beyond, steps)


def _answer(whole: Mean, beyond: Mean | None, steps: Sequence[Mean]) -> Answer:
    rises = any(step.rises for step in steps) or (beyond is not None and beyond.rises)
    if whole.falls:
        return "holds" if not rises and (beyond is None or beyond.falls) else "partly"
    return "fails" if whole.rises or rises else "unclear"


def _opening(answer: Answer, steps: Sequence[Mean]) -> str:
    if answer == "unclear":
        return f"Whether {GUESS} cannot be told here"
    how = {"holds": "holds here", "fails": "does not hold here"}.get(answer)
    if how is None and any(step.rises for step in steps):
        how = "holds here on the whole, but not step by step"
    return f"The guess that {GUESS} {how or 'holds here only in that training at all made them so'}"


def _stepwise(unfrozen: Sequence[int], steps: Sequence[Mean]) -> str:
    moved = list(zip((f"from {start} to {end}" for start, end in pairwise(unfrozen)), steps, strict=True))
    turns = [
        f"{'fell' if step.falls else 'rose'} {place} (by {100 * abs(step.value):.1f})"
        for place, step in moved
        if step.falls or step.rises
    ]
    if not turns:
        return "No single step is more than luck explains."
    still = [place for place, step in moved if not (step.falls or step.rises)]
    told = f"Step by step it {_listed(turns)}"
    return f"{told}; {_listed(still)} the pictures cannot tell." if still else f"{told}."


def _went(
    start: int,
    unfrozen: Sequence[int],
    shares: Sequence[Floats],
    change: Mean,
    *,
    then: str = "the share of inactive units",
) -> str:
    """Return how the share went from network number `start` to the last."""
    first, last = (100 * float(np.mean(one)) for one in (shares[start], shares[-1]))
    begin = _stages(unfrozen[start]) if unfrozen[start] else "the frozen network"
    told, ends = f"from {begin} to {_stages(unfrozen[-1])} unfrozen {then}", f"from {first:.1f} to {last:.1f} %"
    if change.interval is None:
        return f"{told} went {ends}, of which one picture or group can say nothing"
    low, high = (100 * end for end in change.interval)
    if not (change.falls or change.rises):
        return f"{told} went {ends}, which luck explains ({low:+.1f} to {high:+.1f} points with 95 % confidence)"
    near, far = sorted((abs(low), abs(high)))
    by = f"by {100 * abs(change.value):.1f} points, 95 % interval {near:.1f} to {far:.1f}"
    return f"{told} {'fell' if change.falls else 'rose'} {ends} ({by})"


def _stages(count: int) -> str:
    return "one stage" if count == 1 else f"{number_text(count)} stages"


def _listed(items: Sequence[str]) -> str:
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)
