"""The cache as lines: by kind with sums, or every entry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.cells import cell_len

from headstart.base.typed import program
from headstart.records.listing import CachedAbout, CacheEntry, CacheListing
from headstart.report.lines import Line, columns, shorten, wrap
from headstart.report.numbers import file_size

_PIXELS, _POOLED, _ACTIVATIONS = "decoded pictures", "features of pictures", "activations for partial training"
_KINDS = {"pixels": _PIXELS, "engines": "exported networks", "trainings": "trained classifiers"}


def kind_lines(found: CacheListing, *, width: int) -> list[Line]:
    """Return what the cache holds by kind, the largest first, its total against the limit, and what clears it."""
    if not found.entries:
        return _total("The cache is empty: ", found, width)
    groups: dict[tuple[str, str], list[CacheEntry]] = {}
    for entry in found.entries:
        groups.setdefault((entry.kind, _what(entry)), []).append(entry)
    largest = sorted(groups.items(), key=lambda group: -_bytes(group[1]))
    heads = ["kind", "what", "entries", "size", "last used (UTC)", "oldest"]
    rows = [[*name, f"{len(own):,}", file_size(_bytes(own)), _newest(own), _age(own)] for name, own in largest]
    table = columns([heads, *rows], right=(2, 3, 5))
    if max(map(cell_len, table)) > width:
        table = columns([[row[0], *row[2:4], row[5]] for row in [heads, *rows]], right=(1, 2, 3))
    kind, own = largest[0][0][0], program()
    ways = {
        "Clear one kind:": f"{own} cache clear {kind}",
        "Keep it smaller:": f"{own} cache limit 10GB",
        "See every entry:": f"{own} cache list --all",
    }
    told = [Line(table[0], "heading"), *map(Line, table[1:]), Line(""), *_total("", found, width)]
    return [*told, *(Line(f"{what:17}{typed}", "faint") for what, typed in ways.items())]


def entry_lines(found: CacheListing, *, width: int) -> list[Line]:
    """Return every entry of the cache: kind, size, last use, what it is; and the total against the limit."""
    if not found.entries:
        return _total("The cache is empty: ", found, width)
    rows = [
        [one.kind, file_size(one.bytes), one.used[:16].replace("T", " "), _told(one.about)] for one in found.entries
    ]
    heads = ["kind", "size", "last used (UTC)", "what"]
    room = max(width - sum(max(cell_len(row[at]) for row in [heads, *rows]) + 2 for at in range(3)), 20)
    table = columns([[*row[:3], shorten(row[3], room)] for row in [heads, *rows]], right=(1,))
    return [Line(table[0], "heading"), *map(Line, table[1:]), Line(""), *_total("", found, width)]


def _total(lead: str, found: CacheListing, width: int) -> list[Line]:
    text = f"{lead}{file_size(found.bytes)} of at most {file_size(found.limit)} in {found.folder}"
    return [Line(part) for part in wrap(text, width)]


def _what(entry: CacheEntry) -> str:
    """Return what a kind is; of features, those at a cut are told apart: they take the most room by far."""
    if entry.kind == "features":
        return _POOLED if entry.about.cut in (None, "pool") else _ACTIVATIONS
    return _KINDS.get(entry.kind, "")


def _bytes(entries: Sequence[CacheEntry]) -> int:
    return sum(entry.bytes for entry in entries)


def _newest(entries: Sequence[CacheEntry]) -> str:
    return max(entry.used for entry in entries)[:16].replace("T", " ")


def _age(entries: Sequence[CacheEntry]) -> str:
    """Return for how many days the one that was used longest ago has not been used."""
    oldest = datetime.fromisoformat(min(entry.used for entry in entries))
    days = max((datetime.now(UTC) - oldest).days, 0)
    return "today" if not days else "1 day" if days == 1 else f"{days:,} days"


def _told(about: CachedAbout) -> str:
    """Return in a few words which entry it is."""
    pictures = "? pictures" if about.pictures is None else f"{about.pictures:,} pictures"
    if about.backbone is not None and about.cut is None:
        return f"exported network {about.backbone}"
    if about.backbone is not None:
        view = "" if about.view in (None, "none") else f", augmented ({about.view})"
        return f"{about.backbone} at {about.cut}, {about.framing}{view}"
    if about.bundle is not None:
        return f"exported network of {about.bundle}"
    if about.strategy is not None:
        cut = f" from {about.cut}" if about.cut else ""
        return f"{about.strategy}{cut}, trained on {about.data} ({pictures})"
    return "?" if about.pictures is None else f"{pictures}, short side {about.short_side}"
