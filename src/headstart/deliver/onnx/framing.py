"""From an upright picture of any size to the square that the network sees, as nodes of a graph.

Each node does what a line of `headstart.pixels.decode` or `headstart.pixels.framing` does. ONNX Runtime's Resize on
uint8 rounds after each of its two passes as Pillow does; so one axis is scaled at a time, in the order that Pillow
chooses, and squares differ by at most 1 of 255. (In one node, in float or with ONNX's usual cubic they differ by 13,
12 and 14.)
"""

from __future__ import annotations

from functools import partial

import numpy as np

from headstart.base.errors import EngineError
from headstart.deliver.onnx.sketch import Sketch
from headstart.pixels.framing import MOST_ASPECT as CROP_ASPECT
from headstart.pixels.framing import mean_colour
from headstart.pixels.sizes import CUT_ASPECT, MOST_ASPECT
from headstart.records.preprocessing import Preprocessing

_FILTERS = {name: name.removeprefix("bi") for name in ("bicubic", "bilinear", "nearest")}  # as ONNX calls them


def square_of(sketch: Sketch, picture: str, preprocessing: Preprocessing) -> str:
    """Put down the nodes from a picture, uint8 (H, W, 3), to its square, uint8 (1, 3, side, side).

    Raises
    ------
    EngineError
        If the interpolation has no node in ONNX.
    """
    check_interpolation(preprocessing.interpolation)
    draw = _Framer(sketch, preprocessing)
    values = sketch.add("Unsqueeze", sketch.add("Transpose", picture, perm=[2, 0, 1]), sketch.whole(0))
    return draw.framed(draw.whole_picture(draw.halved(values)))


def check_interpolation(name: str) -> None:
    """Refuse an interpolation that a graph cannot do."""
    if name not in _FILTERS:
        raise EngineError(
            f"This classifier scales pictures by '{name}', for which ONNX has no node.",
            hint="Export the network and head alone: --input squares. Whoever calls it then scales the pictures.",
        )


