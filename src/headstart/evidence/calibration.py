"""Making stated probabilities true: one temperature for all scores."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar

from headstart.base.params import bad_parameter, check_number
from headstart.base.streams import stream
from headstart.base.types import Floats, softmax
from headstart.evidence.metrics import bounded_log_losses, log_losses

_FAR = 7.0  # powers of e by which a temperature may differ from the usual span of scores
_ENOUGH = 20_000  # pictures: one number is not known better from more
_MOST = 1e3  # where nothing is right any temperature is as bad, and it would run on


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
    scores = _checked("fit_temperature", scores, labels)  # centred, which keeps the slope exact for large ones
    true = scores[np.arange(len(labels)), labels].mean()

    def slope(inverse: float) -> float:
        return float(np.mean(np.sum(softmax(scores * inverse) * scores, axis=1)) - true)

    if slope(1 / least) <= 0:
        return least
    if slope(1 / most) >= 0:
        return most
    return 1.0 / float(brentq(slope, 1 / most, 1 / least, xtol=1e-12, rtol=1e-12))


def cautious_temperature(scores: Floats, labels: NDArray[np.integer[Any]]) -> float:
    """Return the temperature for `scores`, (n, classes), as if one more picture were wrong, and no one decides alone.

    Where every picture is right, as with few or easy ones, the least loss is at temperature 0 and every answer would
    be certain. So a usual picture whose true class came second is added: among n right ones it leaves a doubt of
    about 1 in n, and among many with some wrong it changes next to nothing. And no picture counts for more than
    `bounded_log_losses` lets it, or a single one that is wrong by a hundred times the usual margin would make all
    others unsure.

    Raises
    ------
    ConfigError
        If there are no scores, or some are not finite.
    """
    scores, labels = _checked("cautious_temperature", scores, labels), np.asarray(labels)
    if len(labels) > _ENOUGH:
        some = stream(0, "temperature").permutation(len(labels))[:_ENOUGH]
        scores, labels = scores[some], labels[some]
    usual = np.median(np.sort(scores, axis=1)[:, ::-1], axis=0)
    spans = scores.max(axis=1) - scores.min(axis=1)
    if not spans.any():
        return 1.0
    unit = float(np.median(spans[spans > 0]))  # scores have none of their own

    def loss(exponent: float) -> float:
        temperature = unit * np.exp(exponent)
        added = float(log_losses(np.array([1]), softmax(usual[None] / temperature))[0])
        return float(bounded_log_losses(labels, softmax(scores / temperature)).sum()) + added

    tried = np.linspace(-_FAR, _FAR, 57)  # with bounds on its terms the loss may have several valleys
    place = int(np.argmin([loss(exponent) for exponent in tried]))
    ends = tried[max(place - 1, 0)], tried[min(place + 1, len(tried) - 1)]
    found = minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-9})
    return min(float(unit * np.exp(found.x)), _MOST)


def _checked(owner: str, scores: Floats, labels: NDArray[np.integer[Any]]) -> Floats:
    """Return the scores in float64, each row centred: only differences between classes count."""
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 2 or len(scores) == 0 or len(scores) != len(labels) or not np.isfinite(scores).all():
        raise bad_parameter("scores", owner, "finite, one row for each of at least one label", scores.shape)
    centred: Floats = scores - scores.mean(axis=1, keepdims=True)
    return centred
