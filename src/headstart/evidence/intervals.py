"""How far a measured share can be trusted."""

from __future__ import annotations

import math

from scipy.special import ndtri

from headstart.base.params import check_integer, check_number


def wilson(correct: int, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval for a share of `correct` among `n`.

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

    Examples
    --------
    >>> [round(limit, 3) for limit in wilson(145, 153)]
    [0.9, 0.973]
    """
    n = check_integer("n", "wilson", n, least=0)
    correct = check_integer("correct", "wilson", correct, least=0, most=n)
    z = two_sided_z(confidence, owner="wilson")
    if n == 0:
        return 0.0, 1.0
    share = correct / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # At the ends one limit is 0 or 1 exactly; rounding would leave 1e-17 of it.
    low = 0.0 if correct == 0 else max(0.0, centre - half)
    high = 1.0 if correct == n else min(1.0, centre + half)
    return low, high


def two_sided_z(confidence: float, *, owner: str) -> float:
    """Return the normal quantile that leaves ``(1 - confidence) / 2`` above it (`owner`: for the error)."""
    confidence = check_number("confidence", owner, confidence, least=1e-9, most=1 - 1e-9)
    # scipy.special instead of scipy.stats throughout this package: it loads several times faster.
    return float(ndtri(0.5 + confidence / 2))
