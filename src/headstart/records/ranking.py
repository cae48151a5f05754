"""Networks ranked by what their features tell of the classes."""

from __future__ import annotations

from headstart.records.comparison import Comparison
from headstart.records.record import Interval, Record
from headstart.records.verdict import VerdictRecord


class RankedNetwork(Record):
    """What one network's features tell of the classes, by heads on training pictures that they had not learned from.

    Parameters
    ----------
    backbone, name : str
        As it was asked for, and as it is called.
    linear, interval, loss, readout
        Of the reference head.
    neighbours, ridge : float
        Accuracies of two quick heads.
    logme : float
        For comparison only.
    pass_seconds, seconds : float
        Of the pass over the pictures, and of all.
    """

    backbone: str
    name: str
    input_size: int
    parameters: int
    flops: float
    linear: float
    interval: Interval
    loss: float
    readout: str
    neighbours: float
    ridge: float
    logme: float
    pass_seconds: float | None
    seconds: float


class Ranking(Record):
    """Networks, the best first, and which to use; `pictures` is how many training pictures were asked about."""

    ranking: tuple[RankedNetwork, ...]
    comparisons: tuple[Comparison, ...]
    verdict: VerdictRecord
    pictures: int
