"""What was not read, as lines: the first with their reasons, all else by kind."""

from __future__ import annotations

from collections.abc import Sequence

from headstart.records.results import Skipped
from headstart.report.lines import Line, Role, shorten, wrap
from headstart.words.skipped import not_read


def skipped_lines(skipped: Sequence[Skipped], *, width: int = 100, page: str = "") -> list[Line]:
    """Return the first three pictures that could not be read, with their reasons, and all else by kind."""
    lines = _faulty_lines([one for one in skipped if not one.kind], width=width, page=page)
    role: Role = "warning" if any(one.kind and one.picture for one in skipped) else "faint"
    told = not_read(one.kind for one in skipped)
    return lines + [Line(part, role) for part in wrap(told, width, rest="  ") if told]


def _faulty_lines(skipped: Sequence[Skipped], *, width: int, page: str) -> list[Line]:
    if not skipped:
        return []
    count = f"{len(skipped):,} file{'s' if len(skipped) != 1 else ''} skipped"
    why = f" ({page} says why)" if page and len(skipped) > 3 else ""
    lines = [Line(text) for text in wrap(f"{count}{why}:", width)]
    for one in skipped[:3]:
        text = f"{shorten(one.path, max(width // 2, 20))}: {one.reason}"
        lines += [Line(part, "faint") for part in wrap(text, width, first="  ", rest="    ")]
    if len(skipped) > 3:
        lines.append(Line(f"  … and {len(skipped) - 3:,} more", "faint"))
    return lines
