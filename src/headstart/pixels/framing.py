"""How a stored whole picture becomes the square that a network sees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headstart.base.params import check_choice
from headstart.records.preprocessing import Preprocessing

Pixels = NDArray[np.uint8]

MOST_ASPECT = 4  # beyond it, what is scaled up or laid on a square is first made smaller

RESAMPLING: Mapping[str, Image.Resampling] = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def frame(picture: Pixels, preprocessing: Preprocessing) -> Pixels:
    """Return the square of a whole picture, uint8 (S, S, 3), fresh and writable.

    ``crop``: the centre of the picture whose short side is ``preprocessing.short_side``; a picture stored
    at that size is not resampled again. ``squash``: the whole picture, its aspect not kept. ``pad``: the
    whole picture, its aspect kept, on the mean colour.

    Parameters
    ----------
    picture : array of uint8, (H, W, 3)
    preprocessing : Preprocessing

    Raises
    ------
    ConfigError
        If the framing or the interpolation is not known.
    """
    check_choice("framing", "Preprocessing", preprocessing.framing, _FRAMERS)
    return _FRAMERS[preprocessing.framing](picture, preprocessing)


def frame_batch(pictures: Iterable[Pixels], preprocessing: Preprocessing) -> Pixels:
    """Return the squares of several whole pictures, uint8 (n, S, S, 3)."""
    squares = [frame(picture, preprocessing) for picture in pictures]
    side = preprocessing.input_size
    return np.stack(squares) if squares else np.empty((0, side, side, 3), np.uint8)


def resampling(preprocessing: Preprocessing) -> Image.Resampling:
    """Return Pillow's filter for the preprocessing's interpolation."""
    name = check_choice("interpolation", "Preprocessing", preprocessing.interpolation, RESAMPLING)
    return RESAMPLING[name]


def mean_colour(preprocessing: Preprocessing) -> tuple[int, int, int]:
    """Return the colour that becomes nearly zero after normalising."""
    red, green, blue = (round(255 * value) for value in preprocessing.mean)
    return red, green, blue


def _crop(picture: Pixels, preprocessing: Preprocessing) -> Pixels:
    side, short = preprocessing.input_size, preprocessing.short_side
    height, width = picture.shape[:2]
    if min(height, width) != short:
        picture = _middle(picture)
        height, width = picture.shape[:2]
        scale = short / min(height, width)
        size = (max(short, int(width * scale)), max(short, int(height * scale)))
        picture = np.asarray(Image.fromarray(picture).resize(size, resampling(preprocessing)))
        width, height = size
    top, left = round((height - side) / 2), round((width - side) / 2)  # as torchvision centres
    return picture[top : top + side, left : left + side].copy()


def _middle(picture: Pixels) -> Pixels:
    """Return the middle of a very long picture: enough for a centre crop, and small enough to be scaled up."""
    height, width = picture.shape[:2]
    most = MOST_ASPECT * min(height, width)
    if max(height, width) <= most:
        return picture
    top, left = max(0, (height - most) // 2), max(0, (width - most) // 2)
    return picture[top : top + most, left : left + most]


def _squash(picture: Pixels, preprocessing: Preprocessing) -> Pixels:
    size = (preprocessing.input_size, preprocessing.input_size)
    return np.array(Image.fromarray(picture).resize(size, resampling(preprocessing)))


def _pad(picture: Pixels, preprocessing: Preprocessing) -> Pixels:
    side = preprocessing.input_size
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    scaled = Image.fromarray(picture).resize(size, resampling(preprocessing))
    return np.array(on_square(scaled, side, preprocessing))


def on_square(image: Image.Image, side: int, preprocessing: Preprocessing) -> Image.Image:
    """Return a picture in the centre of a square of the mean colour."""
    square = Image.new("RGB", (side, side), mean_colour(preprocessing))
    square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return square


_FRAMERS: Mapping[str, Callable[[Pixels, Preprocessing], Pixels]] = {
    "crop": _crop,
    "squash": _squash,
    "pad": _pad,
}
