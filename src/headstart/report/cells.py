"""What Markdown is made of: texts that came from data, own markup around them, rows, intervals, p values.

`Marked` is the only text that is written as it is, and only the functions here make it: whatever else comes to
`joined` is escaped there. So a name can be forgotten, but it cannot become markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from headstart.base.signs import displayed
from headstart.report.numbers import decimal

# An underline inside a word means nothing, a tilde or an ampersand alone neither.
_SIGNS = re.compile(r"[\\`*\[\]<>|#]|(?<!\w)_|_(?!\w)|~(?=~)|(?<=~)~|&(?=#?\w+;)")
_OPENS = re.compile(r"(\d{1,9}(?=[.)](?:\s|$)))|(?=[-+](?:\s|$)|---|===)")  # a list, a rule, or a title above it


class Marked(str):
    """Text in Markdown: what came from data is escaped in it."""

    __slots__ = ()


def escaped(value: object) -> Marked:
    """Return any text so that Markdown shows it as it is, also inside a table; what is `Marked` stays."""
    if isinstance(value, Marked):
        return value
    text = _SIGNS.sub(r"\\\g<0>", displayed(str(value))).strip()
    opens = _OPENS.match(text)
    return Marked(f"{text[: opens.end()]}\\{text[opens.end() :]}" if opens else text)


def marked(template: str, *values: object, **named: object) -> Marked:
    """Return our own Markdown with values in it, as `str.format` puts them there, each escaped."""
    return Marked(template.format(*map(escaped, values), **{name: escaped(value) for name, value in named.items()}))


def listed(values: Iterable[object], between: str = ", ") -> Marked:
    """Return values, each escaped, one behind the other."""
    return Marked(between.join(map(escaped, values)))


def code(text: str) -> Marked:
    """Return a text as code inside a line, whatever it holds."""
    shown = displayed(text)
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    room = " " if shown.startswith("`") or shown.endswith("`") else ""
    return Marked(f"{fence}{room}{shown}{room}{fence}")


def code_block(text: str, language: str) -> list[Marked]:
    """Return one line of code as lines of its own, whatever it holds."""
    shown = displayed(text)
    fence = "`" * max(3, max(map(len, re.findall("`+", shown)), default=0) + 1)
    return [Marked(f"{fence}{language}"), Marked(shown), Marked(fence)]


def joined(lines: Iterable[str]) -> Marked:
    """Return lines one below the other; one that is not `Marked` is escaped."""
    return Marked("\n".join(map(escaped, lines)))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()) -> list[Marked]:
    """Return a Markdown table; a cell that is not `Marked` is escaped."""
    flush = set(right)
    rule = ["---:" if at in flush else "---" for at in range(len(heads))]
    return [Marked(f"| {listed(row, ' | ')} |") for row in [heads, map(Marked, rule), *rows]]


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
