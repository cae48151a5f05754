"""A picture made smaller by a whole number: the mean of so many pixels.

Halves are rounded to even. Pillow's own `reduce` rounds them up, which makes a picture lighter by an eighth of a step;
the decoder of a JPEG, which does the same for its own files, does not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def smaller(image: Image.Image, times: int) -> Image.Image:
    """Return a picture of 8 bits a channel without opacity, smaller by `times`; its last row and column fill it up."""
    pixels = np.asarray(image)
    lack = [(0, -side % times) for side in pixels.shape[:2]]
    if any(more for _, more in lack):
        pixels = np.pad(pixels, [*lack, *[(0, 0)] * (pixels.ndim - 2)], mode="edge")
    return Image.frombytes(image.mode, (pixels.shape[1] // times, pixels.shape[0] // times), _mean(pixels, times))


def _mean(pixels: NDArray[np.uint8], times: int) -> bytes:
    """Return the bytes of the means; sums of whole numbers, a strided part at a time, take little memory."""
    total = np.zeros((pixels.shape[0] // times, pixels.shape[1] // times, *pixels.shape[2:]), np.uint16)
    for row in range(times):
        for column in range(times):
            total += pixels[row::times, column::times]
    return np.rint(total / np.float32(times * times)).astype(np.uint8).tobytes()
