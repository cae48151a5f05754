"""One way from a file, bytes or an array to a whole picture: uint8 RGB with a fixed short side.

The rules (`Decoding.rule` 3), which `decoder` names:

- The kind is told by the first bytes, never by the name (`headstart.base.forms`); of several frames or pages the
  first is read.
- EXIF (and XMP) rotation is applied.
- Colour profiles, and a PNG's gamma, are converted to sRGB; CMYK without a profile as Pillow does it.
- Transparent pictures are laid on white before they are scaled, as a page or a viewer would show them. A TIFF's
  fourth channel is opacity only if the file says so.
- 16-bit grey and colour are divided by what is white in the data set (`Decoding.white`), never by a picture's own
  range; 12-bit by its own; 32-bit whole numbers likewise if they fit into 16 bits; floating point has no range that
  could be known: refused. Grey of which the file says that zero is white is turned round.
- The short side is scaled to `short_side`, up or down, bicubic with antialiasing, and nothing is cut. Of pictures
  longer than `MOST_ASPECT` to 1 the long side is `MOST_ASPECT` times `short_side`, and the short one is shorter.
- First a picture is made smaller by 2, 4 or 8, whichever leaves at least twice the wanted side: by the decoder of a
  JPEG, else by the mean of so many pixels, which is nearly the same. So a JPEG and a PNG of one photograph become one
  picture, and an exported classifier that knows only pixels can do as we do.

Whatever was done to a picture beyond scaling it is noted (`headstart.records.notes`). Bundles made before these rules
say so, and are answered by rule 1 or 2: see `Decoding`.
"""

from __future__ import annotations

import io
import math
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import ExifTags, Image, JpegImagePlugin

from headstart.base.errors import PictureError, PictureSizeError
from headstart.base.params import check_integer
from headstart.pixels import colour, depth, tiff
from headstart.pixels.opening import BROKEN, RENEW_HINT, opened, readable
from headstart.pixels.sizes import HALVED_SINCE, MOST_ASPECT, WHITE_FIRST_SINCE, cut_size, halving, whole_size
from headstart.pixels.smaller import smaller
from headstart.records.notes import Note
from headstart.records.preprocessing import RULES, WHITE_OF_16_BITS, Decoding, Preprocessing

NEARLY_OPAQUE = 250  # of 255
HALF_CROPPED = 2  # beyond it, a crop shows less than half
MOST_PIXELS = 200_000_000

Pixels = NDArray[np.uint8]
Source = Path | bytes | Pixels | Image.Image

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_READING = Lock()


@dataclass(frozen=True, eq=False)
class Decoded:
    """A whole picture, uint8 (H, W, 3), and what was done to it that its owner should know."""

    pixels: Pixels
    notes: tuple[Note, ...] = ()


@dataclass(eq=False)
class _Whole:
    """A picture at full size, L, RGB, RGBA or CMYK, on its way to sRGB."""

    image: Image.Image
    notes: set[Note] = field(default_factory=set)
    profile: colour.Profile | None = None
    gamma: Sequence[int] | None = None
    halved: bool = False  # by the decoder of its file


def decoder(decoding: Decoding) -> str:
    """Return the name of all that decides which pixels come out of a file."""
    return f"pillow {PIL.__version__}, rule {decoding.rule}, white {decoding.white}: bicubic"


def decode(source: Source, *, short_side: int, decoding: Decoding = RULES, max_pixels: int | None = None) -> Pixels:
    """Return the whole picture as uint8 RGB, (H, W, 3), with ``min(H, W) == short_side``.

    Parameters
    ----------
    source : Path, bytes, array or PIL image
        A file, a file's content, uint8 pixels, (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) with alpha, or a picture of
        Pillow, of any mode and with its own rotation; it stays as it is.
    short_side : int
        Pixels. Of pictures longer than `MOST_ASPECT` to 1 the short side is shorter.
    decoding : Decoding
        By which rules; `Preprocessing.decoding` for pictures that a classifier shall see.
    max_pixels : int, optional
        Larger pictures are refused before they are decoded; by default the environment variable
        HEADSTART_MAX_PIXELS, else 200 million.

    Raises
    ------
    PictureError
        If the picture cannot be used; its message is the reason in a few words.
    ConfigError
        If a parameter or HEADSTART_MAX_PIXELS cannot be right.
    """
    return decode_noted(source, short_side=short_side, decoding=decoding, max_pixels=max_pixels).pixels


