"""Sentences about what a classifier looks at never contradict each other, nor what was measured."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.evidence.heat import WORTH_SAYING, LookedInAll, Place, looked_at
from headstart.words.heat import in_all, in_short, looked_text, where

SPOTS = 36
PLACE = "upper left|upper right|lower left|lower right|top|left|centre|right|bottom"


def told(falls: np.ndarray, alone: np.ndarray | None = None, turned: dict[int, str] | None = None) -> str:
    named = [(turned or {}).get(spot, "bee") for spot in range(SPOTS)]
    return looked_text(looked_at(falls, np.full(SPOTS, 0.5) if alone is None else alone, named, "bee"))


def spots(**values: float) -> np.ndarray:
    found = np.zeros(SPOTS)
    for name, value in values.items():
        found[int(name.removeprefix("at"))] = value
    return found


def test_one_place_alone() -> None:
    assert told(spots(at14=0.3)) == "Mostly the centre; covering a spot there takes away 30 points."
    assert told(spots(at0=0.6), turned={0: "wasp"}) == (
        "Mostly the upper left; covering a spot there takes away 60 points and changes the answer to \u2068wasp\u2069."
    )


def test_mostly_is_said_only_where_no_other_place_takes_half_as_much() -> None:
    assert told(spots(at14=0.58, at0=0.5)).startswith("Above all the centre; covering a spot there takes away 58")


def test_a_place_that_takes_is_not_said_to_add() -> None:
    """As it was said: "Mostly the upper right; covering it takes 58 points … Covering the upper right adds 30"."""
    assert told(spots(at5=0.58, at10=-0.3)) == "Mostly the upper right; covering a spot there takes away 58 points."
    assert told(spots(at5=0.58, at10=-0.3, at30=-0.2)).endswith("Covering a spot in the lower left adds 20 points.")
    assert told(spots(at5=0.3, at10=-0.58)) == (
        "Spots close together do opposite things: covering one takes away 30 points, covering another adds 58 points."
    )


def test_where_nothing_is_taken() -> None:
    assert told(spots()) == "No single spot matters: covering any one takes away nothing."
    assert told(spots(at3=0.02)) == "No single spot matters: covering any one takes away at most 2 points."
    assert (
        told(spots(at14=-0.1))
        == "No spot alone speaks for the answer, but covering a spot in the centre adds 10 points."
    )
    alone = np.full(SPOTS, 0.1)
    alone[[14, 15, 20, 21]] = 0.9
    assert told(spots(), alone).endswith(
        "Shown alone, a spot in the centre makes it 90 % sure on average, one in the upper left 10 %."
    )


GRIDS = st.lists(st.floats(-0.9, 0.9), min_size=SPOTS, max_size=SPOTS)


@settings(max_examples=200, deadline=None)
@given(GRIDS, st.lists(st.floats(0.0, 1.0), min_size=SPOTS, max_size=SPOTS), st.sampled_from([1.0, 0.1, 0.03]))
def test_no_place_is_said_to_do_both_and_no_number_is_wrong(
    falls: list[float], alone: list[float], size: float
) -> None:
    changes = np.array(falls) * size
    said = told(changes, np.array(alone))
    found = looked_at(changes, np.array(alone), ["bee"] * SPOTS, "bee")
    takes = re.search(rf"(?:Mostly|Above all) the ({PLACE});", said)
    adds = re.search(rf"overing a spot in the ({PLACE}) adds", said)
    if takes and adds:
        assert takes[1] != adds[1]
    if "No single spot matters" in said:
        assert changes.max() < WORTH_SAYING
        assert adds is None
        assert changes.min() > -WORTH_SAYING
    if "No spot alone speaks" in said:
        assert changes.max() < WORTH_SAYING
    if found.shown is not None:
        assert found.shown[0].place != found.shown[1].place
    if takes:
        assert found.takes is not None
        assert (found.takes.value / 2 > max(0.0, *_others(changes, found.takes.place))) or "Mostly" not in said


def _others(falls: np.ndarray, place: Place) -> list[float]:
    """Return the strongest effect of each other place."""
    grid, found = falls.reshape(6, 6), []
    for row in range(3):
        for column in range(3):
            if Place(row, column) != place:
                block = grid[2 * row : 2 * row + 2, 2 * column : 2 * column + 2].ravel()
                found.append(float(block[np.abs(block).argmax()]))
    return found


@pytest.mark.parametrize(
    ("found", "short"),
    [
        (LookedInAll(12, 7, 0.3, 0.4), "single spots, in different places"),
        (LookedInAll(12, 2, 0.3, 0.4), "all over the picture"),
        (LookedInAll(12, 7, 0.45, 0.3), "the middle more than the rest"),
        (LookedInAll(12, 7, 0.6, 0.2), "mostly the middle"),
        (LookedInAll(12, 7, 0.1, 0.7), "mostly the edges"),
    ],
)
def test_in_all_the_short_answer_is_that_of_its_figures(found: LookedInAll, short: str) -> None:
    assert in_short(found) == short
    share = found.rim if found.part == "edges" else found.middle
    assert f"{100 * share:.0f} % of what speaks" in in_all(found)
    assert ("at the edges" in in_all(found)) == (found.part == "edges")


@pytest.mark.parametrize(
    ("place", "name"),
    [((0, 0), "upper left"), ((0, 1), "top"), ((1, 1), "centre"), ((1, 2), "right"), ((2, 2), "lower right")],
)
def test_places_have_names(place: tuple[int, int], name: str) -> None:
    assert where(Place(*place)) == name
