"""Which candidate to take, and what may be said about it: the rule, and its words in one place.

The rule: find the most accurate; whatever the paired tests cannot tell from it is tied with it; of all
that are tied, take the cheapest to use: operations for one prediction, then the numbers it holds, then the
numbers it learned, each equal within a twentieth of the least, then the order of the table. A measured time
never decides, so the verdict is the same on every machine. Runs that answer with one and the same head are
one candidate, not several that are tied.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from headstart.base.params import bad_parameter
from headstart.evidence.candidate import Candidate, cheapest, joined, most_accurate, why_cheapest
from headstart.evidence.forecast import Forecast
from headstart.evidence.paired import disagreements, pictures_to_tell

LEVEL = 0.05
ONE_ERROR = 0.3173  # p of a difference as large as its standard error
LEAST_PER_CLASS = 5
_MOST_PICTURES = 100_000  # beyond this a number of pictures is no longer advice
_LEAST_GAIN = 0.5  # points of a hundred below which more pictures are no advice
_MUCH = {2.0: "twice as many"}

Comparison = Mapping[str, Any]  # an entry of `comparisons` in results.json


@dataclass(frozen=True)
class Verdict:
    """What to take, what is tied with it, and why, in a few sentences.

    `above_chance`: the winner can be told from answering without looking. `decided`: no class has so few held-out
    pictures that nothing can be called better; else `winner` is only what to go on with. `same_as`: which runs answer
    with the head of which other one, and so were left out.
    """

    winner: str
    tied_with: tuple[str, ...]
    text: str
    above_chance: bool = True
    decided: bool = True
    same_as: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the entry `verdict` of `results.json`."""
        return {
            "winner": self.winner,
            "tied_with": list(self.tied_with),
            "above_chance": self.above_chance,
            "decided": self.decided,
            "same_as": dict(self.same_as),
            "text": self.text,
        }

    def leaving_out(self, same_as: Mapping[str, str]) -> Verdict:
        """Return the same verdict that says which runs were no candidates of their own."""
        found = replace(self, same_as=dict(same_as))
        for one in dict.fromkeys(same_as.values()):
            names = [name for name, other in same_as.items() if other == one]
            answers, counts = ("answers", "counts") if len(names) == 1 else ("answer", "count")
            found = found.followed_by(f"{joined(names)} {answers} with the head of {one} and {counts} as one with it.")
        return found

    def followed_by(self, sentence: str) -> Verdict:
        """Return the same verdict with one more sentence."""
        return replace(self, text=f"{self.text} {sentence}")


