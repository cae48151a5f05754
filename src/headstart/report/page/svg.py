"""What drawings are made of: elements, axes with round marks, bars of intervals. Pure functions that give markup.

Colours are classes that the page's style sheet fills, so that one drawing serves light, dark and paper.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import get_args

from markupsafe import Markup

from headstart.base.signs import displayed
from headstart.records.strategy import Sign

Value = str | float | int | None


@dataclass(frozen=True)
class Look:
    """How something is drawn: a sign and dashes beside the colour, so that it is told apart without seeing colours.

    Parameters
    ----------
    sign : str
    dash : str
        As in SVG; empty: a solid line.
    colour : int
        Its place among the colours of the style sheet.
    """

    sign: Sign = "circle"
    dash: str = ""
    colour: int = 0

    @property
    def fill(self) -> str:
        """The style sheet's class for signs of this colour."""
        return f"c{self.colour % COLOURS}"

    @property
    def stroke(self) -> str:
        """The style sheet's class for lines of this colour."""
        return f"s{self.colour % COLOURS}"


COLOURS = 8  # of the style sheet
SIGNS: tuple[Sign, ...] = get_args(Sign)
NEUTRAL = Look()  # of what belongs to no strategy
LOOKS = tuple(Look(sign=sign, colour=colour) for colour, sign in enumerate(SIGNS))  # of what has no look of its own


def tag(name: str, *content: str, **attributes: Value) -> Markup:
    """Return one element; texts are escaped, markup is not.

    ``class_`` stands for class, an underscore for a hyphen; what is None is left out.
    """
    told = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _shown(value))
        for key, value in attributes.items()
        if value is not None
    )
    inner = Markup("").join(map(_shown, content))
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), told, inner)  # noqa: S704 - names are ours


def _shown(value: str | float) -> str:
    if isinstance(value, str):
        return value if isinstance(value, Markup) else displayed(value)
    return short(value)


def short(number: float) -> str:
    """Return a coordinate with at most one digit behind the point."""
    return (
        f"{number:.1f}".removesuffix(".0").replace("-0", "0")
        if abs(number) < 0.05
        else f"{number:.1f}".removesuffix(".0")
    )


def drawing(width: float, height: float, *content: str, label: str, class_: str = "chart") -> Markup:
    """Return a picture of its own coordinates that scales to its place, with a description for who cannot see it."""
    box = f"0 0 {short(width)} {short(height)}"
    return tag("svg", *content, viewBox=box, class_=class_, role="img", aria_label=label)


def text(x: float, y: float, content: object, *, class_: str = "", anchor: str = "start") -> Markup:
    """Return a text in a drawing; a name of any script stands in its own direction."""
    return tag("text", str(content), x=x, y=y, class_=class_ or None, text_anchor=anchor if anchor != "start" else None)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """Return a straight line."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def tipped(tip: str, *content: str, class_: str = "", focus: bool = True) -> Markup:
    """Return marks that tell `tip` when pointed at, when focused, and to a screen reader."""
    inner = (tag("title", tip), *content)
    if not focus:
        return tag("g", *inner, class_=f"tip {class_}".strip())
    return tag("g", *inner, class_=f"tip {class_}".strip(), tabindex=0, role="img", aria_label=tip)


@dataclass(frozen=True)
class Scale:
    """Values from `low` to `high` laid out from `start` to `end`, evenly or by their logarithm."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Return where `value` stands."""
        low, high, here = self.low, self.high, value
        if self.log:
            low, high, here = math.log(low), math.log(high), math.log(max(value, 1e-12))
        share = (here - low) / (high - low) if high > low else 0.5
        return self.start + share * (self.end - self.start)


def marks(low: float, high: float, most: int = 5) -> list[float]:
    """Return at most so many round numbers within `low` and `high`: steps of 1, 2 or 5."""
    if not high > low:
        return [low]
    for power in range(math.floor(math.log10((high - low) / most)) - 1, 40):
        for lead in (1, 2, 5):
            step = lead * 10.0**power
            first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
            if last - first + 1 <= most:
                return [round(at * step, 12) for at in range(first, last + 1)]
    return []


