"""Several experiments beside each other."""

from __future__ import annotations

from headstart.records.metrics import SplitName
from headstart.records.record import Count, Duration, Figure, Interval, Record, Share
from headstart.records.strategy import StrategyRecord


class SideCell(Record):
    """What one run of an experiment reached on the pictures that measure, and the seconds that it took alone."""

    accuracy: Share
    interval: Interval
    loss: Figure
    seconds: Duration


class SideRow(Record):
    """One experiment.

    Parameters
    ----------
    run : str
        Its run folder.
    data, backbone : str
        Names; empty where there is none.
    pictures : int, optional
        How many measured; None where nothing was.
    sign : str
        What stands in front of the winner.
    chance : float, optional
        Accuracy of always answering with the most common class.
    measured : mapping of str to SideCell
        By run.
    """

    run: str
    data: str
    fingerprint: str
    classes: Count
    pictures: Count | None
    split: SplitName
    backbone: str
    winner: str
    sign: str
    tied_with: tuple[str, ...]
    chance: Share | None
    measured: dict[str, SideCell]


class SideBySide(Record):
    """Several experiments.

    Parameters
    ----------
    strategies : tuple of str
        The columns: runs, in the order of the table of strategies.
    rows : tuple of SideRow
        The experiments.
    table : tuple of StrategyRecord
        The rows of that table that occur, in its order.
    """

    strategies: tuple[str, ...]
    rows: tuple[SideRow, ...]
    table: tuple[StrategyRecord, ...]

    @property
    def same_pictures(self) -> bool:
        """Whether all are of the same pictures and split, so that rows may be compared too."""
        return len({row.fingerprint for row in self.rows}) <= 1
