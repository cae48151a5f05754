"""Choosing between a few ways by the losses of the same pictures under each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from headstart.base.types import Floats, softmax
from headstart.evidence.metrics import bounded_log_losses

Name = TypeVar("Name", bound=str)


def clearly_better(losses: Mapping[Name, NDArray[np.float64]]) -> Name:
    """Return the first name, unless another's mean loss is lower by more than one standard error.

    Parameters
    ----------
    losses : mapping of str to array, (n,)
        Of the same pictures under each name; pictures with a NaN anywhere do not count.
    """
    first = next(iter(losses))
    told = np.isfinite(np.stack(list(losses.values()))).all(axis=0)
    means = {name: loss[told].mean() for name, loss in losses.items()}
    best = min(means, key=lambda name: means[name])
    gain = (losses[first] - losses[best])[told]
    error = gain.std(ddof=1) / np.sqrt(len(gain))
    return best if gain.mean() > error else first


def losses_of(scores: Floats, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the loss of each row of scores, (n, classes), by which is chosen; the softmax of a row is its answer."""
    return bounded_log_losses(labels, softmax(scores))