def decode_for(source: Source, preprocessing: Preprocessing) -> Pixels:
    """Return the whole picture as `decode` does, by the side and the rules of `preprocessing`."""
    return decode(source, short_side=preprocessing.decode_side, decoding=preprocessing.decoding)


def decode_noted(
    source: Source, *, short_side: int, decoding: Decoding = RULES, max_pixels: int | None = None
) -> Decoded:
    """Return what `decode` returns, with notes of what was done to the picture."""
    short_side = check_integer("short_side", "decode", short_side, least=1)
    whole = _loaded(source, short_side, pixel_limit(max_pixels), decoding)
    pixels = _scaled(whole, short_side, decoding)
    return Decoded(pixels, tuple(sorted(whole.notes)))


def upright(
    source: Source, *, short_side: int | None = None, decoding: Decoding = RULES, max_pixels: int | None = None
) -> Pixels:
    """Return the picture upright, in sRGB and on white, uint8 (H, W, 3): what a viewer shows.

    It is what a program gives to an exported classifier, which scales by itself: at its full size, or with
    `short_side` a JPEG as its decoder makes it smaller for `decode`. Other parameters and errors are those of `decode`.
    """
    whole = _loaded(source, short_side, pixel_limit(max_pixels), decoding)
    return _flat(whole.image, whole)


def _loaded(source: Source, short_side: int | None, limit: int, decoding: Decoding) -> _Whole:
    """Return the picture upright; a JPEG made smaller by its decoder where a short side is wanted."""
    if isinstance(source, np.ndarray):
        image = _from_array(source, limit)
        return _Whole(_on_white(image) if decoding.rule >= WHITE_FIRST_SINCE else image, _hidden(image))
    if isinstance(source, Image.Image):
        return _from_pillow(source, limit, decoding)
    if isinstance(source, bytes):
        return _from_stream(io.BytesIO(source), short_side, limit, decoding)
    return _from_file(Path(source), short_side, limit, decoding)


def range_of(path: Path) -> depth.Range | None:
    """Return the range of a picture of 16 bits, None of any other and of one that cannot be read."""
    try:
        with path.open("rb") as stream, opened(stream) as found:
            _check_size(found.image.width, found.image.height, pixel_limit())
            said = depth.said_white(found.image)
            raw = depth.deep_colour(found.image)
            found.load()
            if raw is not None:  # Pillow holds the upper half of it
                upper = int(np.asarray(found.image)[..., :3].max(initial=0))
                return depth.Range(upper << 8 | 255, said)
            if not depth.is_deep_grey(found.image):
                return None
            deep = depth.deep_grey(found.image)
            return None if deep.own_white else depth.Range(int(deep.values.max(initial=0)), said)
    except (OSError, PictureError):  # it is listed as faulty when it is decoded
        return None


def common_decoding(sources: Sequence[object], **options: Any) -> Decoding:
    """Return by which rules all pictures of a data set are decoded; see `headstart.pixels.depth`."""
    return depth.common_decoding(sources, range_of, **options)


def pixel_limit(max_pixels: int | None = None) -> int:
    """Return how many pixels a picture may have: `max_pixels`, HEADSTART_MAX_PIXELS or 200 million."""
    if max_pixels is not None:
        return check_integer("max_pixels", "decode", max_pixels, least=1)
    given = os.environ.get("HEADSTART_MAX_PIXELS", "").strip()
    if not given:
        return MOST_PIXELS
    number: object = int(given) if given.isascii() and given.isdigit() else given
    return check_integer("HEADSTART_MAX_PIXELS", "the environment", number, least=1)


def _from_file(path: Path, short_side: int | None, limit: int, decoding: Decoding) -> _Whole:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe would wait for ever
            raise PictureError("not a file", hint="Name picture files, or the folder that holds them.")
        with path.open("rb") as stream:
            return _from_stream(stream, short_side, limit, decoding)
    except OSError as error:
        # ValueError and others of a bad file are dealt with inside; this is the disk or the rights.
        raise PictureError(
            f"cannot be read ({error.strerror or error})", hint="Check that the file exists and that you may read it."
        ) from error


def _from_pillow(picture: Image.Image, limit: int, decoding: Decoding) -> _Whole:
    """Return a caller's picture of Pillow by the same steps as that of a file, in whatever form it was read."""
    _check_size(picture.width, picture.height, limit)
    with readable():
        with _READING:  # the same one may have been given twice
            picture.load()
        return _upright(picture, decoding, set(), None)


