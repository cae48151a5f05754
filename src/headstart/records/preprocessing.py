"""How a whole picture becomes the square that a network sees."""

from __future__ import annotations

from typing import Literal

from headstart.records.record import Figure, Kept, Record, Sample, Side, Spread

Framing = Literal["crop", "squash", "pad"]
FRAMINGS: tuple[Framing, ...] = ("crop", "squash", "pad")


WHITE_OF_16_BITS = 65535


class Decoding(Record):
    """By which rules a file becomes pixels; one for all pictures of a data set, kept in its bundles.

    Parameters
    ----------
    rule : int
        3. 2 in bundles made before: only JPEGs are halved before they are scaled, and what is transparent is laid on
        white only after that. 1 in those made before that: also no colour profiles, a fourth channel is always opacity,
        16-bit negatives stay negative, and of pictures longer than 4 to 1 only the centre is kept.
    white : int
        The value that is white in pictures of 16 bits; less than 65535 where a data set uses fewer of them.
    """

    rule: Literal[1, 2, 3] = 3
    white: Sample = WHITE_OF_16_BITS


RULES = Decoding()  # those of today
BEFORE_RULES_WERE_KEPT = Decoding(rule=1)


class Preprocessing(Record):
    """How a whole picture becomes the square that a network sees; it travels with the weights.

    Parameters
    ----------
    input_size : int
        Side of the square in pixels.
    crop : float
        Share of the short side that the centre crop keeps, above 0 and at most 1.
    interpolation : str
        ``"nearest"``, ``"bilinear"``, ``"bicubic"`` or ``"lanczos"``.
    mean, std : tuple of float
        Per channel (red, green, blue), on the scale 0 to 1.
    framing : str
        ``"crop"`` (centre crop), ``"squash"`` (the whole picture, aspect not kept) or ``"pad"``.
    stored_side : int, optional
        Short side of the stored whole picture from which the square is taken, where that is not
        ``input_size / crop``: two networks of different size that share one decoded store.
    decoding : Decoding
        How the file becomes that whole picture.
    """

    input_size: Side
    crop: Kept = 0.875
    interpolation: str = "bicubic"
    mean: tuple[Figure, Figure, Figure] = (0.485, 0.456, 0.406)
    std: tuple[Spread, Spread, Spread] = (0.229, 0.224, 0.225)
    framing: Framing = "crop"
    stored_side: Side | None = None
    decoding: Decoding = RULES

    @property
    def short_side(self) -> int:
        """Short side in pixels of the whole picture out of which the square is cropped."""
        return round(self.input_size / self.crop)

    @property
    def decode_side(self) -> int:
        """Short side in pixels to which a picture is decoded and stored."""
        return self.stored_side or self.short_side
