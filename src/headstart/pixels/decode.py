"""One way from a file, bytes or an array to a whole picture: uint8 RGB with a fixed short side.

The rules, which `DECODER` names:

- The kind is told by the first bytes, never by the name: JPEG, PNG, WebP, BMP, TIFF; of several frames
  or pages the first.
- EXIF (and XMP) rotation is applied.
- Transparent pictures are laid on white, as a page or a viewer would show them.
- 16-bit grey is divided by 257 (12-bit by its own 4095 / 255), never by its own range; 32-bit whole
  numbers likewise if they fit into 16 bits; floating point has no range that could be known: refused.
  Colour of 16 bits a channel keeps the upper 8.
- Colour profiles are not applied; CMYK is converted as Pillow does it.
- The short side is scaled to `short_side`, up or down, bicubic with antialiasing. Of pictures longer
  than `MOST_ASPECT` to 1 only the centre part of the long side is kept.
- JPEG is decoded at 1/2, 1/4 or 1/8 where that leaves at least twice the wanted side.
"""

from __future__ import annotations

import io
import math
import os
import stat
import struct
import zlib
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import (
    BmpImagePlugin,
    ExifTags,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from headstart.base.errors import PictureError
from headstart.base.params import check_integer
from headstart.pixels.quiet import quiet_pillow

DECODER = f"pillow {PIL.__version__}, rule 1: bicubic"
MOST_ASPECT = 4
MOST_PIXELS = 200_000_000

Pixels = NDArray[np.uint8]
Source = Path | bytes | Pixels | Image.Image

# Pillow's readers are opened directly: Image.open would put its own limit (a process-wide setting that
# belongs to the user) in front of ours.
_READERS: tuple[tuple[bytes, type[ImageFile.ImageFile]], ...] = (
    (b"\xff\xd8\xff", JpegImagePlugin.JpegImageFile),
    (b"\x89PNG\r\n\x1a\n", PngImagePlugin.PngImageFile),
    (b"BM", BmpImagePlugin.BmpImageFile),
    (b"II*\0", TiffImagePlugin.TiffImageFile),
    (b"MM\0*", TiffImagePlugin.TiffImageFile),
    (b"II+\0", TiffImagePlugin.TiffImageFile),
    (b"MM\0+", TiffImagePlugin.TiffImageFile),
)
_OTHERS = (
    (b"GIF8", "a GIF, whatever its name says; GIF is not read"),
    (b"\0\0\0\x0cjP", "a JPEG 2000 picture, which is not read"),
    (b"%PDF", "not a picture: a PDF document"),
    (b"PK\x03\x04", "not a picture: a zip archive"),
    (b"version https://git-lfs", "not a picture: a Git LFS pointer without its content"),
)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Everything that Pillow's readers are known to raise on files that are not what they seem.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    EOFError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
_READING = Lock()
_CONVERT_HINT = "Save it as JPEG or PNG, or take it out of the folder."
_RENEW_HINT = "Get the file again from its source, or take it out of the folder."


def decode(source: Source, *, short_side: int, max_pixels: int | None = None) -> Pixels:
    """Return the whole picture as uint8 RGB, (H, W, 3), with ``min(H, W) == short_side``.

    Parameters
    ----------
    source : Path, bytes, array or PIL image
        A file, a file's content, uint8 pixels, (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) with alpha, or a picture of
        Pillow, of any mode and with its own rotation; it stays as it is.
    short_side : int
        Pixels.
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
    short_side = check_integer("short_side", "decode", short_side, least=1)
    limit = pixel_limit(max_pixels)
    if isinstance(source, np.ndarray):
        image = _from_array(source, limit)
    elif isinstance(source, Image.Image):
        image = _from_pillow(source, limit)
    elif isinstance(source, bytes):
        image = _from_stream(io.BytesIO(source), short_side, limit)
    else:
        image = _from_file(Path(source), short_side, limit)
    return _scale(image, short_side)


def pixel_limit(max_pixels: int | None = None) -> int:
    """Return how many pixels a picture may have: `max_pixels`, HEADSTART_MAX_PIXELS or 200 million."""
    if max_pixels is not None:
        return check_integer("max_pixels", "decode", max_pixels, least=1)
    given = os.environ.get("HEADSTART_MAX_PIXELS", "").strip()
    if not given:
        return MOST_PIXELS
    number: object = int(given) if given.isascii() and given.isdigit() else given
    return check_integer("HEADSTART_MAX_PIXELS", "the environment", number, least=1)


def _from_file(path: Path, short_side: int, limit: int) -> Image.Image:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe would wait for ever
            raise PictureError("not a file", hint="Name picture files, or the folder that holds them.")
        with path.open("rb") as stream:
            return _from_stream(stream, short_side, limit)
    except OSError as error:
        # ValueError and others of a bad file are dealt with inside; this is the disk or the rights.
        raise PictureError(
            f"cannot be read ({error.strerror or error})", hint="Check that the file exists and that you may read it."
        ) from error


def _from_pillow(picture: Image.Image, limit: int) -> Image.Image:
    """Return a caller's picture of Pillow by the same steps as that of a file, in whatever form it was read."""
    _check_size(picture.width, picture.height, limit)
    with quiet_pillow():
        try:
            with _READING:  # the same one may have been given twice
                picture.load()
            turn, image = _turn(picture), _plain(picture)
            return image if turn is None else image.transpose(turn)
        except _BROKEN as error:
            raise PictureError(_broken_reason(error), hint=_RENEW_HINT) from error


def _from_stream(stream: BinaryIO, short_side: int, limit: int) -> Image.Image:
    head = stream.read(64)
    stream.seek(0)
    reader = _reader(head)
    with quiet_pillow():
        try:
            with reader(stream) as opened:
                _check_size(opened.width, opened.height, limit)
                if isinstance(opened, JpegImagePlugin.JpegImageFile):
                    _draft(opened, short_side)
                opened.load()
                turn = _turn(opened)
                image = _plain(opened)
                # Turned first and scaled after, it comes out equal to a picture that was stored upright.
                return image if turn is None else image.transpose(turn)
        except _BROKEN as error:
            raise PictureError(_broken_reason(error), hint=_RENEW_HINT) from error


def _reader(head: bytes) -> type[ImageFile.ImageFile]:
    """Return Pillow's reader for a file that begins with `head`."""
    if not head:
        raise PictureError("file is empty", hint=_RENEW_HINT)
    for magic, reader in _READERS:
        if head.startswith(magic):
            return reader
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return WebPImagePlugin.WebPImageFile
    for magic, reason in _OTHERS:
        if head.startswith(magic):
            raise PictureError(reason, hint=_CONVERT_HINT)
    if head[4:8] == b"ftyp":
        kind = "an AVIF" if head[8:12].startswith(b"avi") else "a HEIC picture or a video"
        raise PictureError(f"{kind}, which is not read", hint=_CONVERT_HINT)
    if head.lstrip().startswith(b"<"):
        raise PictureError("not a picture: a web page or XML", hint=_RENEW_HINT)
    lead = head[:12].decode("ascii", "replace").strip()
    said = f"'{lead}'" if lead.isprintable() and lead.isascii() else f"the bytes {head[:6].hex(' ')}"
    raise PictureError(f"not a picture: begins with {said}", hint=_RENEW_HINT)


def _broken_reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno is not None:  # the disk, not the content
        return f"cannot be read ({error.strerror or error})"
    detail = str(error)
    if isinstance(error, EOFError) or "truncated" in detail.lower():
        return "truncated"
    return f"damaged or truncated ({detail[:80] or type(error).__name__})"


def _check_size(width: int, height: int, limit: int) -> None:
    if width < 1 or height < 1:
        raise PictureError(f"{width} x {height} pixels: nothing to see", hint=_RENEW_HINT)
    if width * height > limit:
        raise PictureError(
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
    except _BROKEN:  # a camera's broken notes do not spoil its picture
        return None
    return _TURNS.get(orientation) if isinstance(orientation, int) else None


def _plain(image: Image.Image) -> Image.Image:
    """Return an opened picture as 8 bits a channel, in mode L, RGB or RGBA."""
    if image.mode == "F":
        raise PictureError(
            "32-bit floating-point grey, whose range is not known", hint="Save it as 8-bit or 16-bit grey."
        )
    if image.mode.startswith("I"):
        return _from_deep_grey(image)
    if image.mode in ("La", "RGBa"):  # colours already multiplied by their opacity
        image = image.convert(image.mode.upper())
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _from_deep_grey(image: Image.Image) -> Image.Image:
    """Scale 12-bit, 16-bit and 32-bit whole-number grey by the range of the form, not of the picture."""
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
        raise PictureError(
            f"32-bit grey with values from {values.min()} to {values.max()}, outside 0 to 65535",
            hint="Save it as 8-bit or 16-bit grey.",
        )
    bits = image.tag_v2.get(258, ()) if isinstance(image, TiffImagePlugin.TiffImageFile) else ()
    top = 4095 if bits == (12,) else 65535
    return Image.fromarray(((values * 255 + top // 2) // top).astype(np.uint8))


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


def _scale(image: Image.Image, short_side: int) -> Pixels:
    """Return a picture of mode L, RGB or RGBA as RGB pixels with the wanted short side."""
    width, height = image.size
    most = MOST_ASPECT * min(width, height)
    left, top = max(0.0, (width - most) / 2), max(0.0, (height - most) / 2)
    box = (left, top, width - left, height - top)
    scale = short_side / min(width, height)
    size = (max(short_side, round((box[2] - left) * scale)), max(short_side, round((box[3] - top) * scale)))
    if size != image.size or left or top:
        image = image.resize(size, Image.Resampling.BICUBIC, box=box)
    if image.mode == "RGBA":
        paper = Image.new("RGBA", size, "white")
        image = Image.alpha_composite(paper, image)
    return np.array(image.convert("RGB"))
