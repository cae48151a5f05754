"""How well features tell the classes apart, in closed form: each row answered by all the others, nothing trained.

A preview of what a head will reach, for the cost of one symmetric matrix: nearest neighbours by cosine similarity, and
ridge regression on the classes, whose leave-one-out answers follow from a single fit (Allen 1974, "The Relationship
between Variable Selection and Data Augmentation and a Method for Prediction", Technometrics 16:125).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart.base.streams import stream
from headstart.base.types import Floats, unit_rows
from headstart.evidence.intervals import variance_of_shares
from headstart.heads.share_done import done
from headstart.heads.training import Labels, Standard

MOST_ROWS = 1500  # the axes of the matrix of all pairs take about a second
NEIGHBOURS = 5
_STRENGTHS = np.logspace(-4, 4, 17)  # of the mean eigenvalue

SHOTS, DRAWS = 5, 40  # pictures of a class, and how often they are drawn

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Preview:
    """Which rows were answered right by all the others.

    Parameters
    ----------
    neighbours, ridge : array of bool, (n,)
    """

    neighbours: Bools
    ridge: Bools


def preview(
    X: Floats,
    y: Labels,
    classes: int,
    groups: NDArray[np.str_] | None = None,
    *,
    blocks: Sequence[int] = (),
) -> Preview:
    """Return which rows nearest neighbours and ridge regression answer right from all rows of other groups.

    Parameters
    ----------
    X : array, (n, D)
        Features; n at most `MOST_ROWS`, or the matrix of all pairs grows beyond reason.
    y : array of int, (n,)
        From 0 to ``classes - 1``.
    classes : int
    groups : array of str, (n,), optional
        Rows of one group never answer for each other; by default each row is alone.
    blocks : sequence of int
        How many features each part of a readout has, in order; without them all are one part.
    """
    features = np.asarray(X, np.float64)
    features = Standard.of(features, blocks).apply(features)
    labels = np.asarray(y, np.int64)
    owners = np.arange(len(labels)) if groups is None else np.unique(groups, return_inverse=True)[1]
    return Preview(
        neighbours=_by_neighbours(features, labels, classes, owners) == labels,
        ridge=_by_ridge(features, labels, classes, owners) == labels,
    )


class Told(NamedTuple):
    """How much of what chance does not tell is told, and the standard error of that by the pictures asked."""

    share: float
    error: float


def few_shot(
    X: Floats,
    y: Labels,
    classes: int,
    groups: NDArray[np.str_] | None = None,
    *,
    shots: int = SHOTS,
    seed: int = 0,
    blocks: Sequence[int] = (),
) -> Told | None:
    """Return how much of what chance does not tell a head tells that has learned from a handful of each class.

    However many pictures there are, the handful is the same: what grows with their number is left out, and what
    remains is how well the features tell the classes apart.

    Parameters
    ----------
    X : array, (n, D)
    y : array of int, (n,)
        From 0 to ``classes - 1``.
    classes : int
    groups : array of str, (n,), optional
        Rows of one group never answer for each other.
    shots : int
        Rows of each class that are learned from; of a class that has no more, one less than it has. What is told is
        then told as if they were so many, for it grows about as the root of their number.
    seed : int
    blocks : sequence of int
        How many features each part of a readout has, in order; without them all are one part.

    Returns
    -------
    Told or None
        The mean over draws of (balanced accuracy - 1 / classes) / (1 - 1 / classes): 0 by chance, 1 everything. By
        ridge regression on standardised features, its strength their mean square. None where no row is left to ask.
    """
    features, labels = np.asarray(X, np.float64), np.asarray(y, np.int64)
    owners = np.arange(len(labels)) if groups is None else np.unique(groups, return_inverse=True)[1]
    members = [np.flatnonzero(labels == label) for label in range(classes)]
    taken_of = [min(shots, len(own) - 1) for own in members]
    if min(taken_of) < 1:
        return None
    recalls = np.full((DRAWS, classes), np.nan)
    for draw in range(DRAWS):
        done(draw / DRAWS)
        order = stream(seed, "few shots", draw)
        taken = np.concatenate([order.permutation(own)[:few] for own, few in zip(members, taken_of, strict=True)])
        asked = np.flatnonzero(~np.isin(owners, owners[taken]))
        if len(asked):
            right = _answers(features, labels, classes, taken, asked, blocks) == labels[asked]
            here = np.unique(labels[asked])
            recalls[draw, here] = [right[labels[asked] == label].mean() for label in here]
    asked_of = np.isfinite(recalls).any(axis=0)
    if not asked_of.any():
        return None
    found = np.nanmean(recalls[:, asked_of], axis=0)
    units = np.array([len(np.unique(owners[own])) for own in members])[asked_of]
    spread = variance_of_shares(found, units)
    scale = np.sqrt(shots / np.mean(taken_of)) / (1 - 1 / classes)
    share = float(min(1.0, (found.mean() - 1 / classes) * scale))
    return Told(share, float(np.sqrt(spread.sum()) / len(found) * scale))


def _answers(
    features: Floats,
    labels: Labels,
    classes: int,
    taken: NDArray[np.intp],
    asked: NDArray[np.intp],
    blocks: Sequence[int],
) -> NDArray[np.intp]:
    """Return the classes that a head names for the asked rows which learned from those that were taken."""
    standard = Standard.of(features[taken], blocks)
    known, new = standard.apply(features[taken]), standard.apply(features[asked])
    alike = known @ known.T
    # Pictures that are all the same to the network leave nothing but noughts: then every score is one.
    alike[np.diag_indices_from(alike)] += np.trace(alike) / len(alike) or 1.0
    scores = new @ known.T @ np.linalg.solve(alike, np.eye(classes)[labels[taken]] - 1 / classes)
    return np.asarray(scores.argmax(axis=1))


def _by_neighbours(features: Floats, labels: Labels, classes: int, owners: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the class for which the nearest vote, each with its similarity: near ones decide where votes are equal."""
    units = unit_rows(features)
    alike = units @ units.T
    alike[owners[:, None] == owners] = -np.inf
    k = min(NEIGHBOURS, len(labels) - 1)
    nearest = np.argpartition(-alike, k - 1, axis=1)[:, :k]
    said = 1 + np.maximum(np.take_along_axis(alike, nearest, axis=1), -1.0)  # 0 to 2; 0 for the own group
    votes = np.zeros((len(labels), classes))
    np.add.at(votes, (np.arange(len(labels))[:, None], labels[nearest]), said)
    return np.asarray(votes.argmax(axis=1))


