"""What more training pictures would buy: an inverse power law through the errors of heads that learned from fewer.

With n training pictures the error is taken to be ``a + b n^-c`` (Cortes et al. 1994, "Learning Curves: Asymptotic
Values and Rate of Convergence", NIPS 6; Figueroa et al. 2012, "Predicting sample size required for classification
performance", BMC Medical Informatics and Decision Making 12:8). Three or four sizes do not tell `c` from `a`. So none
is picked: every `c` of a list is fitted, and each counts by how well it fits, in each of many resamples of the
pictures. `a` may be below 0, and `c` too, with a `b` below 0: as long as pictures are few, errors fall evenly with each
doubling (a small `c` is a straight line in log n) or faster with each (`c` below 0); no more is asked of the law than
the next doubling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.special import ndtr

from headstart.base.params import bad_parameter, check_number
from headstart.base.streams import stream
from headstart.base.types import Floats
from headstart.evidence.intervals import two_sided_z
from headstart.evidence.units import Numbers
from headstart.records.forecast import Forecast
from headstart.records.record import Interval

RESAMPLES = 1000
LEAST_SIZES = 3
EXPONENTS = np.array([-3, -2, -1, *range(1, 9)]) / 10
# Curves of heads are no exact power laws. They are thought to stray by so much of the pictures, and by as much more for
# each halving: with less, forecasts from half the pictures missed too often (docs/evidence.md).
_STRAYING = 0.015
_STEEPEST = 1.5  # faster than with this exponent no error falls
_MOST_DRAWN = 2**21  # numbers that are drawn at a time
_LUCK = 0.05  # how often a class may be named as rising where all rise alike
_LEAST_GAIN = 0.5  # points of a hundred below which more pictures are no advice

Worth = Literal["yes", "hardly", "unclear"]

RightAnswers = NDArray[np.bool_]


@dataclass(frozen=True)
class Rising:
    """The class whose recall still rises most: its number, its recall at the last two sizes, and p.

    `p` is one-sided, of rising more than the others' mean, times the number of classes.
    """

    label: int
    recall: tuple[float, float]
    p: float


def worth_of_more(interval: Interval) -> Worth:
    """Return whether more training pictures would help, by the interval of what they bring."""
    low, high = interval
    if 100 * low >= _LEAST_GAIN:
        return "yes"
    return "hardly" if round(100 * high) < 1 else "unclear"


def forecast(
    right: RightAnswers,
    sizes: Sequence[float] | Floats,
    *,
    pictures: int,
    times: float = 2.0,
    units: Numbers | None = None,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Forecast:
    """Return what `times` as many training pictures are expected to bring.

    Parameters
    ----------
    right : array of bool, (draws, sizes, n)
        Which of `n` pictures a classifier answered right that had learned from so many others.
    sizes : sequence of float
        How many, ascending; three or more.
    pictures : int
        How many there are to learn from.
    times : float
        How many times as many are asked about.
    units : array of int, (n,), optional
        The group of each picture, as from `units.numbered`; groups are drawn in the place of pictures.
    confidence : float
        Of the intervals, between 0 and 1.
    resamples : int
    seed : int
        The same answers and seed give the same forecast.

    Raises
    ------
    ConfigError
        If there are fewer than three sizes, they do not ascend, or shapes do not fit.

    Notes
    -----
    The spread of the intervals has three parts: pictures and draws are drawn again (bootstrap), curves stray from
    the law, and the exponent is unknown.

    Examples
    --------
    >>> wrong = np.repeat([40, 20, 10], [1, 1, 1])  # of 100 pictures, at 50, 100, 200 training pictures
    >>> right = np.arange(100) >= wrong[None, :, None]
    >>> found = forecast(right, [50, 100, 200], pictures=200)
    >>> 0.0 < found.interval[0] < found.gain < found.interval[1] < 0.1
    True
    """
    sizes = np.asarray(sizes, np.float64)
    two_sided_z(confidence, owner="forecast")
    times = check_number("times", "forecast", times, least=1.0)
    if right.ndim != 3 or right.shape[1] != len(sizes) or 0 in right.shape:
        raise bad_parameter("right", "forecast", "answers by draw, size and picture", right.shape)
    if len(sizes) < LEAST_SIZES or sizes[0] <= 0 or (np.diff(sizes) <= 0).any():
        raise bad_parameter("sizes", "forecast", "three or more ascending numbers above 0", sizes.tolist())
    drawn = _errors(right, units, resamples, stream(seed, "learning curve"))
    n = right.shape[2]
    strays = np.hypot(_STRAYING * (1 + np.log2(sizes[-1] / sizes)), 1 / n)
    noise = stream(seed, "straying").standard_normal(drawn.shape) * strays
    spread = np.cov(drawn, rowvar=False) + np.diag(strays**2)
    fits = [_fit(drawn + noise, sizes / pictures, c, spread) for c in EXPONENTS]
    weights = np.exp(-0.5 * (np.stack([one.misfit for one in fits]) - np.min([one.misfit for one in fits], axis=0)))
    weights /= weights.sum(axis=0)
    now = np.stack([np.clip(one.now, 0.0, 1.0) for one in fits])
    later = np.stack([one.now - one.fall * _fallen(times, c) for one, c in zip(fits, EXPONENTS, strict=True)])
    later = np.clip(later, now * times**-_STEEPEST, now)
    gains, reached = now - later, 1 - later
    tails = [0.5 - confidence / 2, 0.5, 0.5 + confidence / 2]
    low, gain, high = _quantiles(gains, weights, tails)
    worst, accuracy, best = np.clip(_quantiles(reached, weights, tails), 0.0, 1.0)
    return Forecast(
        pictures=pictures,
        more=round(times * pictures),
        accuracy=float(accuracy),
        accuracy_interval=(float(worst), float(best)),
        gain=float(gain),
        interval=(float(low), float(high)),
        curve=_best_curve(right, sizes, spread, pictures),
    )


def rising_class(right: RightAnswers, labels: NDArray[np.int64], *, units: Numbers | None = None) -> Rising | None:
    """Return the class whose recall still rises most from the last size but one to the last, if that is no luck.

    Parameters
    ----------
    right : array of bool, (draws, sizes, n)
        As for `forecast`.
    labels : array of int, (n,)
    units : array of int, (n,), optional
        The group of each picture.

    Returns
    -------
    Rising or None
        None where no class stands out.

    Notes
    -----
    A normal approximation of the paired rise, with two pictures added to each class, one that becomes right and one
    that becomes wrong: without them, a class of few pictures that all stay right or wrong would seem certain.
    """
    classes = int(labels.max()) + 1
    before, after = right[:, -2].mean(axis=0), right[:, -1].mean(axis=0)
    members = [np.flatnonzero(labels == label) for label in range(classes)]
    if min(map(len, members)) == 0:
        return None
    rises = [_rise(after[own] - before[own], None if units is None else units[own]) for own in members]
    means, errors = np.array(rises).T
    others = (means.sum() - means) / (classes - 1)
    spread = np.sqrt(errors**2 + (np.sum(errors**2) - errors**2) / (classes - 1) ** 2)
    top = int(np.argmax(means))
    p = min(1.0, classes * float(ndtr(-(means[top] - others[top]) / spread[top])))
    if p >= _LUCK:
        return None
    own = members[top]
    return Rising(top, (float(before[own].mean()), float(after[own].mean())), p)


def _rise(values: Floats, units: Numbers | None) -> tuple[float, float]:
    """Return the mean rise of one class and its standard error, with two pictures added."""
    owners = np.arange(len(values)) if units is None else np.unique(units, return_inverse=True)[1]
    n = len(values) + 2
    mean = float(values.sum()) / n
    sums = np.bincount(owners, weights=values - mean)
    return mean, float(np.sqrt(np.sum(sums**2) + 2)) / n


@dataclass(frozen=True, eq=False)
class _Fitted:
    """Power laws of one exponent: the error at size 1, how it falls (0 or more), and the misfit, each (draws,)."""

    now: Floats
    fall: Floats
    misfit: Floats


def _fallen(sizes: Any, exponent: float) -> Any:
    """Return by how much an error has fallen at `sizes` since size 1, where it falls by 1 for each e-fold there."""
    return (1 - sizes**-exponent) / exponent


def _fit(errors: Floats, sizes: Floats, exponent: float, spread: Floats) -> _Fitted:
    """Return the least squares fits to errors, (draws, sizes), whose covariance is `spread`."""
    lower = np.linalg.cholesky(spread)
    flat = np.column_stack([np.ones(len(sizes)), -_fallen(sizes, exponent)])
    design = solve_triangular(lower, flat, lower=True)
    seen = solve_triangular(lower, errors.T, lower=True)
    now, fall = np.linalg.lstsq(design, seen, rcond=None)[0]
    level = design[:, 0] @ seen / (design[:, 0] @ design[:, 0])
    now, fall = np.where(fall < 0, level, now), np.maximum(fall, 0.0)
    misfit = np.square(seen - design @ np.stack([now, fall])).sum(axis=0)
    return _Fitted(now, fall, misfit)


def _best_curve(right: RightAnswers, sizes: Floats, spread: Floats, pictures: int) -> tuple[float, float, float]:
    errors = 1 - right.mean(axis=(0, 2))[None]
    fits = [_fit(errors, sizes / pictures, c, spread) for c in EXPONENTS]
    c, best = min(zip(EXPONENTS, fits, strict=True), key=lambda pair: float(pair[1].misfit[0]))
    now, scale = float(best.now[0]), float(best.fall[0] / c)
    return now - scale, float(scale * pictures**c), float(c)


def _errors(right: RightAnswers, units: Numbers | None, resamples: int, generator: np.random.Generator) -> Floats:
    """Return the mean errors of drawn pictures (or groups) and draws, (resamples, sizes)."""
    draws, sizes, n = right.shape
    wrong = (~right).reshape(draws * sizes, n).T.astype(np.float64)
    if units is not None:
        count = int(units.max()) + 1
        sums = np.zeros((count, draws * sizes))
        np.add.at(sums, units, wrong)
        wrong, held = sums, np.bincount(units, minlength=count).astype(np.float64)
    else:
        count, held = n, np.ones(n)
    shares = generator.multinomial(draws, np.full(draws, 1 / draws), size=resamples) / draws
    answer = np.empty((resamples, sizes))
    step = max(1, _MOST_DRAWN // count)
    for begin in range(0, resamples, step):
        at = slice(begin, min(begin + step, resamples))
        chosen = generator.multinomial(count, np.full(count, 1 / count), size=at.stop - begin).astype(np.float64)
        means = (chosen @ wrong / (chosen @ held)[:, None]).reshape(-1, draws, sizes)
        answer[at] = np.einsum("bd,bds->bs", shares[at], means)
    return answer


def _quantiles(values: Floats, weights: Floats, shares: Sequence[float]) -> Floats:
    """Return quantiles of weighted values."""
    order = np.argsort(values, axis=None, kind="stable")
    heights = np.cumsum(weights.ravel()[order])
    places = np.searchsorted(heights, np.asarray(shares) * heights[-1])
    return np.asarray(values.ravel()[order][np.minimum(places, len(order) - 1)])
