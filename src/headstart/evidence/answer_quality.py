"""What answers state besides their class, and how often it came true: shares, prediction sets, none of these."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart.base.types import Floats
from headstart.evidence.conformal import PredictionSets
from headstart.evidence.intervals import share_interval
from headstart.evidence.reliability import calibration_record
from headstart.records.metrics import Calibration, NoneOfThese, SetCoverage, SetsMeasured
from headstart.records.record import Interval

Labels = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]


class Stated(NamedTuple):
    """What answers state besides their class, and how often it came true."""

    calibration: Calibration
    sets: SetsMeasured | None
    none_of_these: NoneOfThese | None


def stated(
    labels: Labels,
    probabilities: Floats,
    *,
    temperature: float,
    sets: PredictionSets | None = None,
    rejected: Flags | None = None,
    groups: NDArray[np.generic] | None = None,
    interval: str = "wilson",
) -> Stated:
    """Return what is measured besides `metrics.measure`, for one set of answers.

    Parameters
    ----------
    labels : array of int, (n,)
    probabilities : array, (n, classes)
    temperature : float
        What the scores were divided by.
    sets : PredictionSets, optional
        None, where the classifier knows of no limits: of these two nothing is measured then.
    rejected : array of bool, (n,), optional
        Which pictures were called none of the classes; all of them are of one.
    groups : array, (n,), optional
    interval : str
        As for `measure`.

    Raises
    ------
    ConfigError
        If there is no picture, or the lengths differ.
    """

    def share(flags: Flags) -> Interval:
        return share_interval(flags, groups=groups, kind=interval)

    calibration = calibration_record(labels, probabilities, temperature, groups=groups)
    if sets is None:
        return Stated(calibration, None, None)
    levels: dict[str, SetCoverage | None] = {}
    for level, threshold in sets.thresholds.items():
        inside = sets.members(probabilities, level)
        if inside is None or threshold is None:
            levels[str(level)] = None
            continue
        held, sizes = inside[np.arange(len(labels)), labels], inside.sum(axis=1)
        levels[str(level)] = SetCoverage(
            coverage=float(held.mean()),
            interval=share(held),
            mean_size=float(sizes.mean()),
            single=float((sizes == 1).mean()),
            empty=float((np.max(probabilities, axis=1) < threshold).mean()),
        )
    none = None if rejected is None else NoneOfThese(share=float(rejected.mean()), interval=share(rejected))
    return Stated(calibration, SetsMeasured(pictures=sets.pictures, units=sets.units, levels=levels), none)