def _by_ridge(features: Floats, labels: Labels, classes: int, owners: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the answers with the strength of the least squared error, each row's group left out."""
    targets = np.eye(classes)[labels]
    values, vectors = np.linalg.eigh(features @ features.T)
    values, seen = np.maximum(values, 0.0), vectors.T @ (targets - targets.mean(axis=0))
    rarer = _rarer(targets, owners)
    best: tuple[float, Floats] = (np.inf, targets)
    for strength in _STRENGTHS * max(float(values.mean()), np.finfo(np.float64).tiny):
        shrunk = values / (values + strength)
        residuals = targets - targets.mean(axis=0) - vectors @ (shrunk[:, None] * seen)
        said = targets - _left_out(residuals, vectors, shrunk, owners) + rarer
        error = float(np.square(targets - said).sum())
        if error < best[0]:
            best = error, said
    return np.asarray(best[1].argmax(axis=1))


def _rarer(targets: Floats, owners: NDArray[np.intp]) -> Floats:
    """Return by how much the shares of the classes fall below those of all rows where a row's group is left out.

    Without a row its class is rarer, so that features that tell nothing would be wrong of every row; with this added
    only what the features say is left.
    """
    counts = np.bincount(owners)[owners][:, None]
    sums = np.zeros((int(owners.max()) + 1, targets.shape[1]))
    np.add.at(sums, owners, targets)
    n = len(targets)
    return np.asarray(targets.mean(axis=0) - (targets.sum(axis=0) - sums[owners]) / np.maximum(n - counts, 1))


def _left_out(residuals: Floats, vectors: Floats, shrunk: Floats, owners: NDArray[np.intp]) -> Floats:
    """Return what is missed where a row's group is left out: (I - H)^-1 times its residuals, H the hat matrix.

    The mean is fitted as well: it is the direction of ones, which centred features leave untouched.
    """
    n = len(residuals)
    leverage = np.square(vectors) @ shrunk + 1 / n
    missed = residuals / np.maximum(1 - leverage, 1e-9)[:, None]
    for rows in _together(owners):
        hat = (vectors[rows] * shrunk) @ vectors[rows].T + 1 / n
        missed[rows] = np.linalg.lstsq(np.eye(len(rows)) - hat, residuals[rows], rcond=None)[0]
    return np.asarray(missed)


def _together(owners: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    """Yield the rows of each group that has more than one."""
    order = np.argsort(owners, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(owners[order])) + 1):
        if len(rows) > 1:
            yield rows
