"""Answers for a few pictures as lines, aligned for the eye."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from headstart.records.answers import Prediction
from headstart.report.lines import Line, fit, shorten
from headstart.words.answers import doubt


def prediction_lines(rows: Sequence[Prediction], *, width: int) -> list[Line]:
    """Return one line per picture: path, answer, its probability as number and bar, and where it is not sure.

    Not sure: the 95 % set holds other classes too, or the picture is like none that was trained on.
    """
    if not rows:
        return []
    label = min(max(cell_len(row.label) for row in rows), 30)
    bar = 10 if 80 <= width < 1000 else 0  # a program that reads the lines needs no picture
    doubts = [doubt(row) for row in rows]
    room = min(max(map(cell_len, doubts)), max(width // 4, 14))
    path = min(max(cell_len(row.path) for row in rows), max(width - label - bar - 11 - (room + 2 if room else 0), 12))
    lines = []
    for row, other in zip(rows, doubts, strict=True):
        filled = round(row.probability * bar)
        drawn = "  " + "━" * filled + "─" * (bar - filled) if bar else ""
        name = fit(shorten(row.path, path), path)
        said = f"{name}  {fit(shorten(row.label, label), label)}  {row.probability:.3f}{drawn}"
        lines.append(Line(f"{said}  {shorten(other, room)}" if other else said))
    return lines
