"""The confusion matrix as a drawing that serves two classes as well as two hundred."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from headstart.report.page.svg import tag

Integers = NDArray[np.int64]

MOST_NUMBERED = 24  # classes of a matrix with numbers; more are drawn without, to be asked by pointer and by name
_SHADES = 6


def shade(count: int, of: int) -> int:
    """Return how dark a cell is, 0 (none) to 6 (all of the class), by the square root: few mistakes must show."""
    return 0 if not count or not of else max(1, min(_SHADES, round(_SHADES * (count / of) ** 0.5)))


def drawn(matrix: Integers, order: Integers) -> Markup:
    """Return a matrix of many classes as one path for each shade: a row for each true class, in the given order.

    Cells are one unit wide; ``data-order`` tells the page's script which class stands where.
    """
    ordered = matrix[np.ix_(order, order)]
    sizes, side = ordered.sum(axis=1), len(order)
    right: dict[int, list[str]] = {level: [] for level in range(1, _SHADES + 1)}
    wrong: dict[int, list[str]] = {level: [] for level in range(1, _SHADES + 1)}
    for truth, answer in zip(*np.nonzero(ordered), strict=True):
        level = shade(int(ordered[truth, answer]), int(sizes[truth]))
        (right if truth == answer else wrong)[level].append(f"M{answer} {truth}h1v1h-1z")
    paths = [
        tag("path", d="".join(cells), class_=f"{kind}{level}")
        for kind, levels in (("hit", right), ("miss", wrong))
        for level, cells in levels.items()
        if cells
    ]
    rim = tag("rect", x=0, y=0, width=side, height=side, class_="rim")
    cross = tag("path", d="", class_="cross")
    label = f"Confusion matrix of {side} classes. The list of confused pairs and the table of classes say the same."
    return tag(
        "svg", rim, *paths, cross,
        viewBox=f"-1 -1 {side + 2} {side + 2}", class_="matrix", role="img", aria_label=label,
        shape_rendering="crispEdges", data_order=" ".join(map(str, order.tolist())),
    )  # fmt: skip


def sparse(matrix: Integers) -> list[list[int]]:
    """Return the cells that are not empty as [truth, answer, count], for the page's script."""
    return [[int(t), int(a), int(matrix[t, a])] for t, a in zip(*np.nonzero(matrix), strict=True)]


@dataclass(frozen=True)
class Cell:
    """How many pictures of a class were given one answer, how dark that is drawn, and whether it is right."""

    count: int
    shade: int
    right: bool
    answer: str


@dataclass(frozen=True)
class NumberedRow:
    """One class of a small matrix, and how many pictures it has."""

    name: str
    of: int
    cells: tuple[Cell, ...]


def numbered(matrix: Integers, classes: Sequence[str]) -> tuple[NumberedRow, ...]:
    """Return a small matrix row by row."""
    return tuple(_numbered_row(row, at, classes) for at, row in enumerate(matrix))


def _numbered_row(row: Integers, at: int, classes: Sequence[str]) -> NumberedRow:
    of = int(row.sum())
    cells = (
        Cell(count=int(count), shade=shade(int(count), of), right=at == column, answer=classes[column])
        for column, count in enumerate(row)
    )
    return NumberedRow(name=classes[at], of=of, cells=tuple(cells))


def bar(share: float, class_: str) -> Markup:
    """Return a share as a bar as wide as its place."""
    rail = tag("rect", x="0", y="5", width="100%", height="8", rx="4", class_="trough")
    filled = tag(
        "rect", x="0", y="5", width=f"{100 * min(max(share, 0.0), 1.0):.2f}%", height="8", rx="4", class_=class_
    )
    return tag("svg", rail, filled, class_="bar", height="18", aria_hidden="true")
