"""Several ways of learning over several splits: means, paired comparisons, and the verdict on them.

The rule is that of `verdict`, with the corrected t test over splits in the place of McNemar's over pictures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from scipy.special import ndtri, stdtrit

from headstart.base.params import bad_parameter
from headstart.base.types import Floats
from headstart.evidence.candidate import Candidate, cheapest, most_accurate, why_cheapest
from headstart.evidence.paired import holm
from headstart.evidence.resampled import corrected_resampled_t
from headstart.evidence.verdict import LEVEL, Comparison, Verdict, alone, close_to, compared, p_text, rounded

_POWER = 0.8
_MOST_PICTURES = 100_000


def mean_over_splits(accuracies: Floats, *, train: int, test: int) -> dict[str, Any]:
    """Return mean accuracy and how far it varies.

    Parameters
    ----------
    accuracies : array, (seeds, folds)
        Where every seed is one split: (seeds, 1).
    train, test : int
        How many pictures each was learned from and measured on.

    Returns
    -------
    dict
        ``accuracy``, ``interval`` (95 %, by the corrected t; None for a single split), ``lowest``, ``highest``,
        ``spread_over_splits`` and ``spread_over_seeds`` (standard deviations, None for a single one).
    """
    every, seeds = accuracies.ravel(), accuracies.mean(axis=1)
    mean, interval = float(every.mean()), None
    if len(every) > 1:
        low, high = corrected_resampled_t(_varied(every, test), train=train, test=test)[1]
        interval = [max(0.0, min(low, mean)), min(1.0, max(high, mean))]
    return {
        "accuracy": mean,
        "interval": interval,
        "lowest": float(every.min()),
        "highest": float(every.max()),
        "spread_over_splits": float(every.std(ddof=1)) if len(every) > 1 else None,
        "spread_over_seeds": float(seeds.std(ddof=1)) if len(seeds) > 1 else None,
    }


def compare_over_splits(accuracies: Mapping[str, Floats], *, train: int, test: int) -> list[dict[str, Any]]:
    """Return every pair compared over the same splits.

    Parameters
    ----------
    accuracies : mapping of name to array, (splits,)
        The same splits in the same order, two at least.
    train, test : int
        How many pictures each was learned from and measured on.

    Returns
    -------
    list of dict
        ``a`` (the more accurate), ``b``, ``splits``, ``difference``, ``interval`` and ``p`` (Nadeau and Bengio's
        corrected t), ``p_adjusted`` (Holm over all pairs).

    Raises
    ------
    ConfigError
        If the arrays differ in length.
    """
    lengths = {len(values) for values in accuracies.values()}
    if len(lengths) > 1:
        raise bad_parameter("accuracies", "compare_over_splits", "arrays of one length", sorted(lengths))
    pairs: list[dict[str, Any]] = []
    for one, other in combinations(accuracies, 2):
        ordered = accuracies[one].mean() >= accuracies[other].mean()
        a, b = (one, other) if ordered else (other, one)
        apart = np.asarray(accuracies[a] - accuracies[b])
        p, interval = corrected_resampled_t(_varied(apart, test), train=train, test=test)
        entry = {"a": a, "b": b, "splits": len(apart), "difference": float(apart.mean())}
        pairs.append({**entry, "interval": list(interval), "p": p})
    for pair, adjusted in zip(pairs, holm([pair["p"] for pair in pairs]), strict=True):
        pair["p_adjusted"] = adjusted
    return pairs


def _varied(values: Floats, test: int) -> Floats:
    """Return values that vary by half a picture at least: few pictures often give the same share by luck."""
    least = 0.5 / test
    if values.std(ddof=1) >= least:
        return values
    signs = np.resize([1.0, -1.0], len(values))
    return np.asarray(values.mean() + least * (signs - signs.mean()))


def decide_over_splits(
    candidates: Sequence[Candidate], comparisons: Sequence[Comparison], *, splits: str, pictures: int, chance: float
) -> Verdict:
    """Return the verdict on `candidates`, whose `accuracy` and `interval` are over the splits.

    Parameters
    ----------
    candidates : sequence of Candidate
    comparisons : sequence of mapping
        What `compare_over_splits` says of them.
    splits : str
        How a person reads the splits, such as "5 x 4 splits".
    pictures : int
        How many were divided.
    chance : float
        The accuracy of an answer that does not look at the picture.
    """
    best = most_accurate(candidates)
    tied = [one for one in candidates if one is best or compared(comparisons, best, one)["p_adjusted"] >= LEVEL]
    close = close_to(best, tied, comparisons)
    able = [one for one in close if one.limits[0] >= chance] or close
    winner = cheapest(able)
    if best.accuracy <= chance + 1e-9 and best.beyond_guessing <= 1:
        sentences = [
            f"Nothing was learned: over {splits} {best.id} was right {best.accuracy:.3f} of the time, and answering "
            f"without looking gives {chance:.3f}."
        ]
    else:
        sentences = _reason(candidates, comparisons, best, winner, (tied, close, able), splits, pictures)
        if winner.limits[0] <= chance:
            sentences.append(f"Caution: {winner.id} cannot be told from answering without looking ({chance:.3f}).")
    told = winner.limits[0] > chance and best.accuracy > chance + 1e-9
    others = tuple(one.id for one in tied if one is not winner)
    return Verdict(winner.id, others, " ".join(sentences), above_chance=told)


def _reason(
    candidates: Sequence[Candidate],
    comparisons: Sequence[Comparison],
    best: Candidate,
    winner: Candidate,
    narrower: tuple[Sequence[Candidate], Sequence[Candidate], Sequence[Candidate]],
    splits: str,
    pictures: int,
) -> list[str]:
    tied, close, able = narrower
    if len(candidates) == 1:
        low, high = best.limits
        return [
            f"Over {splits} {best.id}, the only one tried, was right {best.accuracy:.3f} of the time (95 % interval "
            f"{low:.3f} to {high:.3f}); there is nothing to compare it with."
        ]
    if winner is not best:
        entry = compared(comparisons, best, winner)
        return [
            f"Take {winner.id}. Over {splits} {best.id} answered {100 * entry['difference']:.1f} points more right "
            f"than {winner.id}, which cannot be told from luck ({p_text(entry['p'])}); {winner.id} is the "
            f"{why_cheapest(winner, able, tied, close)}.",
            _would_settle(comparisons, entry, pictures),
        ]
    if len(tied) > 1:
        why = f"it is the {why_cheapest(winner, able, tied, close)}" if len(close) > 1 else alone(tied, best)
        return [
            f"Take {best.id}. Over {splits} no other was right more often ({best.accuracy:.3f} on average), and {why}."
        ]
    second = most_accurate([one for one in candidates if one is not best])
    entry = compared(comparisons, best, second)
    place = "the only other one" if len(candidates) == 2 else "the next best"
    return [
        f"Take {best.id}. Over {splits} it answered {100 * entry['difference']:.1f} points more right than "
        f"{second.id}, {place}, which is more than luck explains ({p_text(entry['p'])})."
    ]


def _would_settle(comparisons: Sequence[Comparison], entry: Comparison, pictures: int) -> str:
    """Return about how many pictures would tell the two apart: the error falls with their root."""
    level = LEVEL / sum(other["p"] >= entry["p"] for other in comparisons)
    degrees, (low, high) = entry["splits"] - 1, entry["interval"]
    error = (high - low) / 2 / float(stdtrit(degrees, 0.5 + (1 - LEVEL) / 2))
    asked = float(stdtrit(degrees, 1 - level / 2)) + float(ndtri(_POWER))
    needed = math.inf if entry["difference"] == 0 else pictures * (asked * error / entry["difference"]) ** 2
    if needed > _MOST_PICTURES:
        return f"Even {_MOST_PICTURES:,} pictures might not settle it."
    return f"About {rounded(max(math.ceil(needed), pictures + 1)):,} pictures in all would settle it."
