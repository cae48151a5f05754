"""One page of several comparisons side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from headstart.base.seals import write_sealed
from headstart.records.run import RunId
from headstart.records.side_by_side import SideBySide, SideCell, SideRow
from headstart.report import standing
from headstart.report.page import svg
from headstart.report.page.looks import look_of
from headstart.report.page.rendering import render
from headstart.report.page.svg import NEUTRAL, Look, Scale


@dataclass(frozen=True)
class _Cell:
    """What one run reached, what the verdict makes of it, and its bar."""

    reached: SideCell
    mark: str
    bar: Markup


@dataclass(frozen=True)
class _Row:
    """One comparison, and what each column's run reached in it."""

    of: SideRow
    cells: tuple[_Cell | None, ...]


def write_runs(found: SideBySide, path: Path) -> None:
    """Write what `report.side_by_side` found as a page of its own, durably.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    write_sealed(path, runs_page(found))


def runs_page(found: SideBySide) -> str:
    """Return the page: a row for each run folder, a column for each strategy, all bars on one scale."""
    ends = (end for row in found.rows for cell in row.measured.values() for end in cell.interval)
    scale, looks = svg.share_scale(ends, 0.0, 100.0), {row.name: look_of(row) for row in found.table}
    rows = [_Row(row, tuple(_cell(row, name, scale, looks) for name in found.strategies)) for row in found.rows]
    return render(
        "runs.html",
        rows=rows,
        strategies=found.strategies,
        same=found.same_pictures,
        low=scale.low,
        high=scale.high,
    )


def _cell(row: SideRow, name: str, scale: Scale, looks: Mapping[str, Look]) -> _Cell | None:
    reached = row.measured.get(name)
    if reached is None:
        return None
    look = looks.get(RunId.parse(name).strategy, NEUTRAL)
    mark = "tied" if name in row.tied_with else ""
    if name == row.winner:
        mark = "in doubt" if row.sign == standing.DOUBTFUL else "recommended"
    return _Cell(reached, mark, svg.interval_bar(reached.accuracy, reached.interval, scale, look))
