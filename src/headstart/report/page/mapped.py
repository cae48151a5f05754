"""The map of the features: pictures that the network finds alike lie near each other; mistakes are ringed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from headstart.report.page import svg
from headstart.report.page.drawings import percent
from headstart.report.page.reading import HeldOutAnswers, Places
from headstart.report.page.svg import Scale, symbol, tag

_MANY = 150  # rings that would hide the signs within them
_SIDE = 560.0
MOST_COLOURED = len(svg.STRATEGIES)  # classes with a colour and a shape of their own; the others are dots alike


def coloured(answers: HeldOutAnswers) -> list[int]:
    """Return the classes that get a colour: the most frequent ones, at most six."""
    counts = np.bincount(answers.labels, minlength=len(answers.classes))
    return [int(at) for at in np.argsort(-counts, kind="stable")[:MOST_COLOURED] if counts[at]]


def feature_map(answers: HeldOutAnswers, run: str, places: Places, how: str = "the network's features") -> Markup:
    """Return the map of all pictures that have a place; each knows its row, by which the page finds its picture."""
    rows = [row for row, path in enumerate(answers.paths) if path in places]
    if len(rows) < 3:
        return Markup("")
    found = np.array([places[answers.paths[row]] for row in rows])
    low, high = found.min(axis=0), found.max(axis=0)
    reach = max(float((high - low).max()), 1e-9)
    x, y = (Scale(float(a), float(a) + reach, start, end) for a, start, end in ((low[0], 14, 546), (low[1], 546, 14)))
    tall = _SIDE if high[1] - low[1] > 0.6 * reach else 0.62 * _SIDE  # most maps are wider than high
    shift = _SIDE - tall
    colours, named = coloured(answers), answers.answered(run)
    order = sorted(range(len(rows)), key=lambda at: named[rows[at]] != answers.labels[rows[at]])  # mistakes on top
    wrong = sum(int(named[row] != answers.labels[row]) for row in rows)
    ring = (9, "ring wrong-ring") if wrong <= _MANY else (6, "ring wrong-ring many")
    parts = []
    for at in order:
        row, across, up = rows[at], x(found[at, 0]), y(found[at, 1]) - shift
        parts.append(_point(answers, run, row, (across, up), colours, ring))
    label = f"Map of {len(rows)} held-out pictures by {how}; {wrong} wrong answers are ringed."
    return svg.drawing(_SIDE, tall, *parts, label=label, class_="chart map")


def _point(
    answers: HeldOutAnswers,
    run: str,
    row: int,
    place: tuple[float, float],
    colours: Sequence[int],
    ring: tuple[int, str],
) -> Markup:
    label, named = int(answers.labels[row]), int(answers.answered(run)[row])
    stated = float(answers.probabilities[run][row].max())
    told = f"\u2068{answers.classes[label]}\u2069"
    if named == label:
        told += f", answered so with {percent(stated, 0)}"
    else:
        told += f", taken for \u2068{answers.classes[named]}\u2069 with {percent(stated, 0)}"
    strategy = svg.STRATEGIES[colours.index(label)] if label in colours else None
    sign = symbol(strategy, *place, 4) if strategy else tag("circle", cx=place[0], cy=place[1], r=3, class_="plain-dot")
    around = [tag("circle", cx=place[0], cy=place[1], r=ring[0], class_=ring[1])] if named != label else []
    return tag("g", tag("title", told), *around, sign, class_="tip", data_row=row, data_class=label)
