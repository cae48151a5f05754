"""Which candidate to take, and what may be said about it: the rule, and its reasons.

The rule: find the most accurate; whatever the paired tests cannot tell from it is tied with it; of all
that are tied, take the cheapest to use: operations for one prediction, then the numbers it holds, then the
numbers it learned, each equal within a twentieth of the least, then the order of the table. A measured time
never decides, so the verdict is the same on every machine. Runs that answer with one and the same head are
one candidate, not several that are tied. `headstart.words.verdict` puts the reasons into sentences.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from headstart.base.params import bad_parameter
from headstart.evidence.candidate import Candidate, cheapest, most_accurate, why_cheapest
from headstart.evidence.judging import AgainstGuessing, Judges, against_guessing
from headstart.evidence.paired import disagreements, pictures_to_tell
from headstart.evidence.reasons import (
    CheaperOfTied,
    ClearWinner,
    Difference,
    GuessingUnjudged,
    Measured,
    MostAccurate,
    NearChance,
    NothingLearned,
    OneClassOnly,
    OnlyOne,
    Pictures,
    Reached,
    Reason,
    Remedy,
    SameHead,
    SmallClass,
    TooFewPictures,
    WouldSettle,
)
from headstart.records.comparison import Comparison

LEVEL = 0.05
ONE_ERROR = 0.3173  # p of a difference as large as its standard error
MOST_PICTURES = 100_000  # beyond this a number of pictures is no longer advice


class AnyComparison(Protocol):
    """What the rule reads of a comparison, on the same pictures or over the same splits."""

    @property
    def a(self) -> str:
        """The more accurate."""

    @property
    def b(self) -> str:
        """The other one."""

    @property
    def p(self) -> float:
        """How easily luck makes such a difference."""

    @property
    def p_adjusted(self) -> float:
        """The same, for all pairs together."""


Entry = TypeVar("Entry", bound=AnyComparison)


@dataclass(frozen=True)
class Verdict:
    """What to take, what is tied with it, and why.

    `above_chance`: the winner can be told from guessing; `judged`: these pictures can tell that of some answers at all.
    `decided`: no class has so few held-out pictures that nothing can be called better; else `winner` is only what to go
    on with. `same_as`: which runs answer with the head of which other one, and so were left out.
    """

    winner: str
    tied_with: tuple[str, ...]
    reasons: tuple[Reason, ...]
    above_chance: bool = True
    decided: bool = True
    judged: bool = True
    same_as: Mapping[str, str] = field(default_factory=dict)

    def leaving_out(self, same_as: Mapping[str, str]) -> Verdict:
        """Return the same verdict that says which runs were no candidates of their own."""
        found = replace(self, same_as=dict(same_as))
        for one in dict.fromkeys(same_as.values()):
            names = tuple(name for name, other in same_as.items() if other == one)
            if any(isinstance(reason, OnlyOne) for reason in self.reasons):
                told = [
                    replace(reason, same=names) if isinstance(reason, OnlyOne) else reason for reason in self.reasons
                ]
                found = replace(found, reasons=tuple(told))
            else:
                found = found.followed_by(SameHead(names, one))
        return found

    def followed_by(self, reason: Reason) -> Verdict:
        """Return the same verdict with one more reason."""
        return replace(self, reasons=(*self.reasons, reason))


def decide(
    candidates: Sequence[Candidate],
    comparisons: Sequence[Comparison],
    *,
    split: str,
    judges: Judges,
    remedy: Remedy = "folds",
) -> Verdict:
    """Return the verdict on `candidates`.

    Parameters
    ----------
    candidates : sequence of Candidate
        All judged on the same held-out pictures, in the same order.
    comparisons : sequence of Comparison
        What `paired.compare_pairs` says of them.
    split : str
        The split that measures: "val", "test", or "training" where its pictures were left out in turn.
    judges : Judges
        What these pictures can judge.
    remedy : str
        What helps where a class has too few pictures to call anything better: "folds" or "pictures".

    Raises
    ------
    ConfigError
        If there is no candidate, the candidates saw different pictures, or a pair was not compared.
    """
    sizes = {len(candidate.correct) for candidate in candidates}
    if len(sizes) != 1 or 0 in sizes:
        raise bad_parameter("candidates", "decide", "runs on the same pictures, at least one", sorted(sizes))
    best = most_accurate(candidates)
    tied = [best] + [
        other for other in candidates if other is not best and compared(comparisons, best, other).p_adjusted >= LEVEL
    ]
    n = sizes.pop()
    close = close_to(best, tied, comparisons)
    # Nobody is served by a cheap classifier that may know nothing, as long as one is there that knows something.
    able = [one for one in close if one.limits[0] >= judges.chance] or close
    on = Pictures(split, n)
    case = _Case(candidates, comparisons, best, cheapest(able), tuple(tied), tuple(close), tuple(able), on)
    winner, few = case.winner, not judges.enough
    reasons: list[Reason]
    near, small = near_guessing(on, winner.reached, judges, guessing(winner, judges), winner), small_class(on, judges)
    if judges.only is not None:
        reasons = [OneClassOnly(on, winner.reached, judges.only, judges.absent, remedy)]
    elif guessing(best, judges) == "no better":
        reasons = [NothingLearned(on, best.reached, len(candidates) == 1, judges.chance), *small]
    elif not few or len(candidates) == 1:
        reasons = [*_reason(case), *near, *small]
    else:  # which says how few the smallest class has
        reasons = [TooFewPictures(on, winner.reached, judges.least, remedy, judges.smallest), *near]
    return Verdict(
        winner.id,
        tuple(other.id for other in candidates if (few or other in tied) and other is not winner),
        tuple(reasons),
        above_chance=guessing(winner, judges) in ("better", "apart"),
        decided=not few,
        judged=judges.beatable,
    )


def guessing(one: Candidate, judges: Judges) -> AgainstGuessing:
    """Return what these pictures say of a candidate and of guessing."""
    return against_guessing(judges.pictures, judges.chance, one.accuracy, one.limits, one.balanced)


def near_guessing(
    on: Measured, use: Reached, judges: Judges, found: AgainstGuessing, winner: Candidate
) -> list[Reason]:
    """Return the caution that the winner may be no better than guessing, or that nothing can tell here."""
    if found == "better":
        return []
    if found == "unjudged":
        return [GuessingUnjudged(on, judges.pictures, judges.others)]
    return [NearChance(on, use, judges.chance, winner.balanced if found == "apart" else None)]


def small_class(on: Measured, judges: Judges) -> list[Reason]:
    """Return the caution about classes with too few pictures, if there are some."""
    return [] if judges.enough else [SmallClass(on, judges.least, judges.smallest)]


@dataclass(frozen=True, eq=False)
class _Case:
    """What the reasons are about."""

    candidates: Sequence[Candidate]
    comparisons: Sequence[Comparison]
    best: Candidate
    winner: Candidate
    tied: tuple[Candidate, ...]
    close: tuple[Candidate, ...]  # those of the tied that come close to the best
    able: tuple[Candidate, ...]  # those of the close that can be told from guessing, if any can
    on: Pictures

    @property
    def n(self) -> int:
        return self.on.count


def compared(comparisons: Sequence[Entry], first: Candidate, second: Candidate) -> Entry:
    """Return the entry that compares two candidates."""
    for entry in comparisons:
        if {entry.a, entry.b} == {first.id, second.id}:
            return entry
    missing = f"nothing about {first.id} and {second.id}"
    raise bad_parameter("comparisons", "decide", "those of compare_pairs over all candidates", missing)


def close_to(best: Candidate, tied: Sequence[Candidate], comparisons: Sequence[AnyComparison]) -> list[Candidate]:
    """Return those of the tied that are no further from the best than the standard error of the difference.

    "Not told apart" is not "equal": with few pictures, or many comparisons, one that is much less accurate is tied too,
    and nobody is served by it because it is cheap. The rule of one standard error is that of Breiman, Friedman, Olshen,
    Stone 1984, "Classification and Regression Trees", 3.4.3; here the paired p says it, not yet adjusted.
    """
    return [one for one in tied if one is best or compared(comparisons, best, one).p >= ONE_ERROR]


def _reason(case: _Case) -> list[Reason]:
    winner, best = case.winner, case.best
    if len(case.candidates) == 1:
        return [OnlyOne(case.on, best.reached)]
    why = why_cheapest(winner, case.able, case.tied, case.close)
    if winner.right < best.right:
        behind = _difference(case, best, winner)
        settled = _would_settle(case, compared(case.comparisons, best, winner))
        return [CheaperOfTied(case.on, winner.reached, best.reached, behind, why), settled]
    if len(case.tied) > 1:
        others = tuple(one.id for one in case.tied if one is not winner)
        equals = sum(one.right == winner.right for one in case.candidates) > 1
        return [MostAccurate(case.on, winner.reached, others, equals, why if len(case.close) > 1 else None)]
    return [_clear_winner(case)]


def _clear_winner(case: _Case) -> Reason:
    others = [candidate for candidate in case.candidates if candidate is not case.best]
    second = most_accurate(others)
    ahead = _difference(case, case.best, second)
    return ClearWinner(case.on, case.best.reached, second.reached, ahead, only=len(others) == 1)


def _difference(case: _Case, more: Candidate, less: Candidate) -> Difference:
    entry = compared(case.comparisons, more, less)
    groups = entry.units if entry.unit == "group" else None
    right = more.right - less.right
    return Difference(right / case.n, entry.p, right, groups)


def _would_settle(case: _Case, entry: Comparison) -> WouldSettle:
    # Holm asks of this pair the level divided by the number of pairs that are no clearer than it.
    level = LEVEL / sum(other.p >= entry.p for other in case.comparisons)
    only_best, only_winner = disagreements(case.best.correct, case.winner.correct)
    needed = pictures_to_tell(only_best, only_winner, case.n, level=level)
    if needed is not None:
        needed = math.ceil(needed * entry.design_effect)
    if needed is None or needed > MOST_PICTURES:
        return WouldSettle(case.on, (case.winner.id, case.best.id), None)
    # Where a difference just misses the level, the formula can ask for no more than there are.
    return WouldSettle(case.on, (case.winner.id, case.best.id), max(needed, case.n + 1), grouped=entry.unit == "group")
