"""Which arrays are pictures, and what to do with those that are not: one for each mistake that people make.

Shapes are told apart by their last axis: 1, 3 or 4 long it holds the colours. So (24, 64, 64) are 24 grey pictures;
(3, 64, 64) may be one with its colours first, as torch has it, and is never guessed at. Nor is (50, 40, 2) or
(50, 40, 5): where the last axis is at most 16 long and the second at least twice as long, these are the channels of one
picture. So tiny grey pictures, (100, 8, 8), still are a batch.
"""

from __future__ import annotations

import os
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from headstart.base.errors import DataError

FORMS: Final = (
    "Pictures are paths, bytes, open files, PIL images or uint8 arrays (height, width, 3): one, or a list of them."
)
SEVERAL: Final = "The pictures"  # how a sentence about more than one begins
_COLOURS = (1, 3, 4)
_MOST_CHANNELS = 16  # no batch of grey pictures is as narrow as this and twice as high
_RANGE = "Pictures are uint8 arrays with values from 0 to 255: "


def as_array(thing: Any) -> NDArray[Any] | None:
    """Return what holds numbers or texts in rows (of NumPy, torch, JAX, pandas) as an array; None for all else."""
    if isinstance(thing, np.ndarray):
        return thing
    if isinstance(thing, type) or not all(hasattr(thing, name) for name in ("__array__", "shape", "dtype")):
        return None
    if callable(getattr(thing, "detach", None)):  # a tensor may be on a graphics card, or wait for its gradient
        thing = thing.detach().cpu()
    try:
        return np.asarray(thing)
    except (TypeError, ValueError):  # numbers that NumPy does not have
        return None


def is_numbers(array: NDArray[Any]) -> bool:
    """Whether an array holds numbers, not texts or objects."""
    return array.dtype.kind in "biufc"


def is_one_picture(array: NDArray[Any]) -> bool:
    """Whether an array is a single picture, if perhaps a wrong one, and not what holds several."""
    return is_numbers(array) and array.ndim in (2, 3) and not _is_batch_of_grey(array)


def pictures_of(array: NDArray[Any]) -> list[Any]:
    """Return the pictures of an array that holds several, or what else stands in it.

    Raises
    ------
    DataError
        If it is no array of pictures or paths.
    """
    if is_numbers(array):
        return list(_batch(array))
    if array.dtype.kind not in "USOT":
        raise DataError(f"{SEVERAL} are an array of {array.dtype}.", hint=FORMS)
    if array.ndim == 2 and 1 in array.shape:
        array = array.ravel()
    if array.ndim != 1:
        raise DataError(
            f"{SEVERAL} are an array of {'objects' if array.dtype.kind == 'O' else 'texts'} with shape {array.shape}.",
            hint="Give one path for each picture, (n,), or a list of uint8 arrays.",
        )
    if array.dtype.kind == "S":  # paths, as operating systems have them; the content of a file has null bytes
        return [item if b"\0" in item else os.fsdecode(item) for item in array.tolist()]
    return list(array.tolist())


def check_pixels(name: str, array: NDArray[Any]) -> NDArray[np.uint8]:
    """Return an array that is one picture.

    Raises
    ------
    DataError
        If it is none; the hint says how it becomes one.
    """
    if way := _way_to_pixels(array):
        raise DataError(f"{name} is an array of {array.dtype} with shape {array.shape}.", hint=way)
    return array


def _batch(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array of several pictures, checked."""
    way = ""
    if array.ndim == 4 and array.shape[-1] not in _COLOURS:
        way = "The colours come last: give array.transpose(0, 2, 3, 1)."
    elif array.ndim == 1 and array.size:
        way = "A list of pictures has one array, (height, width, 3), or one path for each."
    elif array.ndim in (3, 4) and len(array):
        way = "" if array.dtype == np.uint8 else _scaled(array)
    elif array.ndim not in (1, 3, 4):
        way = FORMS
    if way:
        raise DataError(f"{SEVERAL} are an array of {array.dtype} with shape {array.shape}.", hint=way)
    return array


def _is_batch_of_grey(array: NDArray[Any]) -> bool:
    plain = array.ndim == 3 and array.shape[2] not in _COLOURS and array.shape[0] not in _COLOURS
    return plain and not _has_other_channels(array)


def _has_other_channels(array: NDArray[Any]) -> bool:
    """Whether this is one picture of two channels, or of five to sixteen."""
    if array.ndim != 3 or array.shape[2] in _COLOURS or array.shape[0] in _COLOURS:
        return False
    return bool(2 <= array.shape[2] <= _MOST_CHANNELS and array.shape[1] >= 2 * array.shape[2])


def _way_to_pixels(array: NDArray[Any]) -> str:
    """Return how an array becomes a picture; nothing if it is one."""
    if np.ma.is_masked(array):
        return "Some of its values are masked: give array.filled(255)."
    if array.ndim == 3 and array.shape[2] not in _COLOURS and array.shape[0] in _COLOURS:
        return "The colours come last: give array.transpose(1, 2, 0). If these are grey pictures, give list(array)."
    if _has_other_channels(array):
        way = (
            "convert grey with alpha to RGBA, array[..., [0, 0, 0, 1]]"
            if array.shape[2] == 2
            else ("choose three of the channels, e.g. array[..., [0, 1, 2]]")
        )
        return f"A picture has 1, 3 or 4 channels: {way}. If these are grey pictures, give list(array)."
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in _COLOURS):
        return "Pictures are uint8 arrays (height, width, 3), (height, width, 4), or (height, width) for grey."
    return "" if array.dtype == np.uint8 else _scaled(array)


def _scaled(array: NDArray[Any]) -> str:
    """Return how numbers of another kind become uint8."""
    kind = array.dtype.kind
    if kind == "b":
        return f"{_RANGE}give (array * 255).astype('uint8')."
    if kind == "c" or not array.size:
        return f"{_RANGE}give array.astype('uint8')."
    low, high = float(np.min(array)), float(np.max(array))
    if kind == "f" and 0 <= low <= high <= 1:
        return f"{_RANGE}these go from 0 to 1, so give (array * 255).round().astype('uint8')."
    if 0 <= low <= high <= 255:
        return f"{_RANGE}give array.round().astype('uint8')."
    if kind in "iu" and low >= 0:
        return (
            f"{_RANGE}these go to {high:.0f}. Divide all your pictures by one and the same number, e.g. "
            "(array // 257).astype('uint8') where 65535 is white; or give files of 16 bits."
        )
    return f"{_RANGE}undo the normalisation first, (array * std + mean) * 255, then .clip(0, 255).astype('uint8')."