def decide(
    candidates: Sequence[Candidate],
    comparisons: Sequence[Comparison],
    *,
    split: str,
    least_per_class: int,
    chance: float,
    remedy: str = "several draws are needed (--folds)",
) -> Verdict:
    """Return the verdict on `candidates`.

    Parameters
    ----------
    candidates : sequence of Candidate
        All judged on the same held-out pictures, in the same order.
    comparisons : sequence of mapping
        What `paired.compare_pairs` says of them.
    split : str
        The held-out split ("val", "test"), for the text.
    least_per_class : int
        How many held-out pictures the smallest class has.
    chance : float
        The accuracy of an answer that does not look at the picture.
    remedy : str
        What helps where a class has too few pictures to call anything better.

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
        other for other in candidates if other is not best and compared(comparisons, best, other)["p_adjusted"] >= LEVEL
    ]
    n = sizes.pop()
    close = close_to(best, tied, comparisons)
    # Nobody is served by a cheap classifier that may know nothing, as long as one is there that knows something.
    able = [one for one in close if one.limits[0] >= chance] or close
    case = _Case(candidates, comparisons, best, cheapest(able), tuple(tied), tuple(close), tuple(able), n, split)
    winner, few = case.winner, least_per_class < LEAST_PER_CLASS
    decided = not few or len(candidates) == 1
    near, small = _near_chance(case, chance), _small_class(case, least_per_class)
    sentences = _nothing_learned(case, chance)
    if sentences:
        sentences += small
    elif decided:
        sentences = _reason(case) + near + small
    else:  # which begins with how few the smallest class has
        sentences = _too_few(case, least_per_class, remedy) + near
    return Verdict(
        winner.id,
        tuple(other.id for other in candidates if (few or other in tied) and other is not winner),
        " ".join(sentences),
        above_chance=winner.limits[0] > chance or _tells_classes_apart(winner),
        decided=decided,
    )


def more_pictures(found: Forecast, *, rising: str | None = None, by: str | None = None) -> str:
    """Return the sentence about more training pictures.

    Parameters
    ----------
    found : Forecast
    rising : str, optional
        The class whose recall rises most with more pictures.
    by : str, optional
        The run whose learning was judged, where that is not the winner.
    """
    low, high = (round(100 * end) for end in found.interval)
    much = _MUCH.get(found.more / found.pictures, f"{found.more:,} of them")
    judged = f", judged by {by}" if by else ""
    most = f", most of all pictures of '{rising}'" if rising else ""
    worth = worth_of_more(found.interval)
    if worth == "yes":
        span = f"+{low} to +{high}" if high > low else f"about +{high}"
        return f"More training pictures would help{most}: {span} {_points(high)} at {much}{judged}."
    if worth == "hardly":
        return f"More training pictures would hardly help: less than 1 point at {much}{judged}."
    return (
        f"What more training pictures would bring cannot be told from nothing: 0 to +{high} {_points(high)} "
        f"at {much}{judged}."
    )


def worth_of_more(interval: Sequence[float]) -> str:
    """Return whether more training pictures would help, by the interval of what they bring.

    ``"yes"``, ``"hardly"``, or ``"cannot be told"`` from nothing.
    """
    low, high = interval
    if 100 * low >= _LEAST_GAIN:
        return "yes"
    return "hardly" if round(100 * high) < 1 else "cannot be told"


def _points(count: int) -> str:
    return f"point{_s(count)}"


@dataclass(frozen=True, eq=False)
class _Case:
    """What the sentences are about."""

    candidates: Sequence[Candidate]
    comparisons: Sequence[Comparison]
    best: Candidate
    winner: Candidate
    tied: tuple[Candidate, ...]
    close: tuple[Candidate, ...]  # those of the tied that come close to the best
    able: tuple[Candidate, ...]  # those of the close that can be told from answering without looking, if any can
    n: int
    split: str

    @property
    def pictures(self) -> str:
        return f"{self.n:,} {self.split} picture{_s(self.n)}"


def compared(comparisons: Sequence[Comparison], first: Candidate, second: Candidate) -> Comparison:
    """Return the entry that compares two candidates."""
    for entry in comparisons:
        if {entry["a"], entry["b"]} == {first.id, second.id}:
            return entry
    missing = f"nothing about {first.id} and {second.id}"
    raise bad_parameter("comparisons", "decide", "those of compare_pairs over all candidates", missing)


def close_to(best: Candidate, tied: Sequence[Candidate], comparisons: Sequence[Comparison]) -> list[Candidate]:
    """Return those of the tied that are no further from the best than the standard error of the difference.

    "Not told apart" is not "equal": with few pictures, or many comparisons, one that is much less accurate is tied too,
    and nobody is served by it because it is cheap. The rule of one standard error is that of Breiman, Friedman, Olshen,
    Stone 1984, "Classification and Regression Trees", 3.4.3; here the paired p says it, not yet adjusted.
    """
    return [one for one in tied if one is best or compared(comparisons, best, one)["p"] >= ONE_ERROR]


def alone(tied: Sequence[Candidate], best: Candidate) -> str:
    """Return what is said of those that are tied with the best and do not come close."""
    others = joined([one.id for one in tied if one is not best])
    return f"{others}, tied with it, {'do' if len(tied) > 2 else 'does'} not come close"


def _reason(case: _Case) -> list[str]:
    if len(case.candidates) == 1:
        return _only_one(case)
    if case.winner.right < case.best.right:
        return _tie(case)
    if len(case.tied) > 1:
        return _most_and_cheapest(case)
    return _clear_winner(case)


def _too_few(case: _Case, least: int, remedy: str) -> list[str]:
    winner, has = case.winner, f"{least} {case.split} picture{_s(least)}" if least else f"no {case.split} picture"
    return [
        f"No winner yet: which is better cannot be told from one draw with {has} of the smallest class; {remedy}.",
        f"Until then take {winner.id}, which answered {winner.right:,} of the {case.pictures} right.",
    ]


def _only_one(case: _Case) -> list[str]:
    low, high = case.best.limits
    return [
        f"{case.best.id}, the only one tried, answered {case.best.right:,} of the {case.pictures} right "
        f"(95 % interval {low:.3f} to {high:.3f}); there is nothing to compare it with."
    ]


def _clear_winner(case: _Case) -> list[str]:
    others = [candidate for candidate in case.candidates if candidate is not case.best]
    second = most_accurate(others)
    p = compared(case.comparisons, case.best, second)["p"]
    place = "the only other one" if len(others) == 1 else "the next best"
    return [
        f"Take {case.best.id}. It answered {case.best.right - second.right:,} more of the {case.pictures} "
        f"right than {second.id}, {place}, which is more than luck explains ({p_text(p)})."
    ]


def _most_and_cheapest(case: _Case) -> list[str]:
    equals = sum(candidate.right == case.winner.right for candidate in case.candidates)
    how = "No other answered more" if equals > 1 else "It answered more than any other"
    why = f"and it is the {why_cheapest(case.winner, case.able, case.tied, case.close)}"
    if len(case.close) == 1:
        why = f"and {alone(case.tied, case.best)}"
    return [f"Take {case.winner.id}. {how} of the {case.pictures} right ({case.winner.right:,}), {why}."]


def _tie(case: _Case) -> list[str]:
    best, winner = case.best, case.winner
    entry = compared(case.comparisons, best, winner)
    return [
        f"Take {winner.id}. {best.id} answered {best.right - winner.right:,} more of the {case.pictures} right "
        f"than {winner.id}, which {_observed(case, entry)} cannot tell from luck ({p_text(entry['p'])}); "
        f"{winner.id} is the {why_cheapest(case.winner, case.able, case.tied, case.close)}.",
        _would_settle(case, entry),
    ]


def _observed(case: _Case, entry: Comparison) -> str:
    """Return for example "153 pictures", or "153 pictures of 20 groups" where groups are compared."""
    pictures = f"{case.n:,} picture{_s(case.n)}"
    return f"{pictures} of {entry['units']:,} group{_s(entry['units'])}" if _grouped(entry) else pictures


def _would_settle(case: _Case, entry: Comparison) -> str:
    # Holm asks of this pair the level divided by the number of pairs that are no clearer than it.
    level = LEVEL / sum(other["p"] >= entry["p"] for other in case.comparisons)
    only_best, only_winner = disagreements(case.best.correct, case.winner.correct)
    needed = pictures_to_tell(only_best, only_winner, case.n, level=level)
    if needed is not None:
        needed = math.ceil(needed * entry.get("design_effect", 1.0))
    if needed is None or needed > _MOST_PICTURES:
        return f"Even {_MOST_PICTURES:,} {case.split} pictures might not settle it."
    # Where a difference just misses the level, the formula can ask for no more than there are.
    more = " in groups of this size" if _grouped(entry) else ""
    return f"About {rounded(max(needed, case.n + 1)):,} {case.split} pictures{more} would settle it."


def _grouped(entry: Comparison) -> bool:
    return entry.get("unit") == "group"


def _nothing_learned(case: _Case, chance: float) -> list[str]:
    if case.best.right > chance * case.n + 1e-9 or case.best.beyond_guessing > 1:  # 83 / 153 * 153 is not 83
        return []
    place = "the only one tried" if len(case.candidates) == 1 else "the best"
    return [
        f"Nothing was learned: {case.best.id}, {place}, answered {case.best.right:,} of the {case.pictures} "
        f"right, and answering without looking gives {chance:.3f}.",
        "Likely causes: labels that do not belong to their pictures, pictures too few or too small to show "
        "the difference, or weights and preprocessing that do not fit each other.",
    ]


def _near_chance(case: _Case, chance: float) -> list[str]:
    if case.winner.limits[0] > chance:
        return []
    if _tells_classes_apart(case.winner):
        return [
            f"Caution: the {case.winner.right:,} of {case.n:,} that {case.winner.id} has right cannot be told from "
            f"what always naming the commonest class gives ({chance:.3f}); but it tells the classes apart: on "
            f"average it finds {100 * case.winner.balanced:.0f} % of a class."
        ]
    return [
        f"Caution: the {case.winner.right:,} of {case.n:,} that {case.winner.id} has right cannot be told "
        f"from answering without looking ({chance:.3f})."
    ]


def _tells_classes_apart(one: Candidate) -> bool:
    return one.beyond_guessing > 2


def _small_class(case: _Case, least: int) -> list[str]:
    if least >= LEAST_PER_CLASS:
        return []
    has = f"only {least}" if least else "no"
    return [
        f"Caution: the smallest class has {has} {case.split} picture{_s(least)}, so next to nothing is known about it."
    ]


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def p_text(p: float) -> str:
    """Return "p = 0.63", with two significant figures where it is small."""
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.2f}" if p >= 0.1 else f"p = {p:.2g}"


def rounded(pictures: int) -> int:
    """Return the number with one figure, two if it begins with 1: it is a forecast, not a count."""
    digits = str(pictures)
    size = int(10 ** max(0, len(digits) - (2 if digits[0] == "1" else 1)))
    return math.ceil(pictures / size) * size
