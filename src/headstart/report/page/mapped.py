"""The map of the features: pictures that the network finds alike lie near each other; mistakes are ringed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from headstart.records.columns import MapColumns
from headstart.records.held_out import HeldOutAnswers
from headstart.records.results import Results
from headstart.report.page import svg
from headstart.report.page.drawings import percent
from headstart.report.page.ranking import key
from headstart.report.page.svg import LOOKS, Look, Scale, symbol, tag

_MANY = 150  # rings that would hide the signs within them
_SIDE = 560.0


@dataclass(frozen=True)
class FeatureMap:
    """Both maps with the signs of the classes.

    Parameters
    ----------
    drawing, near : Markup
        By differences, and by neighbours; empty where there is none.
    key : tuple of (str, Markup)
        Classes with a sign of their own.
    others : int
        How many have none.
    explained : float
        The share of the variance that the first map shows.
    names : tuple of str
        Of all classes.
    """

    drawing: Markup
    near: Markup
    key: tuple[tuple[str, Markup], ...]
    others: int
    explained: float
    names: tuple[str, ...]


def feature_map(
    results: Results, answers: HeldOutAnswers, run: str, places: MapColumns, near: MapColumns
) -> FeatureMap | None:
    """Return the map of the features with its key, where there is one, and beside it that by neighbours."""
    drawn = drawn_map(answers, run, places)
    if not drawn:
        return None
    looks = class_looks(answers)
    return FeatureMap(
        drawing=drawn,
        near=drawn_map(answers, run, near, "which of them the network finds similar"),
        key=tuple((answers.classes[label], key(look)) for label, look in looks.items()),
        others=len(answers.classes) - len(looks),
        explained=0.0 if results.map is None else sum(results.map.explained),
        names=answers.classes,
    )


def class_looks(answers: HeldOutAnswers) -> dict[int, Look]:
    """Return a sign and a colour for the most frequent classes, as many as there are; the others are dots alike."""
    counts = np.bincount(answers.labels, minlength=len(answers.classes))
    frequent = [int(at) for at in np.argsort(-counts, kind="stable") if counts[at]]
    return dict(zip(frequent, LOOKS, strict=False))


@dataclass(frozen=True)
class _Ring:
    """The ring around a wrong answer."""

    radius: int
    class_: str


def drawn_map(answers: HeldOutAnswers, run: str, map_: MapColumns, how: str = "the network's features") -> Markup:
    """Return the map of all pictures that have a place; each knows its row, by which the page finds its picture."""
    places = map_.places
    rows = [row for row, path in enumerate(answers.paths) if path in places]
    if len(rows) < 3:
        return Markup("")
    found = np.array([places[answers.paths[row]] for row in rows])
    low, high = found.min(axis=0), found.max(axis=0)
    reach = max(float((high - low).max()), 1e-9)
    x, y = (Scale(float(a), float(a) + reach, start, end) for a, start, end in ((low[0], 14, 546), (low[1], 546, 14)))
    tall = _SIDE if high[1] - low[1] > 0.6 * reach else 0.62 * _SIDE  # most maps are wider than high
    shift = _SIDE - tall
    looks, named = class_looks(answers), answers.answered(run)
    order = sorted(range(len(rows)), key=lambda at: named[rows[at]] != answers.labels[rows[at]])  # mistakes on top
    wrong = sum(int(named[row] != answers.labels[row]) for row in rows)
    ring = _Ring(9, "ring wrong-ring") if wrong <= _MANY else _Ring(6, "ring wrong-ring many")
    parts = []
    for at in order:
        place = (x(found[at, 0]), y(found[at, 1]) - shift)
        parts.append(_point(answers, run, rows[at], place, looks, ring))
    label = f"Map of {len(rows)} held-out pictures by {how}; {wrong} wrong answers are ringed."
    return svg.drawing(_SIDE, tall, *parts, label=label, class_="chart map")


def _point(
    answers: HeldOutAnswers, run: str, row: int, place: tuple[float, float], looks: Mapping[int, Look], ring: _Ring
) -> Markup:
    label, named = int(answers.labels[row]), int(answers.answered(run)[row])
    stated = percent(float(answers.probabilities[run][row].max()), 0)
    told = f"\u2068{answers.classes[label]}\u2069"
    if named == label:
        told += f", answered right with {stated}"
    else:
        told += f", mistaken for \u2068{answers.classes[named]}\u2069 with {stated}"
    x, y = place
    look = looks.get(label)
    sign = tag("circle", cx=x, cy=y, r=3, class_="plain-dot") if look is None else symbol(look, x, y, 4)
    around = [tag("circle", cx=x, cy=y, r=ring.radius, class_=ring.class_)] if named != label else []
    return tag("g", tag("title", told), *around, sign, class_="tip", data_row=row, data_class=label)
