"""What Markdown tables are made of: escaped texts, rows, intervals, p values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from headstart.report.lines import clean
from headstart.report.numbers import decimal

_SIGNS = re.compile(r"[\\`*\[\]<>|#]|(?<!\w)_|_(?!\w)")  # an underline inside a word means nothing


def escaped(value: object) -> str:
    """Return any text so that Markdown shows it as it is, also inside a table."""
    return _SIGNS.sub(r"\\\g<0>", clean(str(value)))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()) -> list[str]:
    """Return a Markdown table; the cells must be escaped already."""
    flush = set(right)
    rule = ["---:" if at in flush else "---" for at in range(len(heads))]
    return ["| " + " | ".join(row) + " |" for row in [heads, rule, *rows]]


def interval(ends: Sequence[float] | None, *, signed: bool = False) -> str:
    """Return for example ``0.803 to 0.912``."""
    if not ends:
        return "–"
    low, high = (with_sign(end) if signed else decimal(end) for end in ends)
    return f"{low} to {high}"


def probability(p: float | None) -> str:
    """Return a p value with the digits it deserves."""
    if p is None:
        return "–"
    return f"{p:.2f}" if p >= 0.0995 else f"{p:.3f}" if p >= 0.001 else "< 0.001"


def with_sign(value: float | None) -> str:
    """Return a difference with its sign."""
    return "–" if value is None else f"{value:+.3f}"
