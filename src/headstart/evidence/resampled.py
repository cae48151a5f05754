"""Two ways of learning, compared over folds and seeds: each difference comes from other training pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from headstart.base.params import bad_parameter, check_integer
from headstart.evidence.intervals import two_sided_z


def corrected_resampled_t(
    differences: Sequence[float] | NDArray[np.floating], *, train: int, test: int, confidence: float = 0.95
) -> tuple[float, tuple[float, float]]:
    """Return p and the interval of a mean difference that was measured over folds and seeds.

    The folds share most of their training pictures, so the differences resemble each other more than independent
    ones would; the plain t test takes that for certainty.

    Parameters
    ----------
    differences : sequence of float
        (score of a) - (score of b), one for each fold of each seed; two at least.
    train, test : int
        How many pictures each was trained and measured on.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    p : float
        Two-sided.
    interval : tuple of float
        Of the mean difference.

    Raises
    ------
    ConfigError
        If there are fewer than two differences, one is not finite, or a count cannot be right.

    Notes
    -----
    Nadeau, Bengio 2003, "Inference for the Generalization Error", Machine Learning 52: the variance of the mean of
    J differences is taken to be ``(1 / J + test / train) s^2``, with J - 1 degrees of freedom. Where all
    differences are equal, nothing is known of their spread: p is 1 if they are 0, else 0.

    Examples
    --------
    >>> p, (low, high) = corrected_resampled_t([0.02, 0.04, 0.01, 0.05, 0.03], train=80, test=20)
    >>> round(p, 3), round(low, 3), round(high, 3)
    (0.047, 0.001, 0.059)
    """
    values = np.asarray(differences, np.float64)
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
        raise bad_parameter("differences", "corrected_resampled_t", "two or more finite numbers", values.tolist())
    train = check_integer("train", "corrected_resampled_t", train, least=1)
    test = check_integer("test", "corrected_resampled_t", test, least=1)
    two_sided_z(confidence, owner="corrected_resampled_t")
    mean, degrees = float(values.mean()), len(values) - 1
    error = math.sqrt((1 / len(values) + test / train) * float(values.var(ddof=1)))
    half = error * float(stdtrit(degrees, 0.5 + confidence / 2))
    if error <= 1e-15 * abs(mean):
        return (1.0 if mean == 0 else 0.0), (mean, mean)
    return float(2 * stdtr(degrees, -abs(mean) / error)), (mean - half, mean + half)
