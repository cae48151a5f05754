"""Whether the inactive share of feature maps falls the more of a network is trained, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from headstart.evidence.activity import TrendFound
from headstart.records.activity import Mean, Trend
from headstart.words.numbers import joined, number_text

_QUESTION = "the more stages are trained, the less of the feature maps is inactive"


def trend_record(found: TrendFound) -> Trend:
    """Return what was found, with its sentences."""
    text = [_opening(found), f"From {_went(found, 0, found.whole)}."]
    if found.beyond is not None:
        text += [_stepwise(found), f"From {_went(found, 1, found.beyond)}."]
    return Trend(answer=found.answer, text=" ".join(text), whole=found.whole, beyond=found.beyond, steps=found.steps)


def _opening(found: TrendFound) -> str:
    if found.answer == "unclear":
        return f"These pictures can't tell whether this holds: {_QUESTION}."
    if found.answer == "holds":
        return f"Yes: {_QUESTION}."
    if found.answer == "fails":
        return f"No: it is not true here that {_QUESTION}."
    if any(step.rises for step in found.steps):
        return f"On the whole, yes, but not at every step: {_QUESTION}."
    return "Only in part: training lowers the inactive share, but training more stages does not lower it further."


def _stepwise(found: TrendFound) -> str:
    moved = [(f"from {_of(start)} to {_of(end)}", step) for (start, end), step in _steps(found)]
    turns = [
        f"{'fell' if step.falls else 'rose'} by {100 * abs(step.value):.1f} points {place}"
        for place, step in moved
        if step.falls or step.rises
    ]
    if not turns:
        return "No single step is larger than luck explains."
    still = [place for place, step in moved if not (step.falls or step.rises)]
    told = f"Step by step, it {joined(turns)}"
    return f"{told}; {joined(still)}, these pictures can't tell." if still else f"{told}."


def _steps(found: TrendFound) -> Sequence[tuple[tuple[int, int], Mean]]:
    return list(zip(pairwise(found.unfrozen), found.steps, strict=True))


def _went(found: TrendFound, start: int, change: Mean) -> str:
    """Return how the share went from network number `start` to the last."""
    first, last = 100 * found.shares[start], 100 * found.shares[-1]
    begin = f"{_stages(found.unfrozen[start])} trained" if found.unfrozen[start] else "the frozen network"
    told = f"{begin} to {_stages(found.unfrozen[-1])} trained, the inactive share"
    ends = f"from {first:.1f} to {last:.1f} %"
    if change.interval is None:
        return f"{told} went {ends}; a single picture or group can't say more"
    low, high = (100 * end for end in change.interval)
    if not (change.falls or change.rises):
        return f"{told} went {ends}, which luck explains (95 % interval {low:+.1f} to {high:+.1f} points)"
    near, far = sorted((abs(low), abs(high)))
    by = f"by {100 * abs(change.value):.1f} points, 95 % interval {near:.1f} to {far:.1f}"
    return f"{told} {'fell' if change.falls else 'rose'} {ends} ({by})"


def _of(count: int) -> str:
    return number_text(count) if count else "none"


def _stages(count: int) -> str:
    return "one stage" if count == 1 else f"{number_text(count)} stages"
