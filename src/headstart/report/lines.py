"""Lines of text with a role, measured in terminal cells: Hangul takes two, a joiner none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len, set_cell_size

Role = Literal["plain", "title", "heading", "winner", "tied", "faint", "warning"]

# What to draw instead where the terminal's encoding has no such signs.
_ASCII = str.maketrans(
    {
        "├": "|",
        "┤": "|",
        "─": "-",
        "━": "#",
        "●": "o",
        "✓": "*",
        "≈": "~",
        "·": "|",
        "…": "~",
        "–": "-",
        "→": ">",
        "×": "x",
    }
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text and what it is, so that whoever prints it can colour it."""

    text: str
    role: Role = "plain"


def in_ascii(text: str) -> str:
    """Return `text` with headstart's own drawing signs replaced by ASCII (names stay as they are)."""
    return text.translate(_ASCII)


def fit(text: str, cells: int, *, right: bool = False) -> str:
    """Return `text` in exactly so many cells: filled with spaces, or cut with an ellipsis."""
    free = cells - cell_len(text)
    if free < 0:
        return set_cell_size(set_cell_size(text, max(cells - 1, 0)).rstrip() + "…"[:cells], cells)
    return " " * free + text if right else text + " " * free


def shorten(text: str, cells: int) -> str:
    """Return a path or name in at most so many cells, the middle left out: its end tells most."""
    if cell_len(text) <= cells:
        return text
    head, tail = set_cell_size(text, cells // 3), text[-4 * max(cells, 1) :]  # of a very long one no more is asked
    while tail and cell_len(tail) > cells - cells // 3 - 1:
        tail = tail[1:]
    return f"{head}…{tail}"


def wrap(text: str, width: int, *, first: str = "", rest: str | None = None) -> list[str]:
    """Return `text` broken at spaces into lines of at most `width` cells.

    Parameters
    ----------
    text : str
    width : int
    first, rest : str
        What stands before the first and before every other line (by default as many spaces as `first`).
    """
    indent = " " * cell_len(first) if rest is None else rest
    lines, current = [], first
    for word in text.split():
        joined = current + word if current in (first, indent) else f"{current} {word}"
        if cell_len(joined) > width and current not in (first, indent):
            lines.append(current)
            joined = indent + word
        current = joined
    return [*lines, current]


def columns(rows: Sequence[Sequence[str]], *, right: Iterable[int] = ()) -> list[str]:
    """Return rows of equally many cells as lines with aligned columns; `right` ones are flush right."""
    flush = set(right)
    widths = [max(cell_len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            fit(cell, width, right=at in flush) for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def join_parts(parts: Sequence[str], width: int, *, indent: str = "") -> list[str]:
    """Return parts joined by a middle dot, as many to a line as fit; a part that is too long is wrapped."""
    lines, rest = [indent], " " * cell_len(indent)
    for part in parts:
        fresh = lines[-1] in (indent, rest)
        joined = lines[-1] + part if fresh else f"{lines[-1]} · {part}"
        if cell_len(joined) <= width:
            lines[-1] = joined
        elif fresh:
            lines[-1:] = wrap(part, width, first=lines[-1], rest=rest)
        else:
            lines += wrap(part, width, first=rest)
    return lines if parts else []
