"""Plain forms of published rules, with which `trust.py` compares prediction sets and "none of these"."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from heads import unseen_scores

from headstart.evidence.conformal import limit_of
from headstart.heads import HEADS
from headstart.table import folds

Scorer = Callable[[np.ndarray], np.ndarray]
SHRINK = 0.3  # of the covariance towards a multiple of the identity; 0.1 and 0.5 found as many


def adaptive(probabilities: np.ndarray, penalty: float) -> np.ndarray:
    """Return the scores of APS (Romano, Sesia, Candes 2020), with a penalty RAPS (Angelopoulos et al. 2021).

    The sum of all probabilities down to a class's own, and the penalty for each place in the order after the first.
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")
    sums = np.cumsum(np.take_along_axis(probabilities, order, axis=1), axis=1)
    scores = np.empty_like(sums)
    np.put_along_axis(scores, order, sums + penalty * np.arange(probabilities.shape[1]), axis=1)
    return scores


def by_folds(fit: Callable[[np.ndarray, np.ndarray], Scorer]) -> Callable[..., Scorer]:
    """Return a rule whose limit is set on scores of training pictures without their fold."""

    def rule(X: np.ndarray, y: np.ndarray, groups: np.ndarray) -> Scorer:
        parts, scores = folds(np.unique(y, return_inverse=True)[1], groups, seed=0), np.empty(len(y))
        for part in np.unique(parts):
            here = parts == part
            scores[here] = fit(X[~here], y[~here])(X[here])
        limit, score = _limit(scores, groups), fit(X, y)
        return lambda asked: np.asarray(score(asked) > limit)

    return rule


def _limit(scores: np.ndarray, groups: np.ndarray) -> float:
    """Return the limit for 5 % false alarms; the sets here are large enough to have one."""
    limit = limit_of(scores, 0.95, groups=groups)
    assert limit is not None
    return limit


def mahalanobis(X: np.ndarray, y: np.ndarray, *, relative: bool = False, unit: bool = False) -> Scorer:
    """Return the distance to the nearest class mean in the shared, shrunk covariance (Lee et al. 2018).

    Relative: less the distance to the mean of all in the covariance of all (Ren et al. 2021).
    """
    X = _rows(X, unit=unit)
    own = _gaussian(X, y)
    if not relative:
        return lambda asked: own(_rows(asked, unit=unit))
    every = _gaussian(X, np.zeros_like(y))
    return lambda asked: own(_rows(asked, unit=unit)) - every(_rows(asked, unit=unit))


def _rows(X: np.ndarray, *, unit: bool) -> np.ndarray:
    X = np.asarray(X, np.float64)
    return X / np.linalg.norm(X, axis=1, keepdims=True) if unit else X


def _gaussian(X: np.ndarray, y: np.ndarray) -> Scorer:
    labels, place = np.unique(y, return_inverse=True)
    means = np.stack([X[y == label].mean(axis=0) for label in labels])
    apart = X - means[place]
    # Fewer pictures than features: the axes come from the pictures' products, the rest has the shrunk variance.
    variances, turned = np.linalg.eigh(apart @ apart.T)
    kept = variances > 1e-9 * variances.max()
    axes = apart.T @ turned[:, kept] / np.sqrt(variances[kept])
    rest = SHRINK * variances[kept].sum() / len(X) / X.shape[1]
    scale = (1 - SHRINK) * variances[kept] / len(X) + rest

    def score(asked: np.ndarray) -> np.ndarray:
        found = []
        for mean in means:
            along = (asked - mean) @ axes
            beside = np.square(asked - mean).sum(axis=1) - np.square(along).sum(axis=1)
            found.append((np.square(along) / scale).sum(axis=1) + np.maximum(beside, 0) / rest)
        return np.asarray(np.min(found, axis=0))

    return score


def by_head(energy: bool) -> Callable[..., Scorer]:  # noqa: FBT001 - two rules of one form
    """Return the rule by the logistic head: its largest probability (Hendrycks, Gimpel 2017), or the energy."""

    def scored(scores: np.ndarray, temperature: float) -> np.ndarray:
        most = scores.max(axis=1)
        sums: np.ndarray = np.log(np.exp((scores - most[:, None]) / (1.0 if energy else temperature)).sum(axis=1))
        return -(most + sums) if energy else sums  # the largest probability is exp(-sums)

    def rule(X: np.ndarray, y: np.ndarray, groups: np.ndarray) -> Scorer:
        labels, place = np.unique(y, return_inverse=True)
        fitted = HEADS["logistic"].fit(X, place, len(labels), folds=folds(place, groups, seed=0))
        head = fitted.head
        limit = _limit(scored(unseen_scores(fitted), head.temperature), groups)
        return lambda asked: np.asarray(scored(head.scores(asked), head.temperature) > limit)

    return rule


METHODS: dict[str, Callable[..., Scorer]] = {
    "Mahalanobis": by_folds(mahalanobis),
    "Mahalanobis, features of length 1": by_folds(lambda X, y: mahalanobis(X, y, unit=True)),
    "relative Mahalanobis": by_folds(lambda X, y: mahalanobis(X, y, relative=True)),
    "largest probability": by_head(energy=False),
    "energy": by_head(energy=True),
}