class _Framer:
    """Nodes for one preprocessing; sizes are lists of one whole number, or of one in double precision."""

    def __init__(self, sketch: Sketch, preprocessing: Preprocessing) -> None:
        self.sketch, self.preprocessing = sketch, preprocessing

    def halved(self, picture: str) -> str:
        """Make a large picture smaller by 2, 4 or 8, as `headstart.pixels.smaller` does."""
        short_side = self.preprocessing.decode_side
        height, width = self._sizes(picture)
        scale = self._div(self._real(2 * short_side), self._least(height, width))
        wanted = [self.sketch.add("Ceil", self._times(one, scale)) for one in (height, width)]
        wanted = [self.sketch.add("Max", one, self._real(1)) for one in wanted]
        times = [
            self.sketch.add("Floor", self._div(self.sketch.cast(one, "float64"), most))
            for one, most in zip((height, width), wanted, strict=True)
        ]
        most = self.sketch.add("Min", *times)
        for factor in (2, 4, 8):
            fits = self.sketch.add("GreaterOrEqual", most, self._real(factor))
            if factor < 8:
                fits = self.sketch.add("And", fits, self.sketch.add("Less", most, self._real(2 * factor)))
            picture = self.sketch.choose(fits, partial(_mean, picture=picture, times=factor), picture)
        return picture

    def whole_picture(self, picture: str) -> str:
        """Scale to the side at which pictures are stored (`headstart.pixels.sizes`); by rule 1 cut before."""
        short_side = self.preprocessing.decode_side
        if self.preprocessing.decoding.rule == 1:
            picture = self._middle(picture, CUT_ASPECT)
        height, width = self._sizes(picture)
        least, most = self._least(height, width), self._most(height, width)
        scale = self._div(self._real(short_side), least)
        at_least = self.sketch.whole(short_side)
        if self.preprocessing.decoding.rule > 1:
            scale = self.sketch.add("Min", scale, self._div(self._real(MOST_ASPECT * short_side), most))
            long = self.sketch.add("Greater", most, self.sketch.add("Mul", self._real(MOST_ASPECT), least))
            at_least = self.sketch.add("Where", long, self.sketch.whole(1), at_least)
        new = [self.sketch.add("Max", at_least, self._rounded(self._times(one, scale))) for one in (height, width)]
        return self._resized(picture, new[0], new[1], cubic=True)

    def framed(self, picture: str) -> str:
        """Return the square of a whole picture, by the preprocessing's framing."""
        return {"crop": self._crop, "squash": self._squash, "pad": self._pad}[self.preprocessing.framing](picture)

    def _crop(self, picture: str) -> str:
        side, short = self.preprocessing.input_size, self.preprocessing.short_side
        height, width = self._sizes(picture)
        fits = self.sketch.add("Equal", self._least(height, width), self._real(short))
        picture = self._middle(picture, CROP_ASPECT, unless=fits)
        height, width = self._sizes(picture)
        scale = self._div(self._real(short), self._least(height, width))
        new = []
        for one in (height, width):
            scaled = self.sketch.cast(self.sketch.add("Floor", self._times(one, scale)), "int64")
            scaled = self.sketch.add("Max", self.sketch.whole(short), scaled)
            new.append(self.sketch.add("Where", fits, one, scaled))
        picture = self._resized(picture, *new)
        begin = [self._rounded(self._half(self.sketch.add("Sub", one, self.sketch.whole(side)))) for one in new]
        return self._window(picture, begin, [self.sketch.whole(side)] * 2)

    def _squash(self, picture: str) -> str:
        side = self.sketch.whole(self.preprocessing.input_size)
        return self._resized(picture, side, side)

    def _pad(self, picture: str) -> str:
        side = self.preprocessing.input_size
        height, width = self._sizes(picture)
        scale = self._div(self._real(side), self._most(height, width))
        one = self.sketch.whole(1)
        new = [self.sketch.add("Max", one, self._rounded(self._times(size, scale))) for size in (height, width)]
        picture = self._resized(picture, *new)
        room = [self.sketch.add("Sub", self.sketch.whole(side), size) for size in new]
        begin = [self.sketch.add("Div", each, self.sketch.whole(2)) for each in room]
        end = [self.sketch.add("Sub", each, first) for each, first in zip(room, begin, strict=True)]
        none = self.sketch.whole(0, 0)
        around = self.sketch.add("Concat", none, *begin, none, *end, axis=0)
        shape = self.sketch.add("Concat", self.sketch.whole(1, 1), *new, axis=0)
        inside = self.sketch.add("Expand", self.sketch.constant(np.array([1], np.uint8)), shape)
        mask = self.sketch.cast(self.sketch.add("Pad", inside, around), "bool")
        colour = np.array(mean_colour(self.preprocessing), np.uint8).reshape(1, 3, 1, 1)
        return self.sketch.add("Where", mask, self.sketch.add("Pad", picture, around), self.sketch.constant(colour))

    def _middle(self, picture: str, aspect: int, *, unless: str = "") -> str:
        """Return the middle of a picture that is longer than `aspect` to 1; with `unless`, only where that is false."""
        height, width = self._sizes(picture)
        most = self.sketch.cast(self.sketch.add("Mul", self._real(aspect), self._least(height, width)), "int64")
        kept = [self.sketch.add("Min", one, most) for one in (height, width)]
        if unless:
            sizes = zip((height, width), kept, strict=True)
            kept = [self.sketch.add("Where", unless, one, less) for one, less in sizes]
        begin = [
            self.sketch.add("Div", self.sketch.add("Sub", one, less), self.sketch.whole(2))
            for one, less in zip((height, width), kept, strict=True)
        ]
        return self._window(picture, begin, kept)

    def _window(self, picture: str, begin: list[str], size: list[str]) -> str:
        ends = [self.sketch.add("Add", first, many) for first, many in zip(begin, size, strict=True)]
        first = self.sketch.add("Concat", *begin, axis=0)
        return self.sketch.add(
            "Slice", picture, first, self.sketch.add("Concat", *ends, axis=0), self.sketch.whole(2, 3)
        )

    def _resized(self, picture: str, height: str, width: str, *, cubic: bool = False) -> str:
        """Scale a picture, one axis after the other.

        As Pillow 13 does it: upright first if the height shrinks by more than twice as many pixels as the width.
        """
        old_height, old_width = self._sizes(picture)
        lower = self.sketch.add("Sub", old_height, height)
        less = self.sketch.add("Mul", self.sketch.add("Sub", old_width, width), self.sketch.whole(2))
        shrinks = self.sketch.add("Greater", lower, self.sketch.whole(0))
        upright = self.sketch.add("And", shrinks, self.sketch.add("Greater", lower, less))
        first = (
            self.sketch.add("Where", upright, height, old_height),
            self.sketch.add("Where", upright, old_width, width),
        )
        return self._scaled(self._scaled(picture, *first, cubic=cubic), height, width, cubic=cubic)

    def _scaled(self, picture: str, height: str, width: str, *, cubic: bool) -> str:
        sizes = self.sketch.add("Concat", self.sketch.whole(1, 3), height, width, axis=0)
        mode = "cubic" if cubic else _FILTERS[self.preprocessing.interpolation]
        how = {"mode": mode, "coordinate_transformation_mode": "half_pixel"}
        if mode == "nearest":
            return self.sketch.add("Resize", picture, "", "", sizes, nearest_mode="round_prefer_ceil", **how)
        more = {"cubic_coeff_a": -0.5} if mode == "cubic" else {}
        return self.sketch.add("Resize", picture, "", "", sizes, antialias=1, exclude_outside=1, **more, **how)

    def _sizes(self, picture: str) -> tuple[str, str]:
        shape = self.sketch.add("Shape", picture)
        return self.sketch.part(shape, 2), self.sketch.part(shape, 3)

    def _real(self, value: float) -> str:
        return self.sketch.constant(np.array([value], np.float64))

    def _least(self, *sizes: str) -> str:
        return self.sketch.add("Min", *(self.sketch.cast(one, "float64") for one in sizes))

    def _most(self, *sizes: str) -> str:
        return self.sketch.add("Max", *(self.sketch.cast(one, "float64") for one in sizes))

    def _times(self, size: str, scale: str) -> str:
        return self.sketch.add("Mul", self.sketch.cast(size, "float64"), scale)

    def _half(self, size: str) -> str:
        return self.sketch.add("Div", self.sketch.cast(size, "float64"), self._real(2))

    def _div(self, a: str, b: str) -> str:
        return self.sketch.add("Div", a, b)

    def _rounded(self, value: str) -> str:
        """Round half to even, as Python does."""
        return self.sketch.cast(self.sketch.add("Round", value), "int64")


def _mean(sketch: Sketch, picture: str, times: int) -> str:
    """Return the mean of each `times` x `times` pixels; whole numbers throughout, so that it takes little memory."""
    shape = sketch.add("Shape", picture)
    over = [sketch.add("Mod", sketch.part(shape, axis), sketch.whole(times)) for axis in (2, 3)]
    lack = [sketch.add("Mod", sketch.add("Sub", sketch.whole(times), one), sketch.whole(times)) for one in over]
    picture = sketch.add(
        "Pad", picture, sketch.add("Concat", sketch.whole(0, 0, 0, 0, 0, 0), *lack, axis=0), mode="edge"
    )
    ones = sketch.constant(np.ones((3, 1, times, times), np.uint8))
    total = sketch.add("ConvInteger", picture, ones, group=3, strides=[times, times])
    total = sketch.cast(total, "float32")
    mean = sketch.add("Div", total, sketch.constant(np.array(times * times, np.float32)))
    return sketch.cast(sketch.add("Round", mean), "uint8")
