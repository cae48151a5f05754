"""What a file says of its picture before a pixel is read: form, mode, size, and whether it must be turned."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import ExifTags

from headstart.base.errors import PictureError
from headstart.base.forms import HEAD, form_of
from headstart.pixels.opening import BROKEN, opened

_LONG = 2  # to 1


@dataclass(frozen=True)
class Header:
    """A picture's form, such as ``"jpeg"``, Pillow's mode, its size as it is stored, and whether it must be turned."""

    form: str
    mode: str
    width: int
    height: int
    turned: bool

    def kind(self, side: int) -> str:
        """Return in a few words what sort of picture it is for a network that sees `side` pixels."""
        short, long = sorted((self.width, self.height))
        if self.turned and self.width != self.height:
            upright = self.width > self.height  # quarter turns are by far the commonest
        else:
            upright = self.height > self.width
        shape = "square" if short == long else ("portrait" if upright else "landscape")
        shape = f"long {shape}" if long > _LONG * short else shape
        size = "smaller than the network sees" if short < side else "large" if short >= 4 * side else "middle-sized"
        return f"{self.form} {self.mode}, {shape}, {size}{', turned' if self.turned else ''}"


def header_of(path: Path) -> Header | None:
    """Return what a file says of its picture, None where it can't be read."""
    try:
        with path.open("rb") as stream:
            form = form_of(stream.read(HEAD)).name
            stream.seek(0)
            with opened(stream) as found:
                image = found.image
                return Header(form, image.mode, image.width, image.height, _turned(image.getexif()))
    except (OSError, PictureError, *BROKEN):
        return None


def _turned(exif: dict[int, object] | object) -> bool:
    orientation = exif.get(ExifTags.Base.Orientation) if hasattr(exif, "get") else None
    return isinstance(orientation, int) and 2 <= orientation <= 8
