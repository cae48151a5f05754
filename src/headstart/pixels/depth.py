"""Pictures of 16 bits a channel: their values, and which value is white in a whole data set.

Cameras of 10, 12 or 14 bits are often stored in 16 without being scaled. Then the highest value that occurs anywhere
in the data set says how many bits are used, and that is white for all of its pictures: never the range of one picture,
which would make a dark one as bright as the others.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, PngImagePlugin

from headstart.base.errors import PictureError
from headstart.base.executors import ordered_map
from headstart.pixels import png, tiff
from headstart.records.preprocessing import RULES, WHITE_OF_16_BITS, Decoding
from headstart.records.progress import Progress, Silent

Values = NDArray[np.uint16]

_USUAL_BITS = (8, 10, 12, 14, 16)  # of cameras and scanners
_OWN_BITS = 12  # a TIFF may hold 12 bits packed: then these are its range
_SWAPPED = {"L": "B", "B": "L", "N": "B" if sys.byteorder == "little" else "L"}


DIM = 1 << 12  # of 16 bits: a picture whose values are all lower was made with 12 bits or fewer


class Deep(NamedTuple):
    """Values of a picture of 16 bits, (H, W) or (H, W, 3), its opacity (H, W), and the highest value possible."""

    values: Values
    alpha: Values | None = None
    own_white: int | None = None


def is_deep_grey(image: Image.Image) -> bool:
    """Return whether Pillow holds this picture's grey in more than 8 bits."""
    return image.mode.startswith("I")


def deep_grey(image: Image.Image) -> Deep:
    """Return the values of a loaded picture of deep grey.

    Raises
    ------
    PictureError
        If they do not fit into 16 bits.
    """
    values: NDArray[Any] = np.asarray(image)
    if values.dtype == np.int32 and tiff.is_unsigned(image):
        values = values.view(np.uint32)
    if values.dtype != np.uint16:
        low, high = int(values.min()), int(values.max())
        if low < 0 or high > WHITE_OF_16_BITS:
            raise PictureError(
                f"32-bit grey with values from {low} to {high}, outside 0 to 65535",
                hint="Save it as 8-bit or 16-bit grey.",
            )
    deep: Values = values.astype(np.uint16)
    return Deep(deep, own_white=(1 << _OWN_BITS) - 1 if tiff.is_packed(image) else None)


def deep_colour(image: ImageFile.ImageFile) -> str | None:
    """Return in which way an opened picture holds 16 bits of colour (Pillow's raw mode); None if it does not."""
    if not image.tile:
        return None
    arguments = image.tile[0].args
    raw = arguments if isinstance(arguments, str) else arguments[0] if arguments else ""
    deep = isinstance(raw, str) and ";16" in raw and image.mode in ("LA", "RGB", "RGBA")
    return raw if deep else None


def is_dim(image: Image.Image) -> bool:
    """Return whether a loaded picture of 16 bits of colour, of which Pillow keeps the upper half, is nearly black."""
    bands = np.asarray(image)
    return 0 < int(bands[..., : 1 if image.mode == "LA" else 3].max(initial=0)) < DIM >> 8


def load_deep_colour(open_again: Callable[[], ImageFile.ImageFile], raw: str) -> Deep:
    """Return all 16 bits of a colour picture: Pillow keeps the upper half of each, so it is read twice.

    Read as if its bytes stood the other way round, the upper half is the lower one.

    Raises
    ------
    PictureError
        If its colours were multiplied by their opacity: Pillow divides the upper halves alone.
    """
    if raw.startswith("RGBa"):
        raise PictureError(
            "16 bits of colour, multiplied by their opacity, of which not all are used",
            hint="Save it as 8-bit PNG, or with all of its 16 bits.",
        )
    if raw.startswith("LA"):
        both = np.asarray(_loaded_as(open_again(), lambda _: "RGBA", "RGBA")).astype(
            np.uint16
        )  # upper, lower, upper, lower
        whole = both[..., ::2] << 8 | both[..., 1::2]
        return Deep(whole[..., 0].astype(np.uint16), whole[..., 1].astype(np.uint16))
    upper, lower = open_again(), _loaded_as(open_again(), _swapped)
    upper.load()
    values: Values = np.asarray(upper).astype(np.uint16) << 8 | np.asarray(lower)
    return Deep(values[..., :3], values[..., 3] if upper.mode == "RGBA" else None)


