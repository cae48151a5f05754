"""From the bytes of a file to an opened picture: which reader, and why one cannot be read.

Pillow's readers are opened directly: `Image.open` would put its own limit (a process-wide setting that belongs to
the user) in front of ours.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from headstart.base import forms
from headstart.base.errors import PictureError
from headstart.base.forms import Form, form_of
from headstart.pixels import png
from headstart.pixels.heif import open_heif
from headstart.pixels.quiet import quiet_pillow
from headstart.pixels.tiff import Tiff

Opener = Callable[[BinaryIO], ImageFile.ImageFile]

CONVERT_HINT = "Save it as JPEG or PNG, or take it out of the folder."
RENEW_HINT = "Get the file again from its source, or take it out of the folder."

_READERS: dict[Form, Opener] = {
    forms.JPEG: JpegImagePlugin.JpegImageFile,
    forms.PNG: PngImagePlugin.PngImageFile,
    forms.BMP: BmpImagePlugin.BmpImageFile,
    forms.TIFF: Tiff,
    forms.WEBP: WebPImagePlugin.WebPImageFile,
    forms.AVIF: AvifImagePlugin.AvifImageFile,
    forms.HEIF: open_heif,
}
# Everything that Pillow's readers are known to raise on files that are not what they seem.
BROKEN = (
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
# How Pillow says that a file is sound, but of a kind that it does not read.
_UNREAD = (
    "unsupported",
    "not supported",
    "not available",
    "unknown pixel mode",
    "unknown data organization",
    "cannot handle",
)


class Opened:
    """A picture whose header has been read.

    Parameters
    ----------
    stream : binary file
    reader : callable
        Pillow's reader for it.
    """

    def __init__(self, stream: BinaryIO, reader: Opener) -> None:
        self._stream, self._reader = stream, reader
        self.image = self._without_limit(self.again)
        if reader is PngImagePlugin.PngImageFile:
            codes = png.colour_codes(stream)
            self.image.info.update({} if codes is None else {"cicp": codes})

    def again(self) -> ImageFile.ImageFile:
        """Return the same, opened once more."""
        self._stream.seek(0)
        return self._reader(self._stream)

    def load(self) -> ImageFile.ImageFile:
        """Load the pixels and return the picture."""

        def loaded() -> ImageFile.ImageFile:
            self.image.load()
            return self.image

        self.image = self._without_limit(loaded)
        return self.image

    def _without_limit(self, step: Callable[[], ImageFile.ImageFile]) -> ImageFile.ImageFile:
        """Do a step; where Pillow refuses a PNG for its long texts or profile, on a copy without them.

        The picture itself is sound then, and viewers show it.
        """
        try:
            return step()
        except ValueError as error:
            if self._reader is not PngImagePlugin.PngImageFile or not png.is_pillows_limit(error):
                raise
        whole, self._stream = self._stream, io.BytesIO(png.without_texts(self._stream))
        self.image = self.again()
        self.image.info["icc_profile"] = png.profile(whole)
        return step() if step != self.again else self.image


@contextmanager
def opened(stream: BinaryIO) -> Iterator[Opened]:
    """Yield a picture whose pixels are still to be loaded; whatever goes wrong inside is told as its fault.

    Raises
    ------
    PictureError
        If it cannot be read; its message is the reason in a few words.
    """
    reader = _reader(stream.read(forms.HEAD))
    with readable():
        found = Opened(stream, reader)
        try:
            yield found
        finally:
            found.image.close()


@contextmanager
def readable() -> Iterator[None]:
    """Tell whatever Pillow raises within as a fault of the picture, and nothing of what it warns of."""
    with quiet_pillow():
        try:
            yield
        except BROKEN as error:
            raise _refusal(error) from error


def _reader(head: bytes) -> Opener:
    """Return the reader for a file that begins with `head`."""
    form = form_of(head)
    if form.is_read:
        return _READERS[form]
    if form is forms.EMPTY:
        raise PictureError("file is empty", hint=RENEW_HINT)
    if form.extra:
        raise PictureError(
            f"{form.said} picture, which needs another package",
            hint=f'Install it: pip install "headstart[{form.extra}]". Or save the picture as JPEG or PNG.',
        )
    if form.picture:
        raise PictureError(f"{form.said}, a form that is not read", hint=CONVERT_HINT)
    if form in (forms.TEXT, forms.OTHER):
        lead = head[:12].decode("ascii", "replace").strip()
        said = f"'{lead}'" if lead.isprintable() and lead.isascii() else f"the bytes {head[:6].hex(' ')}"
        raise PictureError(f"not a picture: begins with {said}", hint=RENEW_HINT)
    raise PictureError(f"not a picture: {form.said}", hint=RENEW_HINT)


def _refusal(error: Exception) -> PictureError:
    detail = str(error)
    if isinstance(error, OSError) and error.errno is not None:  # the disk, not the content
        return PictureError(f"cannot be read ({error.strerror or error})", hint=RENEW_HINT)
    if any(sign in detail.lower() for sign in _UNREAD):
        return PictureError(f"a form that is not read ({detail[:80]})", hint=CONVERT_HINT)
    if isinstance(error, EOFError) or "truncated" in detail.lower():
        return PictureError("truncated", hint=RENEW_HINT)
    return PictureError(f"damaged or truncated ({detail[:80] or type(error).__name__})", hint=RENEW_HINT)
