"""Two classifiers on the same pictures: is one better, by how much, and how many pictures would tell.

Only pictures that one of the two answers right and the other wrong say anything about which is better:
`only_a` is how many `a` alone has right, `only_b` how many `b` alone. Where pictures come in groups, whole groups
take the place of pictures (`units`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import bdtr, gammaln, ndtri

from headstart.base.params import bad_parameter, check_integer, check_number
from headstart.base.types import Floats
from headstart.evidence.intervals import two_sided_z
from headstart.evidence.units import Numbers, design_effect, effective, numbered
from headstart.records.comparison import Comparison
from headstart.records.record import changed


def mcnemar_midp(only_a: int, only_b: int) -> float:
    """Return the two-sided mid-p of McNemar's test: how easily luck alone makes such a difference.

    Raises
    ------
    ConfigError
        If a count is negative.

    Notes
    -----
    Fagerland, Lydersen, Laake 2013, "The McNemar test for binary matched-pairs data: mid-p and asymptotic
    are better than exact conditional", BMC Medical Research Methodology 13:91. If neither is better,
    `only_a` is binomial with probability 1/2 among ``only_a + only_b``; mid-p is the probability of a
    more lopsided count and half that of an equally lopsided one. Without any disagreement it is 1 here
    (the formula, made for counts that vary, would say 1/2).

    Examples
    --------
    >>> round(mcnemar_midp(1, 7), 4)
    0.0391
    """
    fewer, more = sorted(_counts("mcnemar_midp", only_a, only_b))
    n = fewer + more
    if n == 0:
        return 1.0
    at_most, below = float(bdtr(fewer, n, 0.5)), float(bdtr(fewer - 1, n, 0.5)) if fewer else 0.0
    if fewer == more:
        return 1.0 - (at_most - below) / 2
    return at_most + below


def sign_flip_midp(sums: NDArray[np.integer[Any]]) -> float:
    """Return the two-sided mid-p of the test that swaps the two candidates' answers of whole groups.

    Parameters
    ----------
    sums : array of int, (groups,)
        For each group, how many of its pictures only `a` has right less how many only `b` has right.

    Notes
    -----
    If neither is better, the two names could be swapped within any group: every sum has either sign with
    probability 1/2. The distribution of their total over all swaps is worked out exactly; mid-p is the
    probability of a total that is further from 0 and half that of one as far. Pitman 1937, "Significance tests
    which may be applied to samples from any populations", J. Royal Statistical Society, Supplement 4, for pairs.
    Where no sum is beyond 1 it is `mcnemar_midp`.

    Examples
    --------
    >>> sign_flip_midp([1, -1, 1, 1, 1, 1, 1, 1]) == mcnemar_midp(7, 1)
    True
    """
    sums = np.asarray(sums, np.int64)
    sizes, counts = np.unique(np.abs(sums[sums != 0]), return_counts=True)
    if not len(sizes) or sizes[-1] == 1:
        return mcnemar_midp(int(np.sum(sums > 0)), int(np.sum(sums < 0)))
    chances = np.ones(1)  # of what the sums with a plus add up to
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        steps = np.zeros(size * count + 1)
        steps[::size] = _even_chances(count)
        chances = np.convolve(chances, steps)
    # Among them, the total is twice the index less what all sizes add up to.
    distance = np.abs(2 * np.arange(len(chances)) - (len(chances) - 1))
    observed = abs(int(sums.sum()))
    further, as_far = chances[distance > observed].sum(), chances[distance == observed].sum()
    return float(min(1.0, further + as_far / 2))


def difference_interval(only_a: int, only_b: int, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return Tango's score interval for (accuracy of a) - (accuracy of b) on the same `n` pictures.

    Raises
    ------
    ConfigError
        If a count is negative, `n` is smaller than their sum or 0, or the confidence is not in (0, 1).

    Notes
    -----
    Tango 1998, "Equivalence test and confidence interval for the difference in proportions for the
    paired-sample design", Statistics in Medicine 17: the differences d for which
    ``|only_a - only_b - n d| <= z sqrt(n (2 q + d (1 - d)))``, where q is the most likely probability
    that only b is right when the difference is d. Unlike the plain interval it has a width also when the
    two disagree nowhere.
    """
    only_a, only_b = _counts("difference_interval", only_a, only_b)
    n = check_integer("n", "difference_interval", n, least=max(1, only_a + only_b))
    z = two_sided_z(confidence, owner="difference_interval")
    return _score_limits(only_a, only_b, n, z)


