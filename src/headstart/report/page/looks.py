"""How strategies and their runs look in drawings: their signs, dashes and colours come with the results."""

from __future__ import annotations

from headstart.records.results import Results
from headstart.records.run import RunId, RunRecord
from headstart.records.strategy import StrategyRecord
from headstart.report.page.svg import NEUTRAL, Look


def look_of(row: StrategyRecord | None) -> Look:
    """Return how a strategy is drawn; one that nobody knows is neutral."""
    return NEUTRAL if row is None else Look(sign=row.sign, dash=row.dash, colour=row.colour)


def run_look(results: Results, run: RunRecord) -> Look:
    """Return how a run is drawn: as its strategy, wherever the network is cut."""
    return look_of(results.strategy(run.strategy))


def named_look(results: Results, name: str) -> Look:
    """Return how the run called `name` is drawn, such as ``partial@layer3``."""
    return look_of(results.strategy(RunId.parse(name).strategy))
