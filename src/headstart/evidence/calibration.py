"""Making stated probabilities true: one temperature for all scores."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from headstart.base.params import bad_parameter, check_number
from headstart.base.types import Floats, softmax


def fit_temperature(
    scores: Floats, labels: NDArray[np.integer[Any]], *, least: float = 0.05, most: float = 100.0
) -> float:
    """Return the temperature T that minimises the log loss of ``softmax(scores / T)``.

    One number for all classes, so the answer (the largest score) never changes. The scores must come from
    pictures that the classifier has not been fitted on.

    Parameters
    ----------
    scores : array, (n, classes)
    labels : array of int, (n,)
    least, most : float
        The temperature stays between them, also where every picture is right and T would run to 0.

    Raises
    ------
    ConfigError
        If there are no scores, some are not finite, or the bounds cannot be right.

    Notes
    -----
    Guo, Pleiss, Sun, Weinberger 2017, "On Calibration of Modern Neural Networks", section 4.2. The loss
    is convex in 1 / T: its slope there, mean of (expected score - true score), has at most one zero.
    """
    least = check_number("least", "fit_temperature", least, least=1e-12)
    most = check_number("most", "fit_temperature", most, least=least)
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 2 or len(scores) == 0 or len(scores) != len(labels) or not np.isfinite(scores).all():
        raise bad_parameter("scores", "fit_temperature", "finite, one row for each of at least one label", scores.shape)
    # Only differences between classes count; centring keeps the slope exact for large scores.
    scores = scores - scores.mean(axis=1, keepdims=True)
    true = scores[np.arange(len(labels)), labels].mean()

    def slope(inverse: float) -> float:
        return float(np.mean(np.sum(softmax(scores * inverse) * scores, axis=1)) - true)

    if slope(1 / least) <= 0:
        return least
    if slope(1 / most) >= 0:
        return most
    return 1.0 / float(brentq(slope, 1 / most, 1 / least, xtol=1e-12, rtol=1e-12))


def cautious_temperature(scores: Floats, labels: NDArray[np.integer[Any]]) -> float:
    """Return the temperature for `scores`, (n, classes), as if one more picture were wrong.

    Where every picture is right, as with few or easy ones, the least loss is at temperature 0 and every
    answer would be certain. So an average picture whose true class came second is added: among n right
    ones it leaves a doubt of about 1 in n, and among many with some wrong it changes next to nothing.
    """
    average = np.sort(scores, axis=1)[:, ::-1].mean(axis=0)
    return fit_temperature(np.vstack([scores, average]), np.append(labels, 1), least=1e-6, most=1e3)