def log_marks(low: float, high: float, most: int = 6) -> list[float]:
    """Return at most so many of 1, 2, 5, 10, 20 ... within `low` and `high`, else the powers of ten alone."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for leads in ((1, 2, 5), (1, 3), (1,)):
        found = [lead * 10.0**power for power in powers for lead in leads]
        inside = [value for value in found if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
        if len(inside) <= most:
            return inside or [low]
    return [low, high]


_TIMES = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 40, 60, 120, 300, 600, 1200, 2400, 3600, 7200, 18000, 36000, 86400, 259200)


def time_marks(low: float, high: float, most: int = 6) -> list[float]:
    """Return at most so many seconds within `low` and `high` that are round as people count time."""
    inside = [value for value in _TIMES if low <= value <= high]
    step = -(-len(inside) // most) or 1
    return inside[::step] or [low]


def share_scale(ends: Iterable[float], start: float, end: float) -> Scale:
    """Return a scale of shares in steps of 0.05 around all of them, never beyond 0 and 1."""
    found = list(ends)
    if not found:
        return Scale(0.0, 1.0, start, end)
    low = max(math.floor(min(found) * 20 - 1e-9) / 20, 0.0)
    high = min(math.ceil(max(found) * 20 + 1e-9) / 20, 1.0)
    return (
        Scale(low, high, start, end) if high > low else Scale(max(low - 0.05, 0.0), min(high + 0.05, 1.0), start, end)
    )


def frame(x: Scale, y: Scale, xs: Sequence[tuple[float, str]], ys: Sequence[tuple[float, str]]) -> Markup:
    """Return the two axes: faint lines across for `ys`, small marks below for `xs`, each with its text."""
    parts = [line(x.start, y(value), x.end, y(value), "grid") for value, _ in ys]
    parts += [text(x.start - 7, y(value) + 4, told, class_="mark", anchor="end") for value, told in ys]
    parts += [line(x(value), y.start, x(value), y.start + 4, "axis") for value, _ in xs]
    parts += [text(x(value), y.start + 17, told, class_="mark", anchor="middle") for value, told in xs]
    parts.append(line(x.start, y.start, x.end, y.start, "axis"))
    return tag("g", *parts, aria_hidden="true")


def symbol(look: Look, x: float, y: float, s: float = 6) -> Markup:
    """Return the sign of a look around (x, y), about `s` to each side."""
    class_ = f"sign {look.fill}"
    if look.sign == "circle":
        return tag("circle", cx=x, cy=y, r=s, class_=class_)
    if look.sign == "ring":
        return tag("circle", cx=x, cy=y, r=s - 1, class_=f"{class_} hollow")
    points = " ".join(f"{short(x + s * dx)},{short(y + s * dy)}" for dx, dy in _OUTLINES[look.sign])
    return tag("polygon", points=points, class_=class_)


def _around(radii: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """Return corners at these distances from the centre, evenly around it, the first one above."""
    turns = (2 * math.pi * at / len(radii) for at in range(len(radii)))
    return tuple((radius * math.sin(turn), -radius * math.cos(turn)) for radius, turn in zip(radii, turns, strict=True))


_OUTLINES: dict[Sign, tuple[tuple[float, float], ...]] = {
    "square": ((-1, -1), (1, -1), (1, 1), (-1, 1)),
    "triangle": ((0, -1.2), (1.15, 1), (-1.15, 1)),
    "diamond": ((0, -1.4), (1.4, 0), (0, 1.4), (-1.4, 0)),
    "cross": (
        (-0.4, -1.3), (0.4, -1.3), (0.4, -0.4), (1.3, -0.4), (1.3, 0.4), (0.4, 0.4),
        (0.4, 1.3), (-0.4, 1.3), (-0.4, 0.4), (-1.3, 0.4), (-1.3, -0.4), (-0.4, -0.4),
    ),
    "star": _around((1.5, 0.6) * 5),
    "hexagon": _around((1.2,) * 6),
}  # fmt: skip


def path(points: Sequence[tuple[float, float]], look: Look, *, class_: str = "curve") -> Markup:
    """Return a line through points in the colour of a look, and in its dashes unless it is thin."""
    d = "M" + "L".join(f"{short(x)} {short(y)}" for x, y in points)
    dash = look.dash if class_ == "curve" else ""
    return tag("path", d=d, class_=f"{class_} {look.stroke}", stroke_dasharray=dash or None)


Box = tuple[float, float, float, float]


def box(x: float, y: float, width: float, height: float) -> Box:
    """Return the room around a centre as left, top, right, bottom."""
    return (x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def label(name: str, x: float, y: float, taken: list[Box], *, right: float) -> Markup:
    """Return a name beside the point (x, y), where it covers nothing of `taken`, which its own room joins.

    Tried in turn: right, left, and above and below on either side, further and further away.
    """
    wide = 7.2 * len(name)
    places = [(x + 11, y + 4, "start"), (x - 11, y + 4, "end")]
    for away in (16, 26, 38, 50):
        places += [(x + dx, y + dy, side) for dy in (-away, away + 6) for dx, side in ((6, "start"), (-6, "end"))]
    for across, up, side in places:
        left = across if side == "start" else across - wide
        room = (left, up - 11, left + wide, up + 3)
        if room[0] >= 0 and room[2] <= right and not any(_meet(room, other) for other in taken):
            break
    else:
        across, up, side = places[0]
        room = box(across + wide / 2, up - 4, wide, 14)
    taken.append(room)
    return text(across, up, name, class_="label", anchor=side)


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def interval_bar(
    value: float | None, ends: Sequence[float] | None, scale: Scale, look: Look, *, zero: bool = False
) -> Markup:
    """Return a dot with its interval on a strip as wide as its place; `scale` runs from 0 to 100."""
    if value is None:
        return Markup("")

    def at(number: float) -> str:
        return f"{min(max(scale(number), 0.0), 100.0):.2f}%"

    parts = [tag("line", x1=at(0.0), x2=at(0.0), y1="0", y2="18", class_="zero")] if zero else []
    parts.append(tag("line", x1="0", x2="100%", y1="9", y2="9", class_="rail"))
    if ends:
        low, high = at(ends[0]), at(ends[1])
        parts.append(tag("line", x1=low, x2=high, y1="9", y2="9", class_=f"span {look.stroke}"))
        parts += [tag("line", x1=end, x2=end, y1="5", y2="13", class_=f"end {look.stroke}") for end in (low, high)]
    parts.append(tag("circle", cx=at(value), cy="9", r="4.5", class_=f"sign {look.fill}"))
    return tag("svg", *parts, class_="bar", height="18", aria_hidden="true")
