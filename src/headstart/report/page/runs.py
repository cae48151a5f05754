"""One page of several comparisons side by side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headstart.base.files import write_text
from headstart.report import standing
from headstart.report.page import svg
from headstart.report.page.rendering import render


def write_runs(found: Mapping[str, Any], path: Path) -> None:
    """Write what `report.side_by_side` found as a page of its own, durably.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    write_text(path, runs_page(found))


def runs_page(found: Mapping[str, Any]) -> str:
    """Return the page: a row for each run, a column for each strategy, all bars on one scale."""
    scale = svg.share_scale(
        (end for row in found["runs"] for cell in row["measured"].values() for end in cell["interval"] or ()),
        0.0,
        100.0,
    )
    rows = [
        {**row, "cells": [_cell(row, strategy, scale) for strategy in found["strategies"]]} for row in found["runs"]
    ]
    same = len({row["fingerprint"] for row in rows}) <= 1
    context = {"rows": rows, "strategies": found["strategies"], "same": same, "low": scale.low, "high": scale.high}
    return render("runs.html", context)


def _cell(row: Mapping[str, Any], strategy: str, scale: svg.Scale) -> dict[str, Any] | None:
    cell = row["measured"].get(strategy)
    if cell is None:
        return None
    mark = "tied" if strategy in row["tied_with"] else ""
    if strategy == row["winner"]:
        mark = "in doubt" if row["sign"] == standing.DOUBTFUL else "taken"
    return {**cell, "mark": mark, "bar": svg.interval_bar(cell["accuracy"], cell["interval"], scale, strategy=strategy)}
