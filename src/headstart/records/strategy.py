"""A row of the table of strategies, as far as a reader of results needs it."""

from __future__ import annotations

from typing import Literal

from headstart.records.record import Count, Record
from headstart.records.run import Weights

Trains = Literal["all", "part", "none"]  # of the network
Sign = Literal["circle", "square", "triangle", "diamond", "cross", "ring", "star", "hexagon"]


class StrategyRecord(Record):
    """One way of transferring, in words and as it is drawn.

    Parameters
    ----------
    name : str
    weights : str
        Of the network at the beginning.
    trains : str
        What of the network is trained.
    summary : str
        A few words for who knows the field.
    plain : str
        A sentence for who does not.
    sign : str
        The shape that stands for it in drawings.
    dash : str
        The dashes of its lines, as in SVG; empty: a solid line.
    colour : int
        Its place among the colours of the page.
    """

    name: str
    weights: Weights
    trains: Trains
    summary: str
    plain: str
    sign: Sign
    dash: str
    colour: Count
