"""What is said of the answer for one picture, on the screen and below the picture: never surer than it is."""

from __future__ import annotations

from headstart.records.answers import Prediction
from headstart.words.numbers import percent

NONE_OF_THESE = "perhaps none of these"
_MOST_NAMED = 3


def doubt(row: Prediction) -> str:
    """Return "perhaps none of these", or "or wasp, fly", or nothing where the answer is sure."""
    if row.none_of_these:
        return NONE_OF_THESE
    others = _others(row)
    return f"or {', '.join(others)}" if others else ""


def caption(row: Prediction) -> str:
    """Return what stands below a picture: the answer, or that it is perhaps none, or all that it may be."""
    if row.none_of_these:
        return NONE_OF_THESE
    names = [row.label, *_others(row)]
    if len(names) > _MOST_NAMED:
        names = [*names[: _MOST_NAMED - 1], f"{len(names) - _MOST_NAMED + 1} others"]
    return " or ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def below_caption(row: Prediction) -> str:
    """Return the line below it: the probabilities of what the caption names, which may be cut where names are long."""
    if row.none_of_these:
        return f"closest ({percent(row.probability)}): {row.label}"
    others = _others(row)[: _MOST_NAMED - 1]
    return " · ".join(map(percent, (row.probability, *(row.probabilities[name] for name in others))))


def _others(row: Prediction) -> list[str]:
    """Return the other classes of the prediction set, the most probable first."""
    return [name for name in row.set or () if name != row.label]
