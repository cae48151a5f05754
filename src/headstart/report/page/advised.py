"""The chart of size and similarity that courses draw, with these pictures as a point in it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from markupsafe import Markup

from headstart.evidence.advice import LIKE
from headstart.records.forecast import AdviceRecord, Similarity, Size
from headstart.report.page import svg
from headstart.report.page.svg import NEUTRAL, Scale, line, tag, text, tipped

_SIDE, _LEFT, _TOP, _LOW, _RIGHT = 320.0, 16.0, 26.0, 286.0, 424.0
_NAMES: dict[tuple[Size, Similarity], str] = {
    ("large", "similar"): "train a part",
    ("large", "dissimilar"): "train everything",
    ("small", "similar"): "only a head",
    ("small", "dissimilar"): "a part: the hard case",
}


@dataclass(frozen=True)
class Advised:
    """What was advised before anything was tried, with its chart."""

    drawing: Markup
    said: str
    strategy: str


def advised(advice: AdviceRecord | None) -> Advised | None:
    """Return chart and sentences, where an advice was given."""
    return None if advice is None else Advised(quadrants(advice), advice.text, advice.strategy)


def quadrants(advice: AdviceRecord) -> Markup:
    """Return the chart of an advice: few to many pictures upwards, similar to dissimilar.

    The point stands in the field that was measured; how far in, by the pictures of a class against those that a head
    can use, and by how much a handful of them tells, where these are known.
    """
    across, up = Scale(-1, 1, _LEFT, _RIGHT), Scale(-1, 1, _LOW, _TOP)
    here = (advice.size, advice.similarity)
    parts: list[Markup] = []
    for field, name in _NAMES.items():
        parts += _field(field, name, across, up, here=field == here)
    parts += [line(across(0), up(-1), across(0), up(1), "axis"), line(across(-1), up(0), across(1), up(0), "axis")]
    x, y = across(_aside(advice)), up(_height(advice))
    told = f"these pictures: {advice.size} data set, {advice.similarity} to what the network knows"
    spot = tag("circle", cx=x, cy=y, r=8, class_=f"sign {NEUTRAL.fill}")
    parts.append(tipped(told, spot, tag("circle", cx=x, cy=y, r=13, class_="ring")))
    parts.append(text(_LEFT, _TOP - 10, "↑ many pictures", class_="name"))
    parts.append(text(_RIGHT, _LOW + 20, "dissimilar to what the network knows →", class_="name", anchor="end"))
    return svg.drawing(440.0, _SIDE, *parts, label=f"Chart of size and similarity; {told}: {_NAMES[here]}.")


def _field(field: tuple[Size, Similarity], name: str, across: Scale, up: Scale, *, here: bool) -> tuple[Markup, Markup]:
    """Return one of the four fields with its name."""
    left, top = (0 if field[1] == "dissimilar" else -1), (1 if field[0] == "large" else 0)
    drawn = tag(
        "rect", x=across(left), y=up(top), width=across(1) - across(0), height=up(0) - up(1), rx=6,
        class_="field here" if here else "field",
    )  # fmt: skip
    return drawn, text(across(left) + 12, up(top) + 22, name, class_="label")


def _aside(advice: AdviceRecord) -> float:
    """Return the place from -1 (similar) to 1 (dissimilar), always on the side that was measured."""
    told = advice.told
    far = 0.5 if told is None else abs(told - LIKE) / (1 - LIKE if told > LIKE else LIKE)
    return min(max(far, 0.12), 0.85) * (1 if advice.similarity == "dissimilar" else -1)


def _height(advice: AdviceRecord) -> float:
    """Return the place from -1 (few) to 1 (many), always on the side that was measured."""
    enough, each = advice.enough, advice.per_class
    far = 0.5 if not enough or not each else abs(math.log(each / enough)) / math.log(32)
    least, most = (0.15, 0.6) if advice.size == "large" else (0.4, 0.8)  # the name of the field stays free
    return min(max(far, least), most) * (1 if advice.size == "large" else -1)
