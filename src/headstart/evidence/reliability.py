"""Whether stated shares are true: the reliability table, and the expected calibration error.

Bins hold equally many pictures. With bins of equal width nearly all pictures of a good classifier lie in the last one,
near 1, and a bin with three pictures counts by luck (Nixon et al. 2019, "Measuring Calibration in Deep Learning").
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.base.params import bad_parameter, check_number
from headstart.base.streams import stream
from headstart.base.types import Floats
from headstart.evidence.metrics import log_loss
from headstart.evidence.units import numbered
from headstart.records.metrics import Calibration, ReliabilityBin

Labels = NDArray[np.integer[Any]]

MOST_BINS = 15
LEAST_IN_BIN = 10  # pictures: with fewer, a bin's share of right answers is mostly luck
_DRAWS = 200
LEAST_UNTRUE = 0.1  # as if nine of ten were right where all are stated


def reliability(labels: Labels, probabilities: Floats) -> tuple[ReliabilityBin, ...]:
    """Return what was stated and what came true, in bins of equally many pictures, the least sure first.

    Parameters
    ----------
    labels : array of int, (n,)
    probabilities : array, (n, classes)

    Returns
    -------
    tuple of ReliabilityBin
        Up to 15 bins of at least 10 pictures, and one where there are fewer.

    Raises
    ------
    ConfigError
        If there is no picture, or the lengths differ.
    """
    stated, right = _answers("reliability", labels, probabilities)
    begins = _begins(len(stated))
    sizes = np.diff(np.append(begins, len(stated)))
    means = (np.add.reduceat(values, begins) / sizes for values in (stated, right))
    return tuple(
        ReliabilityBin(n=int(n), stated=float(said), right=float(true))
        for n, said, true in zip(sizes, *means, strict=True)
    )


def calibration_error(labels: Labels, probabilities: Floats) -> float:
    """Return the expected calibration error: by how much stated and right differ, on average over the pictures.

    Notes
    -----
    Naeini, Cooper, Hauskrecht 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning", with the bins of
    `reliability`. It is never 0: `error_if_true` says what luck alone gives.
    """
    return _error(*_answers("calibration_error", labels, probabilities))


def error_if_true(probabilities: Floats) -> float:
    """Return the mean calibration error that these answers would have if every stated share were true.

    With few pictures a bin's share of right answers is partly luck: an error of this size says nothing against the
    shares. Drawn 200 times, always alike.
    """
    return float(np.mean(_errors_if_true(probabilities, None)))


def _errors_if_true(probabilities: Floats, groups: NDArray[np.generic] | None) -> list[float]:
    """Return the error of each draw; pictures of one group have one luck."""
    stated = np.max(np.asarray(probabilities, np.float64), axis=1)
    if len(stated) == 0:
        raise bad_parameter("probabilities", "error_if_true", "those of at least one picture", len(stated))
    order = np.argsort(stated, kind="stable")
    own = None if groups is None else numbered(groups)
    lots = np.arange(len(order)) if own is None else own[order]
    stated, generator = stated[order], stream(0, "calibration error")
    draws = (generator.random(int(lots.max()) + 1)[lots] for _ in range(_DRAWS))
    return [_error(stated, (luck < stated).astype(np.float64)) for luck in draws]


def at_temperature_one(probabilities: Floats, temperature: float) -> Floats:
    """Return the probabilities, (n, classes), as they were before the scores were divided by `temperature`."""
    temperature = check_number("temperature", "at_temperature_one", temperature, least=1e-12)
    values = np.asarray(probabilities, np.float64)
    # softmax(s / T) to the power of T is softmax(s), but for its sum; the largest is 1, so that nothing vanishes.
    powers = (values / values.max(axis=1, keepdims=True)) ** temperature
    before: Floats = powers / powers.sum(axis=1, keepdims=True)
    return before


def untrue(calibration: Calibration) -> bool:
    """Return whether stated probabilities are so far from true that a reader must know.

    By more than 0.1 on average, and more than in any of 200 draws in which every share is true.
    """
    return calibration.ece > max(LEAST_UNTRUE, calibration.ece_by_luck_at_most)


def calibration_record(
    labels: Labels, probabilities: Floats, temperature: float, *, groups: NDArray[np.generic] | None = None
) -> Calibration:
    """Return whether the stated probabilities of one set of answers are true.

    Parameters
    ----------
    labels : array of int, (n,)
    probabilities : array, (n, classes)
        As answered, after the temperature.
    temperature : float
        What the scores were divided by; "before" is without it.
    groups : array, (n,), optional
        What each picture belongs to: what luck gives is drawn group by group.

    Raises
    ------
    ConfigError
        If there is no picture, or the lengths differ.
    """
    before = at_temperature_one(probabilities, temperature)
    by_luck = _errors_if_true(probabilities, groups)
    return Calibration(
        ece=calibration_error(labels, probabilities),
        ece_before=calibration_error(labels, before),
        ece_if_true=float(np.mean(by_luck)),
        ece_by_luck_at_most=max(by_luck),
        loss_before=log_loss(labels, before),
        reliability=reliability(labels, probabilities),
    )


def _answers(owner: str, labels: Labels, probabilities: Floats) -> tuple[Floats, Floats]:
    """Return each answer's stated share, the least first, and whether it is right, (n,) each."""
    if len(labels) == 0 or len(labels) != len(probabilities):
        raise bad_parameter("labels", owner, "one for each of at least one picture", (len(labels), len(probabilities)))
    stated = np.max(np.asarray(probabilities, np.float64), axis=1)
    right = np.argmax(probabilities, axis=1) == np.asarray(labels)
    # Equal shares may fall on both sides of a bin's end, so right and wrong ones must not be sorted apart.
    order = np.argsort(stated, kind="stable")
    return stated[order], right[order].astype(np.float64)


def _begins(n: int) -> NDArray[np.int64]:
    """Return where each bin begins among `n` sorted pictures."""
    bins = max(1, min(MOST_BINS, n // LEAST_IN_BIN))
    return np.arange(bins, dtype=np.int64) * n // bins


def _error(stated: Floats, right: Floats) -> float:
    """Return the mean over pictures of their bin's difference; both sorted by `stated`."""
    return float(np.abs(np.add.reduceat(right - stated, _begins(len(stated)))).sum() / len(stated))
