"""A framed picture with one spot of it covered, or with nothing but that spot: what heat maps are made of.

A square falls into 8 x 8 cells, and a spot is 3 x 3 of them: a seventh of the picture, at 6 x 6 places that lie a
cell apart and never reach beyond the rim, so that each covers as much as any other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headstart.base.types import Floats
from headstart.pixels.framing import mean_colour
from headstart.records.preprocessing import Preprocessing

Pixels = NDArray[np.uint8]

CELLS, SPOT = 8, 3
ALONG = CELLS - SPOT + 1  # places of a spot along one side
SPOTS = ALONG * ALONG


def covered(square: Pixels, preprocessing: Preprocessing) -> Pixels:
    """Return the square with each spot in turn under the mean colour, (spots, S, S, 3), row by row."""
    found = np.repeat(square[None], SPOTS, axis=0)
    for place, (rows, columns) in enumerate(_spots(len(square))):
        found[place, rows, columns] = mean_colour(preprocessing)
    return found


def alone(square: Pixels, preprocessing: Preprocessing) -> Pixels:
    """Return each spot of the square on the mean colour, (spots, S, S, 3), row by row."""
    found = np.empty((SPOTS, *square.shape), np.uint8)
    found[:] = mean_colour(preprocessing)
    for place, (rows, columns) in enumerate(_spots(len(square))):
        found[place, rows, columns] = square[rows, columns]
    return found


def on_cells(values: Floats) -> Floats:
    """Return for each cell, (8, 8), the mean of `values`, (spots,), over the spots that it lies in."""
    total, count = np.zeros((CELLS, CELLS)), np.zeros((CELLS, CELLS))
    for place, value in enumerate(np.asarray(values, np.float64)):
        top, left = divmod(place, ALONG)
        total[top : top + SPOT, left : left + SPOT] += value
        count[top : top + SPOT, left : left + SPOT] += 1
    cells: Floats = total / count
    return cells


def _spots(side: int) -> list[tuple[slice, slice]]:
    """Return rows and columns of each spot of a square of `side` pixels."""
    edges = [round(side * at / CELLS) for at in range(CELLS + 1)]
    spans = [slice(edges[at], edges[at + SPOT]) for at in range(ALONG)]
    return [(rows, columns) for rows in spans for columns in spans]
