"""Stored activations, varied anew each time they are seen: a few stored views would soon be known by heart.

Moving a map by whole cells stands for moving the picture; other scales and levels of its channels stand for other
light (Bär et al. 2024, "Frozen Feature Augmentation for Few-Shot Image Classification", arXiv:2403.10519).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOVED = 1 / 7  # of the map's side, at most
RELIT = 0.2  # of a channel's scale, and of its spread as its level: one standard deviation


def varied(maps: NDArray[Any], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return one variation of the maps of a picture, (channels, height, width) float32.

    Parameters
    ----------
    maps : array, (channels, height, width)
    rng : numpy.random.Generator
        Of this picture in this epoch.
    """
    moved = _moved(np.asarray(maps, np.float32), rng)
    scale, level = RELIT * rng.standard_normal((2, len(maps), 1, 1), np.float32)
    spread = moved.std(axis=(1, 2), keepdims=True)
    return np.asarray(moved * (1 + scale) + spread * level)


def _moved(maps: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return maps that are moved by whole cells; what comes in at an edge repeats the last cells."""
    _, height, width = maps.shape
    places = []
    for side in (height, width):
        most = round(MOVED * side)
        places.append(np.clip(np.arange(side) + rng.integers(-most, most + 1), 0, side - 1))
    return maps[:, places[0][:, None], places[1]]
