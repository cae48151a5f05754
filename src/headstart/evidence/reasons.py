"""Why a verdict is what it is: typed reasons, which `headstart.words.verdict` turns into sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from headstart.evidence.judging import Balanced
from headstart.records.record import Interval

Cost = Literal["operations", "size", "learned"]
Remedy = Literal["folds", "pictures"]  # what helps where a class has too few pictures to call anything better


@dataclass(frozen=True)
class Pictures:
    """The pictures of one split, on which all candidates were measured: `training` ones were left out in turn."""

    split: str
    count: int

    @property
    def held_out(self) -> bool:
        """Whether only some of all pictures measured, so that folds would measure on more."""
        return self.split != "training"


@dataclass(frozen=True)
class Splits:
    """Several divisions of the same pictures: `folds` folds, `seeds` times over, or `seeds` random splits."""

    folds: int | None
    seeds: int
    pictures: int

    @property
    def held_out(self) -> bool:
        """Whether only some of all pictures measured, so that folds would measure on more."""
        return False

    @property
    def count(self) -> int:
        """How many divisions there are."""
        return (self.folds or 1) * self.seeds


Measured = Pictures | Splits


@dataclass(frozen=True)
class Reached:
    """What one candidate reached; `right`: how many pictures, None over several splits."""

    name: str
    accuracy: float
    interval: Interval
    right: int | None = None


@dataclass(frozen=True)
class Difference:
    """How far one is ahead of another, and how easily luck makes such a difference.

    `right`: how many pictures more, None over several splits; `groups`: how many there are, where groups were compared.
    """

    value: float
    p: float
    right: int | None = None
    groups: int | None = None


@dataclass(frozen=True)
class Cheapest:
    """Why one of several is the cheapest to use.

    Parameters
    ----------
    name : str
    among : tuple of str
        Those weighed, itself too: tied with the most accurate, close to it, and surely better than guessing.
    tied, close : int
        How many are tied with the most accurate, and how many of them come close to it.
    costs : tuple of str
        Those by which another was left out, in the order of asking.
    simpler_than : tuple of str
        Others that cost the same.
    """

    name: str
    among: tuple[str, ...]
    tied: int
    close: int
    costs: tuple[Cost, ...] = ()
    simpler_than: tuple[str, ...] = ()


@dataclass(frozen=True)
class OnlyOne:
    """Nothing else was tried, or `same`: what kept its head and so is no candidate of its own."""

    on: Measured
    use: Reached
    same: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClearWinner:
    """It is better than all others, by more than luck explains; `second` is the next best, or the `only` other one."""

    on: Measured
    use: Reached
    second: Reached
    ahead: Difference
    only: bool


@dataclass(frozen=True)
class MostAccurate:
    """None was right more often, but others are tied with it.

    `equals`: another was right as often. `cheapest` is None where none of the tied comes close.
    """

    on: Measured
    use: Reached
    tied_with: tuple[str, ...]
    equals: bool
    cheapest: Cheapest | None


@dataclass(frozen=True)
class CheaperOfTied:
    """Another was right more often, by no more than luck explains, and this one is cheaper to use."""

    on: Measured
    use: Reached
    best: Reached
    behind: Difference
    cheapest: Cheapest


@dataclass(frozen=True)
class TooFewPictures:
    """The smallest class has so few held-out pictures, `least`, that nothing can be called better.

    `classes`: those that have so few.
    """

    on: Measured
    use: Reached
    least: int
    remedy: Remedy
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class OneClassOnly:
    """All held-out pictures are of one class, `only`, so they can't judge who tells it from the `absent` ones."""

    on: Pictures
    use: Reached
    only: str
    absent: tuple[str, ...]
    remedy: Remedy


@dataclass(frozen=True)
class GuessingUnjudged:
    """Not even answers without a mistake could be told from guessing.

    Of so many `pictures`, only `others` show another class than the most common one.
    """

    on: Measured
    pictures: int
    others: int


@dataclass(frozen=True)
class NothingLearned:
    """Not even the best, or the `only` one, is better than guessing."""

    on: Measured
    best: Reached
    only: bool
    chance: float


@dataclass(frozen=True)
class NearChance:
    """The winner may be no better than always naming the most common class.

    `found`: the share of a class that it finds, on average, where that is surely better than guessing.
    """

    on: Measured
    use: Reached
    chance: float
    found: Balanced | None = None


@dataclass(frozen=True)
class SmallClass:
    """The smallest class has so few held-out pictures, `least`, that next to nothing is known of it.

    `classes`: those that have so few.
    """

    on: Measured
    least: int
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class WouldSettle:
    """How many pictures would tell two apart; None: more than anybody has; `grouped`: in groups of this size."""

    on: Measured
    names: tuple[str, str]
    pictures: int | None
    grouped: bool = False


@dataclass(frozen=True)
class SameHead:
    """Runs that answer with the head of another, and so are no candidates of their own."""

    names: tuple[str, ...]
    other: str


@dataclass(frozen=True)
class DepthsCompared:
    """What several depths of one strategy say, the shallowest first.

    Parameters
    ----------
    first, last : str
        The cuts of the shallowest and the deepest.
    count : int
    best : str, optional
        The most accurate run; None where no training was better than the head solved on the frozen network.
    tied : tuple of str
        The best, and the runs that cannot be told from it, the shallowest first.
    idle : tuple of str
        The cuts at which training was no better than that head.
    """

    first: str
    last: str
    count: int
    best: str | None
    tied: tuple[str, ...]
    idle: tuple[str, ...]


Reason = (
    OnlyOne
    | ClearWinner
    | MostAccurate
    | CheaperOfTied
    | TooFewPictures
    | OneClassOnly
    | GuessingUnjudged
    | NothingLearned
    | NearChance
    | SmallClass
    | WouldSettle
    | SameHead
    | DepthsCompared
)
