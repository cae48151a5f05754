"""Drawings as files, for checks that pass on nobody's pictures: equal numbers give equal pictures."""

from __future__ import annotations

import io
from functools import cache
from typing import Literal

import numpy as np
from PIL import ExifTags, Image, ImageDraw

from headstart.base.streams import stream

DrawnAs = Literal["png", "jpeg"]
SIZE = (400, 300)
_FLAT_SIDE = 0.45  # of the shorter side: what a drawn thing measures at most
_THINGS = 14
_TURNED = 6  # the camera was held upright


@cache
def draw_test_picture(number: int, kind: DrawnAs, size: tuple[int, int] = SIZE) -> bytes:
    """Return a drawing as a file: a PNG, or a JPEG that its EXIF turns by a quarter.

    Parameters
    ----------
    number : int
        Which drawing, from 0.
    kind : str
    size : tuple of int
        Width and height.
    """
    picture, stream_of_bytes = _drawn(number, size), io.BytesIO()
    if kind == "png":
        picture.save(stream_of_bytes, "PNG", optimize=True)
    else:
        notes = Image.Exif()
        notes[ExifTags.Base.Orientation] = _TURNED
        picture.save(stream_of_bytes, "JPEG", quality=85, exif=notes)
    return stream_of_bytes.getvalue()


def _drawn(number: int, size: tuple[int, int]) -> Image.Image:
    """Return coloured things, each above the last, on a ground that goes from one colour to another."""
    rng = stream(number, "drawn")
    width, height = size
    one, other = rng.integers(0, 256, (2, 3))
    way = np.linspace(0, 1, width)[None, :, None] * np.linspace(0.3, 1, height)[:, None, None]
    ground = one + (other - one) * way
    picture = Image.fromarray(ground.astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    for _ in range(_THINGS):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        half = rng.uniform(0.03, _FLAT_SIDE / 2, 2) * height
        box = (x - half[0], y - half[1], x + half[0], y + half[1])
        colour = tuple(int(value) for value in rng.integers(0, 256, 3))
        (pen.ellipse if rng.random() < 0.6 else pen.rectangle)(box, fill=colour)
    return picture
