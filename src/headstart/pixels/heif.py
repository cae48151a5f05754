"""The one door to pillow-heif, which reads HEIC pictures where the extra ``heif`` is installed."""

from __future__ import annotations

from typing import BinaryIO

from PIL import ImageFile


def open_heif(stream: BinaryIO) -> ImageFile.ImageFile:
    """Return an opened HEIC picture; it is asked for only where the package is there."""
    from pillow_heif import HeifImageFile

    image: ImageFile.ImageFile = HeifImageFile(stream)
    return image
