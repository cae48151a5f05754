"""What several depths of one strategy say: whether it can be told how much of a network is worth training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from headstart.evidence.candidate import Candidate
from headstart.evidence.reasons import DepthsCompared
from headstart.evidence.verdict import LEVEL, AnyComparison, compared


class Depth(NamedTuple):
    """A run, the candidate that answers as it does, where its trained part begins, and whether training helped."""

    id: str
    candidate: Candidate
    cut: str
    gained: bool


def depths_told(depths: Sequence[Depth], comparisons: Sequence[AnyComparison]) -> DepthsCompared:
    """Return what some depths say, two or more, the shallowest first.

    Whatever the paired tests cannot tell from the most accurate is tied with it, as in the verdict; of these the
    shallowest trains the least.
    """
    first, last, count = depths[0].cut, depths[-1].cut, len(depths)
    idle = tuple(depth.cut for depth in depths if not depth.gained)
    if len(idle) == count:
        return DepthsCompared(first, last, count, None, (), idle)
    best = min(depths, key=lambda depth: (-depth.candidate.accuracy, depths.index(depth)))
    tied = tuple(
        depth.id
        for depth in depths
        if depth.candidate is best.candidate
        or compared(comparisons, best.candidate, depth.candidate).p_adjusted >= LEVEL
    )
    return DepthsCompared(first, last, count, best.id, tied, idle)
