"""Networks ranked by what their frozen features tell of the classes."""

from __future__ import annotations

from headstart.records.comparison import Comparison
from headstart.records.record import Amount, Count, Duration, Figure, Interval, Record, Share
from headstart.records.run import Readout
from headstart.records.verdict import VerdictRecord


class NetworkScore(Record):
    """What one network reached on training pictures, by heads that had not learned from them.

    Parameters
    ----------
    backbone : str
        As it was asked for: a name, or a file.
    name : str
        Of the network.
    linear, interval, loss
        Accuracy of a linear head, its interval, and its log loss.
    neighbours, ridge : float
        Accuracy of two quicker heads.
    logme : float
        See `headstart.evidence.logme`.
    pass_seconds : float, optional
        Of the pass over the pictures; `seconds` is all of it.
    """

    backbone: str
    name: str
    input_size: Count
    parameters: Count
    flops: Amount
    linear: Share
    interval: Interval
    loss: Figure
    readout: Readout
    neighbours: Share
    ridge: Share
    logme: Figure
    pass_seconds: Duration | None
    seconds: Duration


class Ranking(Record):
    """The networks, the best first, and which to take; `pictures` is how many each was scored on."""

    ranking: tuple[NetworkScore, ...]
    comparisons: tuple[Comparison, ...]
    verdict: VerdictRecord
    pictures: Count
