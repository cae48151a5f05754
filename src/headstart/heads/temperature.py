"""The temperature of heads whose scores are not log odds."""

from __future__ import annotations

import numpy as np

from headstart.base.types import Floats
from headstart.evidence.calibration import fit_temperature
from headstart.heads.training import Labels


def out_of_fold_temperature(scores: Floats, labels: Labels) -> float:
    """Return the temperature for out-of-fold `scores`, (n, classes), as if one more picture were wrong.

    Where every picture is right, as with few or easy ones, the least loss is at temperature 0 and every
    answer would be certain. So an average picture whose true class came second is added: among n right
    ones it leaves a doubt of about 1 in n, and among many with some wrong it changes next to nothing.
    """
    average = np.sort(scores, axis=1)[:, ::-1].mean(axis=0)
    return fit_temperature(np.vstack([scores, average]), np.append(labels, 1), least=1e-6, most=1e3)
