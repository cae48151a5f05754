"""Which epoch is kept.

Not the highest accuracy: with some dozens of pictures it moves in steps of a percent or two and ties, and
choosing by it is the worst rule measured (Apicella et al. 2026, "Don't stop me now"). The loss, in turn,
punishes over- and under-confidence, which a temperature cures afterwards, and so stops too early, and compares
unfairly when labels are smoothed (Berta et al. 2025, "Rethinking Early Stopping: Refine, Then Calibrate"). The
default, ``"calibrated-loss"``, therefore compares the losses at each epoch's best temperature, and that
temperature goes with the chosen weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.base.types import Floats, softmax
from headstart.evidence.calibration import cautious_temperature
from headstart.evidence.metrics import accuracy, bounded_log_losses, log_loss
from headstart.records.training import Choose


@dataclass(frozen=True)
class Judged:
    """What the hold-out says about one set of weights: loss, accuracy, and a rank (lower is better).

    `temperature` is what the scores are to be divided by; 1 unless the choice is by the calibrated loss. `right` says
    which pictures were answered right, as `packed` writes it.
    """

    loss: float
    accuracy: float
    rank: tuple[float, ...]
    temperature: float = 1.0
    right: str = ""


def judge(scores: Floats, labels: NDArray[np.int64], choose: Choose) -> Judged:
    """Return loss, accuracy and rank of scores, (n, classes), against labels, (n,)."""
    loss = log_loss(labels, softmax(scores))
    right = accuracy(labels, np.argmax(scores, axis=1))
    told = packed(np.argmax(scores, axis=1) == labels)
    if choose == "accuracy":
        return Judged(loss, right, (-right, loss), right=told)
    if choose == "calibrated-loss":
        temperature = cautious_temperature(scores, labels)
        chosen_by = float(bounded_log_losses(labels, softmax(scores / temperature)).mean())
        return Judged(loss, right, (chosen_by,), temperature, told)
    return Judged(loss, right, (loss,), right=told)


def packed(right: NDArray[np.bool_]) -> str:
    """Return answers, (n,), as a short text of hexadecimal digits."""
    return np.packbits(right).tobytes().hex()


def unpacked(text: str, n: int) -> NDArray[np.bool_]:
    """Return the `n` answers that `packed` wrote."""
    return np.unpackbits(np.frombuffer(bytes.fromhex(text), np.uint8), count=n).astype(bool)


def best(ranks: Sequence[Sequence[float]]) -> int:
    """Return the index of the lowest rank, the earliest of equals.

    Examples
    --------
    >>> best([(0.5,), (0.3,), (0.3,)])
    1
    """
    return min(range(len(ranks)), key=lambda index: (*ranks[index], index))