def with_clear_value(deep: Deep, clear: object) -> Deep:
    """Return the values with the opacity that a PNG gives by naming one value, or colour, that is clear (tRNS)."""
    if isinstance(clear, int):
        hidden = deep.values == clear
    elif isinstance(clear, tuple) and deep.values.ndim == 3:
        hidden = (deep.values == np.array(clear)).all(axis=-1)
    else:
        return deep
    return deep._replace(alpha=np.where(hidden, 0, WHITE_OF_16_BITS).astype(np.uint16))


def to_eight_bits(deep: Deep, white: int, *, negative: bool = False) -> tuple[Image.Image, bool]:
    """Return the picture (L, RGB, LA or RGBA), and whether values beyond white were cut to white."""
    white = deep.own_white or white
    table = _table(white, negative=negative)
    image = Image.fromarray(table[deep.values])
    if deep.alpha is not None:
        # Opacity uses the bits that the colours use, or all of them.
        opaque = white if int(deep.alpha.max(initial=0)) <= white else WHITE_OF_16_BITS
        image.putalpha(Image.fromarray(_table(opaque, negative=False)[deep.alpha]))
    return image, bool(white < WHITE_OF_16_BITS and deep.values.max(initial=0) > white)


@lru_cache(maxsize=8)
def _table(white: int, *, negative: bool) -> NDArray[np.uint8]:
    values = np.minimum(np.arange(WHITE_OF_16_BITS + 1, dtype=np.int64), white)
    table = ((white - values if negative else values) * 255 + white // 2) // white
    return table.astype(np.uint8)


def _swapped(raw: str) -> str:
    """Return the raw mode in which the two bytes of a value change places."""
    return raw[:-1] + _SWAPPED[raw[-1]]


def _loaded_as(image: ImageFile.ImageFile, raw_mode: Callable[[str], str], mode: str | None = None) -> Image.Image:
    """Load an opened picture, each of its tiles or planes with another raw mode."""
    tiles = []
    for tile in image.tile:
        own = tile.args
        arguments = raw_mode(own) if isinstance(own, str) else (raw_mode(own[0]), *own[1:])  # type: ignore[index]
        tiles.append(tile._replace(args=arguments))
    image.tile = tiles
    if mode is not None:
        image._mode = mode
    image.load()
    return image


class Range(NamedTuple):
    """The highest value of a deep picture, and the highest that its file says may occur."""

    most: int
    said: int | None


def said_white(image: ImageFile.ImageFile) -> int | None:
    """Return the highest value that the file says may occur: sBIT of a PNG, MaxSampleValue of a TIFF."""
    if isinstance(image, tiff.Tiff):
        value = tiff.most_sample(image)
        return value if value is not None and 0 < value < WHITE_OF_16_BITS else None
    if isinstance(image, PngImagePlugin.PngImageFile) and image.fp is not None:
        place = image.fp.tell()
        bits = png.significant_bits(image.fp)  # type: ignore[arg-type]
        image.fp.seek(place)
        return (1 << bits) - 1 if bits and bits < 16 else None
    return None


def may_be_deep(head: bytes) -> bool:
    """Return whether a file that begins so may hold more than 8 bits a channel (a TIFF must be opened to know)."""
    return png.is_deep(head) if head.startswith(b"\x89PNG") else head.startswith((b"II", b"MM"))


def common_decoding(
    sources: Sequence[object],
    range_of: Callable[[Path], Range | None],
    *,
    threads: int = 1,
    progress: Progress | None = None,
) -> Decoding:
    """Return by which rule all of these pictures are decoded: what is white among those of 16 bits.

    Reading ends with the first picture that uses the upper bits, so that only data sets with fewer are read whole.

    Parameters
    ----------
    sources : sequence
        Paths; anything else is not deep.
    range_of : callable
        The range of a deep picture's values, None of any other.
    """
    deep = [path for path in sources if isinstance(path, Path) and may_be_deep(_head(path))]
    most, said = 0, list[int | None]()
    with (progress or Silent()).step("bit depth", len(deep)) as step:
        for found in _ranges(deep, range_of, threads):
            step.advance()
            if found is None:
                continue
            most, said = max(most, found.most), [*said, found.said]
            if most.bit_length() > _USUAL_BITS[-2]:
                return RULES
    if not said:
        return RULES
    if None not in said:
        most = max([most, *(value for value in said if value is not None)])
    bits = next(bits for bits in _USUAL_BITS if most.bit_length() <= bits)
    return Decoding(white=(1 << bits) - 1)


def _ranges(files: Sequence[Path], range_of: Callable[[Path], Range | None], threads: int) -> Iterable[Range | None]:
    return ordered_map(range_of, files, threads=threads)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(32)
    except OSError:  # it is listed as faulty when it is decoded
        return b""
