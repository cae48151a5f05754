"""What covered and lone spots say of one answer, place by place: each place speaks for it or against it, never both."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from headstart.base.types import Floats

WORTH_SAYING = 0.05  # of probability: what covering a spot must change to be told
WORTH_TELLING_APART = 0.2  # of probability: by how much places shown alone must differ to be told
MIDDLE, RIM = 0.4, 0.6  # shares of the heat; by area the middle has 0.25 and the rim 0.44

Part = Literal["middle", "edges"]


@dataclass(frozen=True)
class Place:
    """One of nine parts of a picture: row and column from 0 to 2."""

    row: int
    column: int


@dataclass(frozen=True)
class Effect:
    """What a spot at a place does: a probability, or by how much covering it lowers one, and the `turned` answer."""

    place: Place
    value: float
    turned: str | None = None


@dataclass(frozen=True)
class Looked:
    """What one classifier looks at in one picture.

    Parameters
    ----------
    most, least : float
        By how much covering any one spot lowers the probability, at most and at least (below 0: it raises it).
    takes : Effect, optional
        The place that speaks for the answer most, where covering a spot there takes enough to be told.
    alone_in_it : bool
        No other place takes half as much.
    adds : Effect, optional
        The place that speaks against it most, where covering a spot there adds enough.
    shown : tuple of Effect, optional
        The places that, shown alone, make it surest and least sure; only where covering takes and adds nothing.
    """

    most: float
    least: float
    takes: Effect | None
    alone_in_it: bool
    adds: Effect | None
    shown: tuple[Effect, Effect] | None


def looked_at(falls: Floats, alone: Floats, named: Sequence[str], answer: str) -> Looked:
    """Return what the spots of one picture say, place by place.

    Parameters
    ----------
    falls : array, (spots,)
        By how much covering each spot lowers the probability.
    alone : array, (spots,)
        The probability of each spot alone.
    named : sequence of str
        The class that is named with each spot covered.
    answer : str
        The class that is named for the whole picture.
    """
    places = _places(len(falls))
    effects = [_strongest(place, spots, falls, named, answer) for place, spots in places.items()]
    takes = max((one for one in effects if one.value >= WORTH_SAYING), key=lambda one: one.value, default=None)
    adds = min((one for one in effects if one.value <= -WORTH_SAYING), key=lambda one: one.value, default=None)
    others = [one.value for one in effects if takes is not None and one is not takes]
    moved = takes is not None or adds is not None or float(falls.max()) >= WORTH_SAYING
    return Looked(
        most=float(falls.max()),
        least=float(falls.min()),
        takes=takes,
        alone_in_it=takes is not None and max(others) < takes.value / 2,
        adds=adds,
        shown=None if moved else _shown(places, alone),
    )


def _places(spots: int) -> dict[Place, list[int]]:
    """Return the spots of each place; they stand in rows, as many in each as there are rows."""
    side, found = math.isqrt(spots), dict[Place, list[int]]()
    for spot in range(spots):
        row, column = divmod(spot, side)
        found.setdefault(Place(3 * row // side, 3 * column // side), []).append(spot)
    return found


def _strongest(place: Place, spots: list[int], falls: Floats, named: Sequence[str], answer: str) -> Effect:
    """Return the one spot that stands for its place: that which moves the probability most, whichever way."""
    spot = max(spots, key=lambda one: abs(float(falls[one])))
    return Effect(place, float(falls[spot]), named[spot] if named[spot] != answer else None)


def _shown(places: dict[Place, list[int]], alone: Floats) -> tuple[Effect, Effect] | None:
    """Return the places that, by their mean, make the answer surest and least sure, if they differ by enough."""
    means = [Effect(place, float(alone[spots].mean())) for place, spots in places.items()]
    most, least = max(means, key=lambda one: one.value), min(means, key=lambda one: one.value)
    return (most, least) if most.value - least.value >= WORTH_TELLING_APART else None


@dataclass(frozen=True)
class LookedInAll:
    """Over `n` pictures: in how many one covered spot changes the answer, and which share of the heat lies where."""

    n: int
    turned: int
    middle: float
    rim: float

    @property
    def part(self) -> Part | None:
        """The part of pictures that clearly holds more of the heat than of the area."""
        if self.middle >= MIDDLE:
            return "middle"
        return "edges" if self.rim >= RIM else None

    @property
    def spotty(self) -> bool:
        """Whether many answers, a third or more, hang on one small spot."""
        return 3 * self.turned >= self.n
