"""What answers state beside their class, and how often it came true: shares, prediction sets, none of these."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.base.types import Floats
from headstart.evidence.conformal import PredictionSets
from headstart.evidence.intervals import share_interval
from headstart.evidence.reliability import calibration_record

Labels = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]


def stated_record(
    labels: Labels,
    probabilities: Floats,
    *,
    temperature: float,
    sets: PredictionSets | None = None,
    rejected: Flags | None = None,
    groups: NDArray[np.generic] | None = None,
    interval: str = "wilson",
) -> dict[str, Any]:
    """Return what results.json tells beside `measure`, for one set of answers.

    Parameters
    ----------
    labels : array of int, (n,)
    probabilities : array, (n, classes)
    temperature : float
        What the scores were divided by.
    sets : PredictionSets, optional
    rejected : array of bool, (n,), optional
        Which pictures were taken for none of the classes; all of them are of one.
    groups : array, (n,), optional
    interval : str
        As for `measure`.

    Returns
    -------
    dict
        ``calibration`` as from `calibration_record`. ``sets``: for each level None, or ``coverage`` with ``interval``,
        ``mean_size``, and the shares ``single`` (one class) and ``empty`` (no class reached the threshold, so the
        answer alone stands). ``none_of_these``: None, or ``share`` (all of it false) with ``interval``.

    Raises
    ------
    ConfigError
        If there is no picture, or the lengths differ.
    """

    def share(flags: Flags) -> list[float]:
        return list(share_interval(flags, groups=groups, kind=interval))

    record: dict[str, Any] = {"calibration": calibration_record(labels, probabilities, temperature, groups=groups)}
    if sets is None:
        return record
    record["sets"] = {"pictures": sets.pictures, "units": sets.units}
    for level, threshold in sets.thresholds.items():
        inside = sets.members(probabilities, level)
        if inside is None:
            record["sets"][str(level)] = None
            continue
        held, sizes = inside[np.arange(len(labels)), labels], inside.sum(axis=1)
        record["sets"][str(level)] = {
            "coverage": float(held.mean()),
            "interval": share(held),
            "mean_size": float(sizes.mean()),
            "single": float((sizes == 1).mean()),
            "empty": float((np.max(probabilities, axis=1) < threshold).mean()),
        }
    none = None if rejected is None else {"share": float(rejected.mean()), "interval": share(rejected)}
    return record | {"none_of_these": none}