def _from_stream(stream: BinaryIO, short_side: int | None, limit: int, decoding: Decoding) -> _Whole:
    with opened(stream) as found:
        image = found.image
        _check_size(image.width, image.height, limit)
        notes: set[Note] = {"pages"} if getattr(image, "is_animated", False) else set()
        # Pillow turns a TIFF while loading it, pillow-heif a HEIC while opening it.
        turned = tiff.will_be_turned(image) or image.info.get("original_orientation", 1) not in (None, 1)
        notes |= {"turned"} if turned else set()
        raw = depth.deep_colour(image)
        size = image.size
        if isinstance(image, JpegImagePlugin.JpegImageFile) and short_side is not None:
            _draft(image, short_side)
        if raw is None or decoding.white == WHITE_OF_16_BITS:  # then the upper half of 16 bits of colour will do
            image = found.load()
            notes |= {"dim"} if raw is not None and _tells_dim(decoding) and depth.is_dim(image) else set()
            whole = _upright(image, decoding, notes, None)
            whole.halved = image.size != size
            return whole
        deep = depth.load_deep_colour(found.again, raw)
        return _upright(found.load(), decoding, notes, deep)


def _upright(image: Image.Image, decoding: Decoding, notes: set[Note], deep: depth.Deep | None) -> _Whole:
    """Return a loaded picture as 8 bits a channel, turned as its camera noted; `deep`: all 16 bits of its colour."""
    turn = _turn(image)
    whole = _plain(image, decoding, notes, deep)
    if turn is not None:
        # Turned first and scaled after, it comes out equal to a picture that was stored upright.
        whole.image = whole.image.transpose(turn)
        notes.add("turned")
    return whole


def _check_size(width: int, height: int, limit: int) -> None:
    if width < 1 or height < 1:
        raise PictureError(f"{width} x {height} pixels: nothing to see", hint=RENEW_HINT)
    if width * height > limit:
        raise PictureSizeError(
            f"{width} x {height} pixels, over the limit of {limit / 1e6:g} megapixels",
            hint="Shrink the picture, or set HEADSTART_MAX_PIXELS to a larger number.",
        )


def _draft(image: JpegImagePlugin.JpegImageFile, short_side: int) -> None:
    """Let the JPEG decoder shrink, as long as it leaves at least twice the wanted side."""
    scale = 2 * short_side / min(image.size)
    image.draft(None, (math.ceil(image.width * scale), math.ceil(image.height * scale)))


