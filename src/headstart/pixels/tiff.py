"""TIFF files as they mean themselves: negatives of deep grey, and channels beyond the colours."""

from __future__ import annotations

from PIL import Image, TiffImagePlugin

_BITS_PER_SAMPLE, _PHOTOMETRIC, _ORIENTATION, _MOST_SAMPLE, _EXTRA_SAMPLES = 258, 262, 274, 281, 338
_WHITE_IS_ZERO, _BLACK_IS_ZERO = 0, 1
_PACKED = (12,)


class Tiff(TiffImagePlugin.TiffImageFile):
    """Pillow's reader turns negatives of up to 8 bits round, but takes deeper ones for positives, or refuses them.

    Here these are read as positives, in either order of bytes, and `negative` says that they are none.
    """

    negative = False

    def _setup(self) -> None:
        bits = self.tag_v2.get(_BITS_PER_SAMPLE, (1,))
        if self.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO and max(bits) > 8:
            self.negative = True
            self.tag_v2[_PHOTOMETRIC] = _BLACK_IS_ZERO
        super()._setup()


def is_negative(image: Image.Image) -> bool:
    """Return whether a picture of deep grey says that zero is white."""
    if isinstance(image, Tiff):
        return image.negative
    # One that a caller has opened with Pillow's own reader.
    return isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO


def is_packed(image: Image.Image) -> bool:
    """Return whether a picture holds 12 bits without gaps, so that these are its range."""
    return isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(_BITS_PER_SAMPLE) == _PACKED


def says_nothing_of_opacity(image: Image.Image) -> bool:
    """Return whether a TIFF does not say what its channels beyond the colours are."""
    return isinstance(image, TiffImagePlugin.TiffImageFile) and _EXTRA_SAMPLES not in image.tag_v2


def will_be_turned(image: Image.Image) -> bool:
    """Return whether Pillow turns an opened TIFF upright while loading it."""
    return isinstance(image, Tiff) and image.tag_v2.get(_ORIENTATION, 1) in range(2, 9)


def most_sample(image: Tiff) -> int | None:
    """Return MaxSampleValue, the highest value that may occur; None where nothing is said."""
    said = image.tag_v2.get(_MOST_SAMPLE)
    value = said[0] if isinstance(said, tuple) and said else said
    return value if isinstance(value, int) else None
