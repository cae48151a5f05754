"""How far a measured share can be trusted."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, gammaincinv, ndtri

from headstart.base.params import bad_parameter, check_choice, check_integer, check_number
from headstart.evidence.units import effective, numbered

INTERVALS = ("wilson", "clopper-pearson")
_HARDLY_ANY = 3  # up to so many right, or wrong, the normal curve is replaced by Poisson's


def wilson(correct: int, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval for a share of `correct` among `n`, modified near 0 and 1.

    It holds its level on average over all true shares, also for small `n` and shares near 0 or 1, where
    the textbook interval (share ± 2 standard errors) collapses to a point.

    Parameters
    ----------
    correct : int
        From 0 to `n`.
    n : int
        Without any picture nothing is known: the interval is 0 to 1.
    confidence : float
        Between 0 and 1.

    Raises
    ------
    ConfigError
        If the counts or the confidence cannot be right.

    Notes
    -----
    Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22: the
    shares p for which ``|correct / n - p| <= z sqrt(p (1 - p) / n)``.

    Where only one to three are wrong (or right), the limit next to 1 (or 0) is a Poisson distribution's: Brown, Cai,
    DasGupta 2001, "Interval estimation for a binomial proportion", Statistical Science 16, section 4.1.1, who do so
    up to two among 50 and up to three among more. With Wilson's own limit 0.84 instead of 0.95 of the intervals hold
    a share near 1, at every size; with this one 0.92 (docs/evidence.md).

    Examples
    --------
    >>> [round(limit, 3) for limit in wilson(145, 153)]
    [0.9, 0.973]
    """
    n = check_integer("n", "wilson", n, least=0)
    correct = check_integer("correct", "wilson", correct, least=0, most=n)
    two_sided_z(confidence, owner="wilson")
    return _wilson(correct, n, confidence)


def clopper_pearson(correct: int, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of Clopper and Pearson for a share of `correct` among `n`.

    Whatever the true share is, it is missed no more often than ``1 - confidence``; the price is an interval that
    is wider than it had to be, most of all for small `n`.

    Parameters
    ----------
    correct : int
        From 0 to `n`.
    n : int
        Without any picture nothing is known: the interval is 0 to 1.
    confidence : float
        Between 0 and 1.

    Raises
    ------
    ConfigError
        If the counts or the confidence cannot be right.

    Notes
    -----
    Clopper, Pearson 1934, "The use of confidence or fiducial limits illustrated in the case of the binomial",
    Biometrika 26: the shares that neither of the two one-sided binomial tests refuses, as quantiles of the beta
    distribution.

    Examples
    --------
    >>> [round(limit, 3) for limit in clopper_pearson(145, 153)]
    [0.9, 0.977]
    """
    n = check_integer("n", "clopper_pearson", n, least=0)
    correct = check_integer("correct", "clopper_pearson", correct, least=0, most=n)
    two_sided_z(confidence, owner="clopper_pearson")
    return _clopper_pearson(correct, n, confidence)


def share_interval(
    correct: NDArray[np.bool_],
    *,
    groups: NDArray[np.generic] | None = None,
    kind: str = "wilson",
    confidence: float = 0.95,
) -> tuple[float, float]:
    """Return the interval of the share of right answers where pictures may belong together.

    Parameters
    ----------
    correct : array of bool, (n,)
        Which pictures were answered right.
    groups : array, (n,), optional
        What each picture belongs to; None, or every group a single picture: each stands for itself.
    kind : str
        ``"wilson"`` or ``"clopper-pearson"``.
    confidence : float
        Between 0 and 1.

    Raises
    ------
    ConfigError
        If the lengths, the kind or the confidence cannot be right.

    Notes
    -----
    With groups the same formula is used for as many independent pictures as these are worth (`units.effective`):
    Korn, Graubard 1998, "Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data", Survey Methodology 24, who do so with Clopper and Pearson's.
    """
    check_choice("interval", "share_interval", kind, INTERVALS)
    two_sided_z(confidence, owner="share_interval")
    correct = np.asarray(correct, np.bool_)
    if groups is not None and len(groups) != len(correct):
        raise bad_parameter("groups", "share_interval", "as many as there are answers", (len(groups), len(correct)))
    limits = _FORMULAS[kind]
    right, n = int(correct.sum()), len(correct)
    units = None if groups is None or n == 0 else numbered(groups)
    if units is None:
        return limits(right, n, confidence)
    worth = effective(correct, units, confidence=confidence)
    low, high = limits(right / n * worth, worth, confidence)
    return min(low, right / n), max(high, right / n)  # rounding, where the share is 0 or 1


def variance_of_shares(shares: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the variance of shares of `counts` trials each, one right and one wrong added.

    So a share of 0 or 1 out of few is not certain (the variance of the beta distribution that one of each begins).
    """
    return np.asarray((shares * counts + 1) * ((1 - shares) * counts + 1) / (counts + 2) ** 3)


def two_sided_z(confidence: float, *, owner: str) -> float:
    """Return the normal quantile that leaves ``(1 - confidence) / 2`` above it (`owner`: for the error)."""
    confidence = check_number("confidence", owner, confidence, least=1e-9, most=1 - 1e-9)
    # scipy.special instead of scipy.stats throughout this package: it loads several times faster.
    return float(ndtri(0.5 + confidence / 2))


def _wilson(correct: float, n: float, confidence: float) -> tuple[float, float]:
    if n <= 0:
        return 0.0, 1.0
    z, share = float(ndtri(0.5 + confidence / 2)), correct / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(max(0.0, share * (1 - share)) / n + z * z / (4 * n * n))
    # At the ends one limit is 0 or 1 exactly; rounding would leave 1e-17 of it.
    low = 0.0 if correct == 0 else max(0.0, centre - half)
    high = 1.0 if correct == n else min(1.0, centre + half)
    few = min(_HARDLY_ANY, n / 2)
    if 0 < correct <= few:
        low = min(low, float(gammaincinv(correct, 1 - confidence)) / n)
    if 0 < n - correct <= few:
        high = max(high, 1 - float(gammaincinv(n - correct, 1 - confidence)) / n)
    return low, high


def _clopper_pearson(correct: float, n: float, confidence: float) -> tuple[float, float]:
    tail, wrong = (1 - confidence) / 2, n - correct
    low = 0.0 if correct <= 0 else float(betaincinv(correct, wrong + 1, tail))
    high = 1.0 if wrong <= 0 else float(betaincinv(correct + 1, wrong, 1 - tail))
    return low, high


_FORMULAS: dict[str, Callable[[float, float, float], tuple[float, float]]] = {
    "wilson": _wilson,
    "clopper-pearson": _clopper_pearson,
}
