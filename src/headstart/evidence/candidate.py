"""What the verdict weighs: finished runs, how accurate each is and what it costs to use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from headstart.evidence.intervals import wilson
from headstart.evidence.judging import Balanced
from headstart.evidence.reasons import Cheapest, Cost, Reached

_EQUAL_COST = 1.05
COSTS: tuple[Cost, ...] = ("operations", "size", "learned")  # in the order in which they count


@dataclass(frozen=True, eq=False)
class Candidate:
    """One finished run as the verdict sees it.

    Parameters
    ----------
    id : str
        The run's name.
    accuracy : float
        Share of the held-out pictures that it answered right.
    correct : array of bool, (n,)
        Which of them.
    flops : float
        Operations for one prediction.
    learned : int
        How many numbers it has from the training pictures, fitted to them or remembered of them.
    order : int
        Its place in the table of strategies: the simpler, the earlier.
    size : int
        How many numbers it holds.
    interval : tuple of float, optional
        Of its accuracy; None: Wilson's, with pictures as units.
    balanced : Balanced, optional
        The mean recall: where one class is common, an accuracy no higher than that of always naming it may still come
        from telling the classes apart, which accuracy alone does not show.
    """

    id: str
    accuracy: float
    correct: NDArray[np.bool_]
    flops: float
    learned: int
    order: int
    size: int = 0
    interval: tuple[float, float] | None = None
    balanced: Balanced | None = None

    def cost(self, kind: Cost) -> float:
        """Return what it costs to use: operations for an answer, numbers that it holds, numbers that it learned."""
        return {"operations": self.flops, "size": self.size, "learned": self.learned}[kind]

    @property
    def right(self) -> int:
        """How many held-out pictures it answered right."""
        return int(np.sum(self.correct))

    @property
    def limits(self) -> tuple[float, float]:
        """The 95 % interval of its accuracy."""
        return self.interval or wilson(self.right, len(self.correct))

    @property
    def reached(self) -> Reached:
        """What it reached on the held-out pictures."""
        return Reached(self.id, self.accuracy, self.limits, self.right)

    @property
    def reached_over_splits(self) -> Reached:
        """What it reached over several splits: there is no number of pictures to tell."""
        return Reached(self.id, self.accuracy, self.limits)


def most_accurate(candidates: Sequence[Candidate]) -> Candidate:
    """Return the most accurate, the cheapest among equals."""
    most = max(one.accuracy for one in candidates)
    return cheapest([one for one in candidates if one.accuracy == most])


def cheapest(tied: Sequence[Candidate]) -> Candidate:
    """Return the one to take of those that are tied.

    None of the others is as cheap in all that counts and by more than a twentieth cheaper in some of it.
    """
    return min(_as_cheap(tied)[-1], key=lambda one: one.order)


def _as_cheap(tied: Sequence[Candidate]) -> list[list[Candidate]]:
    """Return who is left at first and after each of the costs."""
    left = [list(tied)]
    for cost in COSTS:
        least = _EQUAL_COST * min(one.cost(cost) for one in left[-1])
        left.append([one for one in left[-1] if one.cost(cost) <= least])
    return left


def why_cheapest(
    winner: Candidate, able: Sequence[Candidate], tied: Sequence[Candidate], close: Sequence[Candidate] | None = None
) -> Cheapest:
    """Return why the winner is the cheapest to use.

    Parameters
    ----------
    winner : Candidate
    able, tied, close : sequence of Candidate
        Those not told from the most accurate are tied; some of them come close to it, by default all; some of these are
        able, which can be told from guessing.
    """
    left = _as_cheap(able)
    costs = tuple(cost for cost, (before, after) in zip(COSTS, pairwise(left), strict=True) if len(after) < len(before))
    equals = tuple(other.id for other in sorted(left[-1], key=lambda one: one.order) if other is not winner)
    near = len(tied if close is None else close)
    return Cheapest(winner.id, tuple(one.id for one in able), len(tied), near, costs, equals)
