"""None of these: whether a picture resembles any that was trained on, in what the network says of it.

A classifier names one of its classes whatever it is shown, often surely. How far a picture is from the nearest
training picture does not hang on classes: beyond a limit that few training pictures exceed, it is none of these.

Nothing here imports more than NumPy: predicting must start at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from headstart.base.params import bad_parameter
from headstart.base.types import Floats, in_rows, unit_rows
from headstart.evidence.conformal import limit_of

Flags = NDArray[np.bool_]

FALSE_REJECTIONS = 0.05
MOST_EXAMPLES = 1000  # pictures that a bundle remembers
_ROWS = 4096  # pictures that are compared at a time


@dataclass(frozen=True, kw_only=True, eq=False)
class Familiar:
    """Training pictures as the network sees them, and how far from all of them is too far.

    Parameters
    ----------
    examples : array, (pictures, features)
        Of length 1 each.
    limit : float
        The distance that about 5 % of pictures of these classes exceed.
    pictures : int
        Pictures by whose distances the limit was set.
    """

    examples: Floats
    limit: float
    pictures: int

    def distances(self, features: Floats) -> Floats:
        """Return how far each picture is from the nearest example, (n,): 1 less the cosine, so 0 to 2.

        Parameters
        ----------
        features : array, (n, d)

        Notes
        -----
        Sun, Ming, Zhu, Li 2022, "Out-of-Distribution Detection with Deep Nearest Neighbors", with one neighbour:
        features scaled to length 1, and nothing else done to them.
        """
        return _distances(features, in_rows(self.examples))

    def widened(self) -> Familiar:
        """Return the same with its examples in float64, in which distances are computed."""
        return replace(self, examples=in_rows(self.examples))

    def on(self, features: Floats) -> Familiar:
        """Return the same limit around other examples, (n, d), from another network."""
        return replace(self, examples=_examples(features))

    def none_of_these(self, distances: Floats) -> Flags:
        """Return which pictures at these distances, (n,), resemble nothing that was trained on, (n,)."""
        return np.asarray(distances > self.limit)


def fit_familiar(
    features: Floats,
    *,
    groups: NDArray[np.generic] | None = None,
    unseen: Floats | None = None,
    unseen_groups: NDArray[np.generic] | None = None,
) -> Familiar | None:
    """Return the training pictures as examples, and the limit; None if there are too few to set one (19 are needed).

    Parameters
    ----------
    features : array, (n, d)
        Of training pictures.
    groups : array, (n,), optional
        What each belongs to; None: each stands for itself.
    unseen : array, (m, d), optional
        Features of training pictures from which the network has not learned; they set the limit. Without them the
        network has learned from none, and each picture is held against those of other groups.
    unseen_groups : array, (m,), optional

    Raises
    ------
    ConfigError
        If the features are not finite, or lengths differ.
    """
    for given, names in ((features, groups), (unseen, unseen_groups)):
        if given is None:
            continue
        if given.ndim != 2 or not np.isfinite(given).all() or (names is not None and len(names) != len(given)):
            raise bad_parameter("features", "fit_familiar", "finite, (pictures, d), one group each", given.shape)
    if len(features) == 0:
        return None
    examples = _examples(features)
    if unseen is None:
        names = np.arange(len(features)) if groups is None else np.unique(groups, return_inverse=True)[1]
        distances, among = _from_others(in_rows(examples), names), groups
        alone = np.isinf(distances)  # all of them are one group
        distances, among = distances[~alone], None if among is None else among[~alone]
    else:
        distances, among = _distances(unseen, in_rows(examples)), unseen_groups
    limit = limit_of(distances, 1 - FALSE_REJECTIONS, groups=among)
    return None if limit is None else Familiar(examples=examples, limit=limit, pictures=len(distances))


def _examples(features: Floats) -> Floats:
    """Return rows of length 1 in half the room: cosines are off by less than 1e-3."""
    return np.asarray(unit_rows(in_rows(features)).astype(np.float16))


def _distances(features: Floats, examples: Floats) -> Floats:
    """Return the distance of each row to the nearest of `examples`, which are in float64."""
    near = [
        (unit_rows(in_rows(features[begin : begin + _ROWS])) @ examples.T).max(axis=1)
        for begin in range(0, len(features), _ROWS)
    ]
    return 1.0 - np.concatenate(near) if near else np.zeros(0)


def _from_others(examples: Floats, groups: NDArray[np.int64]) -> Floats:
    """Return the distance of each example to the nearest of another group; infinite if there is none."""
    near = examples @ examples.T
    near[groups[:, None] == groups[None, :]] = -np.inf
    farthest: Floats = 1.0 - near.max(axis=1)
    return farthest
