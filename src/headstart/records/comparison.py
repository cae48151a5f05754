"""Two candidates on the same pictures, or over the same splits."""

from __future__ import annotations

from headstart.records.metrics import Unit
from headstart.records.record import Amount, Count, Figure, Interval, Record, RunName, Share


class Comparison(Record):
    """`a` (the more accurate) minus `b` on the same held-out pictures, paired; see `headstart.evidence.paired`.

    `units` is how many pictures or groups there are, `p_adjusted` is for all pairs (Holm).
    """

    a: RunName
    b: RunName
    split: str
    difference: Figure
    interval: Interval
    unit: Unit
    units: Count
    design_effect: Amount
    p: Share
    p_adjusted: Share


class SplitsComparison(Record):
    """`a` minus `b` over the same splits; see `headstart.evidence.over_splits`."""

    a: RunName
    b: RunName
    splits: Count
    difference: Figure
    interval: Interval
    p: Share
    p_adjusted: Share
