"""Two candidates on the same pictures, or over the same splits."""

from __future__ import annotations

from headstart.records.metrics import Unit
from headstart.records.record import Interval, Record


class Comparison(Record):
    """`a` (the more accurate) minus `b` on the same held-out pictures, paired; see `headstart.evidence.paired`.

    `units` is how many pictures or groups there are, `p_adjusted` is for all pairs (Holm).
    """

    a: str
    b: str
    split: str
    difference: float
    interval: Interval
    unit: Unit
    units: int
    design_effect: float
    p: float
    p_adjusted: float


class SplitsComparison(Record):
    """`a` minus `b` over the same splits; see `headstart.evidence.over_splits`."""

    a: str
    b: str
    splits: int
    difference: float
    interval: Interval
    p: float
    p_adjusted: float
