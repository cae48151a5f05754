"""Views of a picture: the same thing seen a little differently, for training.

Everything random comes from the generator that is passed in, always eight numbers of it, so one
picture's view depends on nothing but its own stream.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headstart.base.params import check_choice
from headstart.pixels.framing import MOST_ASPECT, frame, on_square, resampling
from headstart.records.preprocessing import Preprocessing

Pixels = NDArray[np.uint8]
_Box = tuple[float, float, float, float]

_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as Pillow's grey
_TURNS = (None, *Image.Transpose)  # the eight ways to lay a square


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How far views may differ.

    Parameters
    ----------
    summary : str
        What it does, for help texts.
    area : pair of float, optional
        Least and most area of the random crop: a share of the largest square in the picture (framing
        crop) or of the framed square (squash, pad). None: no random crop.
    ratio : pair of float
        Least and most width / height of the crop, measured as the network will see it.
    turns : int
        2: flipped left to right or not; 8: also up to down and by quarter turns.
    jitter : float
        Brightness, contrast and saturation are multiplied by 1 - jitter to 1 + jitter.
    """

    summary: str
    area: tuple[float, float] | None = None
    ratio: tuple[float, float] = (1.0, 1.0)
    turns: int = 1
    jitter: float = 0.0


AUGMENTATIONS: Mapping[str, Augmentation] = {
    "none": Augmentation(summary="as at prediction, without change"),
    "photo": Augmentation(
        summary="random crops, left-right flips, changed light: for photographs of things",
        area=(0.35, 1.0),
        ratio=(3 / 4, 4 / 3),
        turns=2,
        jitter=0.2,
    ),
    "gentle": Augmentation(
        summary="nearly whole, left-right flips, slightly changed light: where the whole picture counts",
        area=(0.8, 1.0),
        ratio=(0.92, 1 / 0.92),
        turns=2,
        jitter=0.1,
    ),
    "upright": Augmentation(
        summary="nearly whole, never flipped, slightly changed light: for letters, digits and signs",
        area=(0.8, 1.0),
        ratio=(0.92, 1 / 0.92),
        jitter=0.1,
    ),
    "any-orientation": Augmentation(
        summary="nearly whole, any way up: for cells, satellite views and others that have no up",
        area=(0.9, 1.0),
        ratio=(0.96, 1 / 0.96),
        turns=8,
        jitter=0.1,
    ),
}


def augment(picture: Pixels, preprocessing: Preprocessing, kind: str, rng: np.random.Generator) -> Pixels:
    """Return one view of a whole picture, uint8 (S, S, 3), fresh and writable.

    Parameters
    ----------
    picture : array of uint8, (H, W, 3)
        The whole picture, as the store holds it.
    preprocessing : Preprocessing
    kind : str
        A name in `AUGMENTATIONS`.
    rng : numpy.random.Generator
        The view's own stream.

    Raises
    ------
    ConfigError
        If `kind` or the preprocessing is not known.
    """
    check_choice("augmentation", "augment", kind, AUGMENTATIONS)
    rule = AUGMENTATIONS[kind]
    draws = rng.random(8)
    if rule.area is None:
        return frame(picture, preprocessing)
    image = Image.fromarray(picture)
    padded = preprocessing.framing == "pad"
    if padded:  # relit before, so that the padding stays what it is at prediction
        image.thumbnail((MOST_ASPECT * preprocessing.decode_side,) * 2, resampling(preprocessing), reducing_gap=None)
        image = on_square(_relight(image, rule.jitter, draws[5:]), max(image.size), preprocessing)
    box = _draw_box(image.width, image.height, preprocessing, rule, draws[:4])
    size = (preprocessing.input_size, preprocessing.input_size)
    view = image.resize(size, resampling(preprocessing), box=box)
    turn = _TURNS[int(draws[4] * rule.turns)]
    if turn is not None:
        view = view.transpose(turn)
    return np.array(view if padded else _relight(view, rule.jitter, draws[5:]))


def _draw_box(
    width: int, height: int, preprocessing: Preprocessing, rule: Augmentation, draws: NDArray[np.float64]
) -> _Box:
    """Return (left, top, right, bottom) of a random crop; where its ratio does not fit, it is smaller."""
    # Squashed, the picture is a square, and a step to the right is not as long as a step down.
    across = height / width if preprocessing.framing == "squash" else 1.0
    wide = width * across
    least, most = rule.area or (1.0, 1.0)
    area = (least + (most - least) * draws[0]) * min(wide, height) ** 2
    low, high = (math.log(value) for value in rule.ratio)
    ratio = math.exp(low + (high - low) * draws[1])
    tall = min(math.sqrt(area / ratio), height, wide / ratio)
    box_width, box_height = min(tall * ratio / across, width), min(tall, height)
    left, top = draws[2] * (width - box_width), draws[3] * (height - box_height)
    return left, top, min(left + box_width, width), min(top + box_height, height)


def _relight(view: Image.Image, jitter: float, draws: NDArray[np.float64]) -> Image.Image:
    """Change brightness, contrast (about the view's mean grey) and saturation in one linear step."""
    if jitter == 0:
        return view
    brightness, contrast, saturation = 1 + jitter * (2 * draws - 1)
    mean = float(np.asarray(view.reduce(view.size), np.float64).reshape(3) @ _LUMA) * brightness
    mix = saturation * np.eye(3) + (1 - saturation) * np.tile(_LUMA, (3, 1))
    rows = np.column_stack([brightness * contrast * mix, np.full(3, (1 - contrast) * mean)])
    return view.convert("RGB", matrix=tuple(rows.ravel().tolist()))