def grouped_difference_interval(
    signs: NDArray[np.integer[Any]], units: Numbers, *, confidence: float = 0.95
) -> tuple[float, float]:
    """Return Tango's score interval for as many independent pictures as these groups are worth.

    Parameters
    ----------
    signs : array of int, (n,)
        1 where only `a` is right, -1 where only `b` is, else 0.
    units : array of int, (n,)
        As from `units.numbered`.
    confidence : float
        Between 0 and 1.

    Raises
    ------
    ConfigError
        If the confidence is not in (0, 1).
    """
    z = two_sided_z(confidence, owner="grouped_difference_interval")
    signs = np.asarray(signs, np.int64)
    worth = effective(signs, units, confidence=confidence)
    if worth == 0:
        return -1.0, 1.0
    factor = worth / len(signs)
    return _score_limits(float(np.sum(signs > 0)) * factor, float(np.sum(signs < 0)) * factor, worth, z)


def holm(p: Sequence[float]) -> list[float]:
    """Return `p` adjusted so that the chance of any false "better" among all of them stays below the level.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure", Scand. J. Statistics 6.
    The smallest is multiplied by how many there are, the next by one less, and so on; never decreasing,
    at most 1.
    """
    values = np.asarray(p, np.float64)
    order = np.argsort(values, kind="stable")
    factors = np.arange(len(values), 0, -1)
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(values[order] * factors))
    return [float(value) for value in adjusted]


def compare_pairs(
    correct: Mapping[str, NDArray[np.bool_]], *, split: str, groups: NDArray[np.generic] | None = None
) -> tuple[Comparison, ...]:
    """Return every pair compared.

    Parameters
    ----------
    correct : mapping of name to array of bool, (n,)
        Which pictures each candidate answered right; the same pictures in the same order.
    split : str
        The held-out split they come from.
    groups : array, (n,), optional
        What each picture belongs to; None, or every group a single picture: each stands for itself.

    Returns
    -------
    tuple of Comparison
        ``a`` is the more accurate, or the first named when equal; ``interval`` is Tango's, ``design_effect`` 1 for
        pictures, ``p`` McNemar's mid-p, with groups `sign_flip_midp`, ``p_adjusted`` Holm's over all pairs.

    Raises
    ------
    ConfigError
        If the arrays differ in length or are empty.
    """
    lengths = {len(right) for right in correct.values()} | (set() if groups is None else {len(groups)})
    if len(lengths) > 1 or 0 in lengths:
        raise bad_parameter("correct", "compare_pairs", "arrays of one length above 0", sorted(lengths))
    units = None if groups is None else numbered(groups)
    pairs = [_pair(first, second, correct, split, units) for first, second in combinations(correct, 2)]
    adjusted = holm([pair.p for pair in pairs])
    return tuple(changed(pair, p_adjusted=p) for pair, p in zip(pairs, adjusted, strict=True))


