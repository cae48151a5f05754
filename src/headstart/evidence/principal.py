"""Two dimensions of many: the directions in which points differ most."""

from __future__ import annotations

import numpy as np

from headstart.base.params import bad_parameter
from headstart.base.types import Floats


def principal(points: Floats, dimensions: int = 2) -> tuple[Floats, Floats]:
    """Return the points in their first principal components, and the share of the variance of each.

    Parameters
    ----------
    points : array, (n, d)
    dimensions : int

    Returns
    -------
    (n, dimensions), (dimensions,)
        A component that the points do not have is 0. The sign is that with which its largest entry is positive, so
        equal points always give an equal map.

    Raises
    ------
    ConfigError
        If there is no point.
    """
    values = np.asarray(points, np.float64)
    if values.ndim != 2 or 0 in values.shape:
        raise bad_parameter("points", "principal", "an array (n, d) that is not empty", values.shape)
    centred = values - values.mean(axis=0)
    n, d = centred.shape
    wide = n <= d  # the smaller of the two products has the same eigenvalues
    squares, vectors = np.linalg.eigh(centred @ centred.T if wide else centred.T @ centred)
    total, found = squares.clip(0).sum(), np.zeros((n, dimensions))
    shares = np.zeros(dimensions)
    for place in range(min(dimensions, len(squares))):
        square = squares[-1 - place]
        if square <= 1e-12 * max(total, 1e-300):
            break
        vector = vectors[:, -1 - place]
        score = vector * np.sqrt(square) if wide else centred @ vector
        found[:, place] = score * np.sign(score[np.abs(score).argmax()])
        shares[place] = square / total
    return found, shares