def _turn(image: Image.Image) -> Image.Transpose | None:
    """Return how the picture must be turned to stand upright, from its EXIF or XMP orientation."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except BROKEN:  # a camera's broken notes do not spoil its picture
        return None
    return _TURNS.get(orientation) if isinstance(orientation, int) else None


def _plain(image: Image.Image, decoding: Decoding, notes: set[Note], deep: depth.Deep | None) -> _Whole:
    """Return a loaded picture as 8 bits a channel, in mode L, RGB or RGBA (CMYK with a profile), and its colours."""
    if decoding.rule == 1:
        return _Whole(_eight_bits(image, decoding, set(), None), notes)
    info, mode = image.info, image.mode
    eight = _eight_bits(image, decoding, notes, deep)
    if decoding.rule >= WHITE_FIRST_SINCE:
        eight = _on_white(eight)
    grey = depth.is_deep_grey(image) or mode in ("1", "L", "LA", "La")
    profile = colour.profile_of(info.get("icc_profile"), mode if mode == "CMYK" else eight.mode, grey=grey)
    if mode == "CMYK" and profile is not None:
        eight = image.copy()
    if (info.get("icc_profile") and profile is None) or colour.states_other_colours(info):
        notes.add("profile-ignored")
    if profile is not None and profile.transform is not None:
        notes.add("profile")
    elif mode == "CMYK" and profile is None:
        notes.add("cmyk")
    gamma = None if info.get("icc_profile") or "srgb" in info else colour.gamma_table(info.get("gamma"))
    if gamma is not None:
        notes.add("gamma")
    return _Whole(eight, notes, profile, gamma)


def _eight_bits(image: Image.Image, decoding: Decoding, notes: set[Note], deep: depth.Deep | None) -> Image.Image:
    """Return a loaded picture as 8 bits a channel, in mode L, RGB or RGBA."""
    file = image
    if image.mode == "F":
        raise PictureError(
            "32-bit floating-point grey, whose range is not known", hint="Save it as 8-bit or 16-bit grey."
        )
    if depth.is_deep_grey(image) or deep is not None:
        deep = depth.with_clear_value(deep or depth.deep_grey(image), image.info.get("transparency"))
        negative = decoding.rule > 1 and tiff.is_negative(image)
        flat, cut = depth.to_eight_bits(deep, decoding.white, negative=negative)
        notes |= {"negative"} if negative else set()
        notes |= {"white"} if decoding.white < WHITE_OF_16_BITS and not deep.own_white else set()
        notes |= {"beyond-white"} if cut else set()
        notes |= {"dim"} if _tells_dim(decoding) and 0 < int(deep.values.max(initial=0)) < depth.DIM else set()
        return _meant(file, flat, decoding, notes)
    if image.mode in ("La", "RGBa"):  # colours already multiplied by their opacity
        image = image.convert(image.mode.upper())
    if image.has_transparency_data:
        image = image.convert("RGBA")
    else:
        image = image.convert("L" if image.mode in ("1", "L") else "RGB")
    return _meant(file, image, decoding, notes)


def _tells_dim(decoding: Decoding) -> bool:
    return decoding.rule > 1 and decoding.white == WHITE_OF_16_BITS


def _meant(file: Image.Image, image: Image.Image, decoding: Decoding, notes: set[Note]) -> Image.Image:
    """Return the picture without a fourth channel that is not opacity: a TIFF must say what it is."""
    if image.mode not in ("RGBA", "LA"):
        return image
    if tiff.says_nothing_of_opacity(file) and decoding.rule > 1:
        notes.add("fourth-channel")
        return image.convert("RGB")
    if decoding.rule > 1:
        notes |= _hidden(image)
    return image


def _hidden(image: Image.Image) -> set[Note]:
    """Return what is to be noted of a picture with opacity."""
    if image.mode not in ("RGBA", "LA"):
        return set()
    least, most = image.getextrema()[-1]  # type: ignore[misc]
    return {"transparent"} if most == 0 else {"opacity"} if least < NEARLY_OPAQUE else set()


def _from_array(pixels: NDArray[Any], limit: int) -> Image.Image:
    shape = pixels.shape
    if pixels.dtype != np.uint8 or not (len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3, 4))):
        raise PictureError(
            f"array of {pixels.dtype} with shape {shape}",
            hint="Give uint8 pixels as (H, W), (H, W, 1), (H, W, 3) or (H, W, 4).",
        )
    _check_size(shape[1], shape[0], limit)
    if len(shape) == 3 and shape[2] == 1:
        pixels = pixels[:, :, 0]
    return Image.fromarray(np.ascontiguousarray(pixels))


def _scaled(whole: _Whole, short_side: int, decoding: Decoding) -> Pixels:
    """Return the picture as RGB pixels with the wanted short side."""
    image = _halved(whole, short_side, decoding)
    box, size = cut_size(image.size, short_side) if decoding.rule == 1 else (None, whole_size(image.size, short_side))
    aspect = max(image.size) / min(image.size)
    whole.notes |= {"elongated"} if aspect > HALF_CROPPED and decoding.rule > 1 else set()
    whole.notes |= {"long"} if aspect > MOST_ASPECT and decoding.rule > 1 else set()
    if size != image.size or box is not None:
        image = image.resize(size, Image.Resampling.BICUBIC, box=box)
    return _flat(image, whole)


def _flat(image: Image.Image, whole: _Whole) -> Pixels:
    """Return a picture that may have been scaled as RGB pixels, in sRGB, on white."""
    if whole.profile is not None:
        image = colour.to_srgb(image, whole.profile)
    if whole.gamma is not None:
        image = colour.with_gamma(image, whole.gamma)
    return np.array(_on_white(image).convert("RGB"))


def _on_white(image: Image.Image) -> Image.Image:
    """Return a picture with opacity as it is seen on white paper."""
    if image.mode not in ("RGBA", "LA"):
        return image
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def _halved(whole: _Whole, short_side: int, decoding: Decoding) -> Image.Image:
    """Return a large picture smaller by 2, 4 or 8: the mean of so many pixels, as the decoder of a JPEG does it."""
    times = 1 if whole.halved or decoding.rule < HALVED_SINCE else halving(whole.image.size, short_side)
    return smaller(whole.image, times) if times > 1 else whole.image
