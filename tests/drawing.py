"""Small drawn pictures: circles and squares on noise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SHAPES = ("circle", "square")

Draw = Callable[..., Path]


def draw_picture(path: Path, shape: str = "circle", seed: int = 0) -> Path:
    """Draw one noisy picture, 40 to 80 pixels a side, with a circle or a square, in the form of the suffix."""
    rng = np.random.default_rng([seed, SHAPES.index(shape) if shape in SHAPES else 2])
    width, height = (int(side) for side in rng.integers(40, 81, size=2))
    ground = rng.integers(0, 110, size=3) + rng.integers(0, 30, size=(height, width, 3))
    picture = Image.fromarray(ground.astype(np.uint8))
    side = int(rng.integers(20, 34))
    left, top = (int(rng.integers(2, length - side)) for length in (width, height))
    pen = ImageDraw.Draw(picture)
    colour = tuple(int(value) for value in rng.integers(150, 256, size=3))
    outline = pen.ellipse if shape == "circle" else pen.rectangle
    outline((left, top, left + side, top + side), fill=colour)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)
    return path


def draw_classes(folder: Path, each: int, first_seed: int) -> None:
    """Draw `each` pictures of every shape below `folder`, PNG and JPEG in turn."""
    for shape in SHAPES:
        for number in range(each):
            suffix = (".png", ".jpg")[number % 2]
            draw_picture(folder / shape / f"{shape}_{number:02d}{suffix}", shape, first_seed + number)