def disagreements(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> tuple[int, int]:
    """Return how many pictures `a` alone has right, and how many `b` alone."""
    return int(np.sum(a & ~b)), int(np.sum(b & ~a))


def pictures_to_tell(only_a: int, only_b: int, n: int, *, power: float = 0.8, level: float = 0.05) -> int | None:
    """Return about how many pictures would tell the two apart if their rates stay as they are.

    Parameters
    ----------
    only_a, only_b, n : int
        Counts of one comparison on `n` pictures.
    power : float
        The chance of seeing the difference, between 0.5 and 1.
    level : float
        The level of the two-sided test.

    Returns
    -------
    int or None
        None if the two are equal, for then no number would.

    Raises
    ------
    ConfigError
        If a count is negative, `n` smaller than their sum or 0, or power or level outside their range.

    Notes
    -----
    Connor 1987, "Sample size for testing differences in proportions for the paired-sample design",
    Biometrics 43: with disagreement s and difference d,
    ``n = (z_level sqrt(s) + z_power sqrt(s - d^2))^2 / d^2``.
    """
    only_a, only_b = _counts("pictures_to_tell", only_a, only_b)
    n = check_integer("n", "pictures_to_tell", n, least=max(1, only_a + only_b))
    power = check_number("power", "pictures_to_tell", power, least=0.5, most=1 - 1e-9)
    level = check_number("level", "pictures_to_tell", level, least=1e-9, most=0.5)
    if only_a == only_b:
        return None
    differ, gain = (only_a + only_b) / n, (only_a - only_b) / n
    spread = float(ndtri(1 - level / 2)) * math.sqrt(differ)
    spread += float(ndtri(power)) * math.sqrt(max(0.0, differ - gain * gain))
    return math.ceil(spread * spread / (gain * gain))


def _pair(
    first: str, second: str, correct: Mapping[str, NDArray[np.bool_]], split: str, units: Numbers | None
) -> Comparison:
    """Return one pair compared, its p not yet adjusted."""
    a, b = (first, second) if correct[first].sum() >= correct[second].sum() else (second, first)
    only_a, only_b = disagreements(correct[a], correct[b])
    n = len(correct[a])
    if units is None:
        p = mcnemar_midp(only_a, only_b)
        return Comparison(
            a=a,
            b=b,
            split=split,
            difference=(only_a - only_b) / n,
            interval=difference_interval(only_a, only_b, n),
            unit="picture",
            units=n,
            design_effect=1.0,
            p=p,
            p_adjusted=p,
        )
    signs = correct[a].astype(np.int64) - correct[b]
    sums = np.rint(np.bincount(units, weights=signs)).astype(np.int64)
    p = sign_flip_midp(sums)
    return Comparison(
        a=a,
        b=b,
        split=split,
        difference=(only_a - only_b) / n,
        interval=grouped_difference_interval(signs, units),
        unit="group",
        units=len(sums),
        design_effect=design_effect(signs, units),
        p=p,
        p_adjusted=p,
    )


def _even_chances(count: int) -> Floats:
    """Return the binomial probabilities of 0 to `count` heads of a fair coin."""
    heads = np.arange(count + 1)
    logarithms = gammaln(count + 1) - gammaln(heads + 1) - gammaln(count - heads + 1) - count * math.log(2)
    return np.asarray(np.exp(logarithms))


def _counts(owner: str, only_a: int, only_b: int) -> tuple[int, int]:
    return (
        check_integer("only_a", owner, only_a, least=0),
        check_integer("only_b", owner, only_b, least=0),
    )


def _score_limits(only_a: float, only_b: float, n: float, z: float) -> tuple[float, float]:
    """Return the differences at which Tango's statistic is z and -z; the counts need not be whole."""
    observed = (only_a - only_b) / n

    def excess(difference: float, sign: int) -> float:
        return _tango(only_a, only_b, n, difference) - sign * z

    # The statistic falls from +infinity at -1 to -infinity at +1 and is 0 at the observed difference.
    low = -1.0 if only_b >= n else _root(lambda d: excess(d, +1), -1.0, observed)
    high = 1.0 if only_a >= n else _root(lambda d: excess(d, -1), observed, 1.0)
    return low, high


def _tango(only_a: float, only_b: float, n: float, difference: float) -> float:
    """Return Tango's score statistic: how many standard errors the counts lie above `difference`."""
    linear = (2 * n - only_a + only_b) * difference - only_a - only_b
    constant = -only_b * difference * (1 - difference)
    q = (math.sqrt(max(0.0, linear * linear - 8 * n * constant)) - linear) / (4 * n)
    variance = n * (2 * q + difference * (1 - difference))
    distance = only_a - only_b - n * difference
    if variance <= 0:
        return math.copysign(math.inf, distance) if distance else 0.0
    return distance / math.sqrt(variance)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where a falling function crosses 0 between `low` and `high`, both just inside (-1, 1)."""
    edge = 1e-12
    return float(brentq(function, max(low, -1 + edge), min(high, 1 - edge), xtol=1e-14, rtol=1e-14))
