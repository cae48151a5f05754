"""LogME: how probable the labels are under a Bayesian linear model on the features, at its best strength and noise.

You et al. 2021, "LogME: Practical Assessment of Pre-trained Models for Transfer Learning", ICML. It is a score among
pre-trained networks only: a higher one is a better fit, and it has no unit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headstart.base.types import Floats

_STEPS, _TOLERANCE = 100, 1e-6


def logme(X: Floats, y: NDArray[np.int64], classes: int) -> float:
    """Return the logarithm of the maximal evidence per picture, mean over the classes (each against the others).

    Parameters
    ----------
    X : array, (n, D)
        Features, not standardised, as in the paper.
    y : array of int, (n,)
        From 0 to ``classes - 1``.
    classes : int
    """
    features = np.asarray(X, np.float64)
    left, values, _ = np.linalg.svd(features, full_matrices=False)
    values = values**2
    targets = np.eye(classes)[y]
    seen = np.square(left.T @ targets)
    unseen = np.maximum(np.square(targets).sum(axis=0) - seen.sum(axis=0), 0.0)
    n, width = features.shape
    return float(np.mean([_evidence(values, seen[:, k], unseen[k], n, width) for k in range(classes)]))


def _evidence(values: Floats, seen: Floats, unseen: float, n: int, width: int) -> float:
    """Return the log evidence per row of one column of targets, maximised by fixed-point steps.

    `values` are the squared singular values of the features, `seen` the squares of the target along their left
    vectors, `unseen` what is left of it.
    """
    prior = noise = 1.0  # precisions of the weights and of the targets
    best, before = -np.inf, -np.inf
    for _ in range(_STEPS):
        ratio = prior / noise
        length = float(np.sum(values * seen / (values + ratio) ** 2))
        missed = float(np.sum(seen / (1 + values / ratio) ** 2)) + unseen
        curvature = np.log(prior + noise * values).sum() + (width - len(values)) * np.log(prior)
        evidence = 0.5 * float(
            width * np.log(prior)
            + n * np.log(noise)
            - curvature
            - noise * missed
            - prior * length
            - n * np.log(2 * np.pi)
        )
        best = max(best, evidence)
        if evidence - before < _TOLERANCE * n:
            break
        before = evidence
        used = float(np.sum(values / (values + ratio)))
        prior = used / max(length, 1e-12)
        noise = (n - used) / max(missed, 1e-12) if n > used else noise
    return best / n
