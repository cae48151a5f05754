"""TIFF files as they mean themselves: negatives of deep grey, and channels beyond the colours."""

from __future__ import annotations

from PIL import Image, ImagePalette, TiffImagePlugin

_BITS_PER_SAMPLE, _PHOTOMETRIC, _ORIENTATION, _MOST_SAMPLE, _EXTRA_SAMPLES = 258, 262, 274, 281, 338
_COMPRESSION, _PLANES, _COLOUR_MAP, _SAMPLE_FORMAT = 259, 284, 320, 339
_WHITE_IS_ZERO, _BLACK_IS_ZERO = 0, 1
_APART, _SIGNED = 2, 2
# None, CCITT (three), LZW, JPEG (two), Deflate (two), PackBits, Thunderscan, SGI's logarithms, LZMA and Zstandard.
_READ_COMPRESSIONS = {1, 2, 3, 4, 5, 6, 7, 8, 32773, 32809, 32946, 34676, 34677, 34925, 50000}
_PACKED = (12,)


class Tiff(TiffImagePlugin.TiffImageFile):
    """Pillow's reader turns negatives of up to 8 bits round, but takes deeper ones for positives, or refuses them.

    Here these are read as positives, in either order of bytes, and `negative` says that they are none.
    """

    negative = False

    def _setup(self) -> None:
        self._refuse_unread()
        bits = self.tag_v2.get(_BITS_PER_SAMPLE, (1,))
        if self.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO and max(bits) > 8:
            self.negative = True
            self.tag_v2[_PHOTOMETRIC] = _BLACK_IS_ZERO
        try:
            super()._setup()
        except IndexError as error:  # one raw mode for each plane, and there are none for these
            raise SyntaxError("its planes are not supported") from error
        if self.tag_v2.get(_PLANES) == _APART and max(bits) > 8:
            self._name_deep_planes()
        if self.mode == "P" and max(self.tag_v2[_COLOUR_MAP]) < 256:
            # Some programs write colours of 8 bits where 16 are meant; libtiff reads them so, too.
            self.palette = ImagePalette.raw("RGB;L", bytes(self.tag_v2[_COLOUR_MAP]))

    def _refuse_unread(self) -> None:
        """Say what is sound and not read, where Pillow would call it damaged or take one value for another."""
        compression = self.tag_v2.get(_COMPRESSION, 1)
        if compression not in _READ_COMPRESSIONS:
            raise SyntaxError(f"compression {compression} is not supported")
        signed = _SIGNED in self.tag_v2.get(_SAMPLE_FORMAT, ())
        if signed and max(self.tag_v2.get(_BITS_PER_SAMPLE, (1,))) <= 8:
            raise SyntaxError("signed values of 8 bits are not supported")

    def _name_deep_planes(self) -> None:
        """Let each plane of 16 bits be read as such: without libtiff, Pillow takes it for one of 8."""
        order = "B" if self.tag_v2.prefix == b"MM" else "L"
        tiles = []
        for tile in self.tile:
            if tile.codec_name == "raw" and isinstance(tile.args, tuple) and len(str(tile.args[0])) == 1:
                tile = tile._replace(args=(f"{tile.args[0]};16{order}", *tile.args[1:]))
            tiles.append(tile)
        self.tile = tiles


def is_negative(image: Image.Image) -> bool:
    """Return whether a picture of deep grey says that zero is white."""
    if isinstance(image, Tiff):
        return image.negative
    # One that a caller has opened with Pillow's own reader.
    return isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO


def is_packed(image: Image.Image) -> bool:
    """Return whether a picture holds 12 bits without gaps, so that these are its range."""
    return isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(_BITS_PER_SAMPLE) == _PACKED


def is_unsigned(image: Image.Image) -> bool:
    """Return whether the values of a TIFF have no sign; Pillow reads those of 32 bits as if they had."""
    said = image.tag_v2.get(_SAMPLE_FORMAT, ()) if isinstance(image, TiffImagePlugin.TiffImageFile) else (_SIGNED,)
    return _SIGNED not in said


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
