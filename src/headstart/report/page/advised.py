"""The chart of size and similarity that courses draw, with these pictures as a point in it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from headstart.evidence.advice import LIKE
from headstart.report.page import svg
from headstart.report.page.svg import Scale, line, tag, text, tipped

_SIDE, _LEFT, _TOP, _LOW, _RIGHT = 320.0, 16.0, 26.0, 286.0, 424.0
_NAMES = {
    ("large", "similar"): "train a part",
    ("large", "dissimilar"): "train everything",
    ("small", "similar"): "only a head",
    ("small", "dissimilar"): "a part: the hard case",
}


def quadrants(advice: Mapping[str, Any]) -> Markup:
    """Return the chart of `advice` of results.json: few to many pictures upwards, similar to dissimilar.

    The point stands in the field that was measured; how far in, by the pictures of a class against those that a head
    can use, and by how much a handful of them tells, where these are known.
    """
    across, up = Scale(-1, 1, _LEFT, _RIGHT), Scale(-1, 1, _LOW, _TOP)
    here = (str(advice["size"]), str(advice["similarity"]))
    parts = []
    for (size, similarity), name in _NAMES.items():
        left, top = (0 if similarity == "dissimilar" else -1), (1 if size == "large" else 0)
        field = tag(
            "rect", x=across(left), y=up(top), width=across(1) - across(0), height=up(0) - up(1), rx=6,
            class_="field here" if (size, similarity) == here else "field",
        )  # fmt: skip
        parts += [field, text(across(left) + 12, up(top) + 22, name, class_="label")]
    parts += [line(across(0), up(-1), across(0), up(1), "axis"), line(across(-1), up(0), across(1), up(0), "axis")]
    x, y = across(_aside(advice, here[1])), up(_height(advice, here[0]))
    told = f"these pictures: {here[0]}, {here[1]} to what the network knows"
    parts.append(
        tipped(told, tag("circle", cx=x, cy=y, r=8, class_="sign c0"), tag("circle", cx=x, cy=y, r=13, class_="ring"))
    )
    parts.append(text(_LEFT, _TOP - 10, "↑ many pictures", class_="name"))
    parts.append(text(_RIGHT, _LOW + 20, "dissimilar: the network tells less →", class_="name", anchor="end"))
    return svg.drawing(440.0, _SIDE, *parts, label=f"Chart of size and similarity; {told}: {_NAMES.get(here, '')}.")


def _aside(advice: Mapping[str, Any], similarity: str) -> float:
    """Return the place from -1 (similar) to 1 (dissimilar), always on the side that was measured."""
    told = advice.get("told")
    far = 0.5 if told is None else abs(told - LIKE) / (1 - LIKE if told > LIKE else LIKE)
    return min(max(far, 0.12), 0.85) * (1 if similarity == "dissimilar" else -1)


def _height(advice: Mapping[str, Any], size: str) -> float:
    """Return the place from -1 (few) to 1 (many), always on the side that was measured."""
    enough, each = advice.get("enough"), advice.get("per_class")
    far = 0.5 if not enough or not each else abs(math.log(each / enough)) / math.log(32)
    least, most = (0.15, 0.6) if size == "large" else (0.4, 0.8)  # the name of the field stays free
    return min(max(far, least), most) * (1 if size == "large" else -1)
