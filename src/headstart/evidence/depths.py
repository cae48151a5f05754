"""What several depths of one strategy say: whether it can be told how much of a network is worth training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from headstart.evidence.candidate import Candidate, number_text
from headstart.evidence.verdict import LEVEL, Comparison, compared


class Depth(NamedTuple):
    """A run, the candidate that answers as it does, where its trained part begins, and whether training helped."""

    id: str
    candidate: Candidate
    cut: str
    gained: bool


def depths_told(depths: Sequence[Depth], comparisons: Sequence[Comparison]) -> str:
    """Return the sentences about some depths, two or more, the shallowest first.

    Whatever the paired tests cannot tell from the most accurate is tied with it, as in the verdict; of these the
    shallowest trains the least.
    """
    first, last = depths[0], depths[-1]
    count, ends = number_text(len(depths)), f"depths from {first.cut} to {last.cut}"
    idle = [depth for depth in depths if not depth.gained]
    if len(idle) == len(depths):
        return f"At none of {count} {ends} did training beat the head solved on the frozen network."
    best = min(depths, key=lambda depth: (-depth.candidate.accuracy, depths.index(depth)))
    tied = [
        depth
        for depth in depths
        if depth.candidate is best.candidate
        or compared(comparisons, best.candidate, depth.candidate)["p_adjusted"] >= LEVEL
    ]
    told = f"Of {count} {ends} "
    if len(tied) == len(depths):
        told += f"the data cannot tell which is best; the shallowest is {first.id}."
    elif len(tied) > 1:
        others = ", ".join(depth.id for depth in tied if depth is not best)
        told += f"the best, {best.id}, cannot be told from {others}"
        of_these = "shallower of the two" if len(tied) == 2 else "shallowest of these"
        told += f"; the {of_these} is {tied[0].id}."
    else:
        told += f"{best.id} is the best by more than luck explains."
    if not idle:
        return told
    cuts = ", ".join(depth.cut for depth in idle)
    return f"{told} At {cuts} training did not beat the head solved on the frozen network."
