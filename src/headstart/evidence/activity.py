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
    """Whether the guess holds: an answer in a word, in sentences, and the differences that it comes from."""

    answer: Answer
    text: str
    whole: Mean
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
        ``holds``: it fell from the frozen network to the deepest, and rose at no step. ``partly``: it fell, but rose
        at some step. ``fails``: it rose, or fell and rose again. ``unclear``: no difference is more than luck.

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
    answer = _answer(whole, steps)
    return Trend(answer, _told(answer, list(unfrozen), shares, whole, steps), whole, steps)


def _answer(whole: Mean, steps: Sequence[Mean]) -> Answer:
    rises, falls = any(step.rises for step in steps), any(step.falls for step in steps)
    if whole.falls:
        return "partly" if rises else "holds"
    if whole.rises or rises or falls:
        return "fails"
    return "unclear"


_OPENINGS: dict[Answer, str] = {
    "holds": f"The guess that {GUESS} holds here",
    "partly": f"The guess that {GUESS} holds here on the whole, but not step by step",
    "fails": f"The guess that {GUESS} does not hold here",
    "unclear": f"Whether {GUESS} cannot be told here",
}


def _told(answer: Answer, unfrozen: list[int], shares: Sequence[Floats], whole: Mean, steps: Sequence[Mean]) -> str:
    first, last = (100 * float(np.mean(one)) for one in (shares[0], shares[-1]))
    told = (
        f"{_OPENINGS[answer]}: from the frozen network to {_stages(unfrozen[-1])} unfrozen the share of inactive units "
        f"{_went(first, last, whole)}."
    )
    if len(steps) == 1:
        return told
    places = [f"from {start} to {end}" for start, end in pairwise(unfrozen)]
    moved = list(zip(places, steps, strict=True))
    turns = [
        f"{'fell' if step.falls else 'rose'} {place} (by {100 * abs(step.value):.1f})"
        for place, step in moved
        if step.falls or step.rises
    ]
    if not turns:
        return f"{told} No single step is more than luck explains."
    still = [place for place, step in moved if not (step.falls or step.rises)]
    told += f" Step by step it {_listed(turns)}"
    return f"{told}; {_listed(still)} the pictures cannot tell." if still else f"{told}."


def _went(first: float, last: float, whole: Mean) -> str:
    ends = f"from {first:.1f} to {last:.1f} %"
    if whole.interval is None:
        return f"went {ends}, of which one picture or group can say nothing"
    low, high = (100 * end for end in whole.interval)
    if not (whole.falls or whole.rises):
        return f"went {ends}, which luck explains ({low:+.1f} to {high:+.1f} points with 95 % confidence)"
    near, far = sorted((abs(low), abs(high)))
    by = f"by {100 * abs(whole.value):.1f} points, 95 % interval {near:.1f} to {far:.1f}"
    return f"{'fell' if whole.falls else 'rose'} {ends} ({by})"


def _stages(count: int) -> str:
    return "one stage" if count == 1 else f"{number_text(count)} stages"


def _listed(items: Sequence[str]) -> str:
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)
