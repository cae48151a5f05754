"""The learning rate as a function of the step alone, so that a resumed run needs no scheduler's memory.

Each function returns a factor between 0 and 1; the loop multiplies the head's and the backbone's rate by it.
Steps are counted from 0.
"""

from __future__ import annotations

import math

from headstart.records.training import TrainingSettings

_START = 1 / 25  # where one-cycle begins and, ten thousand times lower, where it ends: torch's defaults
_END = _START / 1e4


def steps_per_epoch(pictures: int, batch_size: int) -> int:
    """Return how many optimiser steps one pass over `pictures` takes.

    The last batch is smaller; if it would hold a single picture, which batch norm cannot normalise, that
    picture joins the batch before.

    Examples
    --------
    >>> steps_per_epoch(64, 32), steps_per_epoch(65, 32), steps_per_epoch(66, 32)
    (2, 2, 3)
    """
    full, rest = divmod(pictures, batch_size)
    return max(1, full + (rest > 1))


def rate_factor(step: int, *, total: int, per_epoch: int, settings: TrainingSettings) -> float:
    """Return the factor for step `step` of `total`, with `per_epoch` steps in an epoch."""
    if settings.schedule == "step":
        return step_decay(step // per_epoch, step_size=settings.step_size, gamma=settings.gamma)
    if settings.schedule == "cosine":
        return cosine(step, total=total, warmup=settings.warmup)
    if settings.schedule == "one-cycle":
        return one_cycle(step, total=total, warmup=settings.warmup)
    return 1.0


def step_decay(epoch: int, *, step_size: int, gamma: float) -> float:
    """Return `gamma` to the power of how often `step_size` epochs have passed (``StepLR``)."""
    return float(gamma ** (epoch // step_size))


def cosine(step: int, *, total: int, warmup: float) -> float:
    """Return a straight rise over the first `warmup` share of the steps, then half a cosine down to 0."""
    rise = round(warmup * total)
    if step < rise:
        return (step + 1) / (rise + 1)
    return _between(1.0, 0.0, (step - rise) / max(1, total - rise))


def one_cycle(step: int, *, total: int, warmup: float) -> float:
    """Return half a cosine up from 1/25 over the first `warmup` share, then half a cosine down to 1/250000.

    Source: Smith and Topin 2017, "Super-Convergence"; the numbers are those of torch's ``OneCycleLR``.
    """
    top = max(0.0, warmup * total - 1)
    if step < top:
        return _between(_START, 1.0, step / top)
    last = total - 1
    return _between(1.0, _END, (step - top) / (last - top)) if last > top else 1.0


def _between(begin: float, end: float, share: float) -> float:
    return end + (begin - end) / 2 * (1 + math.cos(math.pi * share))
