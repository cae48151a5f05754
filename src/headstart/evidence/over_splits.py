"""Several ways of learning over several splits: means, paired comparisons, and the verdict on them.

The rule is that of `verdict`, with the corrected t test over splits in the place of McNemar's over pictures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.special import ndtri, stdtrit

from headstart.base.params import bad_parameter
from headstart.base.types import Floats
from headstart.evidence.candidate import Candidate, cheapest, most_accurate, why_cheapest
from headstart.evidence.judging import Judges
from headstart.evidence.paired import holm
from headstart.evidence.reasons import (
    CheaperOfTied,
    ClearWinner,
    Difference,
    MostAccurate,
    NothingLearned,
    OnlyOne,
    Reason,
    Splits,
    TooFewPictures,
    WouldSettle,
)
from headstart.evidence.resampled import corrected_resampled_t
from headstart.evidence.verdict import (
    LEVEL,
    MOST_PICTURES,
    Verdict,
    close_to,
    compared,
    guessing,
    near_guessing,
    small_class,
)
from headstart.records.comparison import SplitsComparison
from headstart.records.record import Interval, changed
from headstart.records.results import StrategyOverSplits

_POWER = 0.8


def mean_over_splits(accuracies: Floats, *, strategy: str, seconds: float, train: int, test: int) -> StrategyOverSplits:
    """Return mean accuracy and how far it varies.

    Parameters
    ----------
    accuracies : array, (seeds, folds)
        Where every seed is one split: (seeds, 1).
    strategy : str
    seconds : float
        What all splits took.
    train, test : int
        How many pictures each was learned from and measured on.

    Returns
    -------
    StrategyOverSplits
        The interval is that of the corrected t, spreads are standard deviations.
    """
    every, seeds = accuracies.ravel(), accuracies.mean(axis=1)
    mean = float(every.mean())
    interval: Interval | None = None
    if len(every) > 1:
        low, high = corrected_resampled_t(_varied(every, test), train=train, test=test)[1]
        interval = max(0.0, min(low, mean)), min(1.0, max(high, mean))
    return StrategyOverSplits(
        strategy=strategy,
        accuracy=mean,
        interval=interval,
        lowest=float(every.min()),
        highest=float(every.max()),
        spread_over_splits=float(every.std(ddof=1)) if len(every) > 1 else None,
        spread_over_seeds=float(seeds.std(ddof=1)) if len(seeds) > 1 else None,
        seconds=seconds,
    )


def compare_over_splits(accuracies: Mapping[str, Floats], *, train: int, test: int) -> tuple[SplitsComparison, ...]:
    """Return every pair compared over the same splits.

    Parameters
    ----------
    accuracies : mapping of name to array, (splits,)
        The same splits in the same order, two at least.
    train, test : int
        How many pictures each was learned from and measured on.

    Returns
    -------
    tuple of SplitsComparison
        ``a`` is the more accurate, ``interval`` and ``p`` are by Nadeau and Bengio's corrected t, ``p_adjusted`` is
        Holm's over all pairs.

    Raises
    ------
    ConfigError
        If the arrays differ in length.
    """
    lengths = {len(values) for values in accuracies.values()}
    if len(lengths) > 1:
        raise bad_parameter("accuracies", "compare_over_splits", "arrays of one length", sorted(lengths))
    pairs: list[SplitsComparison] = []
    for one, other in combinations(accuracies, 2):
        ordered = accuracies[one].mean() >= accuracies[other].mean()
        a, b = (one, other) if ordered else (other, one)
        apart = np.asarray(accuracies[a] - accuracies[b])
        p, interval = corrected_resampled_t(_varied(apart, test), train=train, test=test)
        mean = float(apart.mean())
        pairs.append(
            SplitsComparison(a=a, b=b, splits=len(apart), difference=mean, interval=interval, p=p, p_adjusted=p)
        )
    adjusted = holm([pair.p for pair in pairs])
    return tuple(changed(pair, p_adjusted=p) for pair, p in zip(pairs, adjusted, strict=True))


def _varied(values: Floats, test: int) -> Floats:
    """Return values that vary by half a picture at least: few pictures often give the same share by luck."""
    least = 0.5 / test
    if values.std(ddof=1) >= least:
        return values
    signs = np.resize([1.0, -1.0], len(values))
    return np.asarray(values.mean() + least * (signs - signs.mean()))


def decide_over_splits(
    candidates: Sequence[Candidate],
    comparisons: Sequence[SplitsComparison],
    *,
    folds: int | None,
    seeds: int,
    judges: Judges,
) -> Verdict:
    """Return the verdict on `candidates`, whose `accuracy` and `interval` are over the splits.

    Parameters
    ----------
    candidates : sequence of Candidate
    comparisons : sequence of SplitsComparison
        What `compare_over_splits` says of them.
    folds, seeds : int
        So many folds, so many times over; without folds, so many random splits.
    judges : Judges
        What the pictures that were divided can judge.
    """
    best = most_accurate(candidates)
    tied = [one for one in candidates if one is best or compared(comparisons, best, one).p_adjusted >= LEVEL]
    close = close_to(best, tied, comparisons)
    able = [one for one in close if one.limits[0] >= judges.chance] or close
    winner, on, few = cheapest(able), Splits(folds, seeds, judges.pictures), not judges.enough
    use, found = winner.reached_over_splits, guessing(winner, judges)
    near = near_guessing(on, use, judges, found, winner)
    reasons: list[Reason]
    if guessing(best, judges) == "no better":
        reasons = [NothingLearned(on, best.reached_over_splits, len(candidates) == 1, judges.chance)]
    elif not few or len(candidates) == 1:
        case = _Case(candidates, comparisons, best, winner, tied, close, able, on)
        reasons = [*_reason(case), *near, *small_class(on, judges)]
    else:
        reasons = [TooFewPictures(on, use, judges.least, "pictures", judges.smallest), *near]
    return Verdict(
        winner.id,
        tuple(one.id for one in candidates if (few or one in tied) and one is not winner),
        tuple(reasons),
        above_chance=found in ("better", "apart"),
        decided=not few,
        judged=judges.beatable,
    )


@dataclass(frozen=True, eq=False)
class _Case:
    """What the reasons are about; see `verdict`."""

    candidates: Sequence[Candidate]
    comparisons: Sequence[SplitsComparison]
    best: Candidate
    winner: Candidate
    tied: Sequence[Candidate]
    close: Sequence[Candidate]
    able: Sequence[Candidate]
    on: Splits


def _reason(case: _Case) -> list[Reason]:
    best, winner = case.best, case.winner
    use = winner.reached_over_splits
    if len(case.candidates) == 1:
        return [OnlyOne(case.on, use)]
    why = why_cheapest(winner, case.able, case.tied, case.close)
    if winner is not best:
        entry = compared(case.comparisons, best, winner)
        behind = Difference(entry.difference, entry.p)
        return [CheaperOfTied(case.on, use, best.reached_over_splits, behind, why), _would_settle(case, entry)]
    if len(case.tied) > 1:
        others = tuple(one.id for one in case.tied if one is not best)
        return [MostAccurate(case.on, use, others, equals=True, cheapest=why if len(case.close) > 1 else None)]
    second = most_accurate([one for one in case.candidates if one is not best])
    entry = compared(case.comparisons, best, second)
    ahead = Difference(entry.difference, entry.p)
    return [ClearWinner(case.on, use, second.reached_over_splits, ahead, only=len(case.candidates) == 2)]


def _would_settle(case: _Case, entry: SplitsComparison) -> WouldSettle:
    """Return about how many pictures would tell the two apart: the error falls with their root."""
    level = LEVEL / sum(other.p >= entry.p for other in case.comparisons)
    pictures, degrees, (low, high) = case.on.pictures, entry.splits - 1, entry.interval
    error = (high - low) / 2 / float(stdtrit(degrees, 0.5 + (1 - LEVEL) / 2))
    asked = float(stdtrit(degrees, 1 - level / 2)) + float(ndtri(_POWER))
    needed = math.inf if entry.difference == 0 else pictures * (asked * error / entry.difference) ** 2
    if needed > MOST_PICTURES:
        return WouldSettle(case.on, (case.winner.id, case.best.id), None)
    return WouldSettle(case.on, (case.winner.id, case.best.id), max(math.ceil(needed), pictures + 1))
