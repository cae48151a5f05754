"""What classifiers look at, in sentences."""

from __future__ import annotations

from headstart.evidence.heat import WORTH_SAYING, Looked, LookedInAll, Part, Place
from headstart.words.numbers import percent

_NAMES = (
    ("upper left", "top", "upper right"),
    ("left", "centre", "right"),
    ("lower left", "bottom", "lower right"),
)
_AREAS: dict[Part, str] = {
    "middle": "in the middle (a quarter of the area)",
    "edges": "at the edges (44 % of the area)",
}


def where(place: Place) -> str:
    """Return the name of a place."""
    return _NAMES[place.row][place.column]


def looked_text(found: Looked) -> str:
    """Return in a sentence or two where the evidence for one answer is and what covering it does."""
    adds = None
    if found.adds is not None:
        adds = f"covering a spot in the {where(found.adds.place)} adds {_points(-found.adds.value)}."
    if found.takes is not None:
        place, turned = where(found.takes.place), found.takes.turned
        said = f"{'Mostly' if found.alone_in_it else 'Above all'} the {place}; covering a spot there takes away "
        said += _points(found.takes.value)
        said += f" and changes the answer to \u2068{turned}\u2069." if turned is not None else "."
        return said if adds is None else f"{said} {adds[0].upper()}{adds[1:]}"
    if found.most >= WORTH_SAYING:  # only where a spot beside it does the opposite, and more of it
        return (
            f"Spots close together do opposite things: covering one takes away {_points(found.most)}, covering another "
            f"adds {_points(-found.least)}."
        )
    if adds is not None:
        return f"No spot alone speaks for the answer, but {adds}"
    takes = "nothing" if found.most < 0.005 else f"at most {_points(found.most)}"
    said = f"No single spot matters: covering any one takes away {takes}."
    if found.shown is None:
        return said
    most, least = found.shown
    return (
        f"{said} Shown alone, a spot in the {where(most.place)} makes it {percent(most.value)} sure on average, one in "
        f"the {where(least.place)} {percent(least.value)}."
    )


def in_short(found: LookedInAll) -> str:
    """Return where the evidence is in all these pictures, in a few words."""
    if found.part is not None:
        share = found.middle if found.part == "middle" else found.rim
        return f"mostly the {found.part}" if share > 0.5 else f"the {found.part} more than the rest"
    return "single spots, in different places" if found.spotty else "all over the picture"


def in_all(found: LookedInAll) -> str:
    """Return the figures behind `in_short`."""
    part = found.part or "middle"
    share = found.middle if part == "middle" else found.rim
    return (
        f"In {found.n} chosen pictures, mostly mistakes, {percent(share)} of what speaks for its answers lies "
        f"{_AREAS[part]}. Hiding one small spot changes its answer in {found.turned} of them."
    )


def _points(share: float) -> str:
    whole = round(100 * share)
    return f"{whole} point{'' if whole == 1 else 's'}"
