"""Numbers as a person says them: durations, counts, sizes of files, shares."""

from __future__ import annotations


def seconds_text(seconds: float | None) -> str:
    """Return a duration as a person says it: ``1.2 s``, ``35 s``, ``4 min 05 s``, ``1 h 12 min``."""
    if seconds is None:
        return "–"
    if seconds < 2.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def quantity(number: float | None) -> str:
    """Return a count in three digits: ``512``, ``2.6 k``, ``11.2 M``, ``780 G``; nothing is a dash."""
    if not number:
        return "–"
    for unit, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= 0.9995 * size:
            value = number / size
            return f"{value:.1f} {unit}" if value < 99.95 else f"{value:.0f} {unit}"
    return f"{number:.0f}"


def file_size(nbytes: float) -> str:
    """Return bytes in three digits, as disks are sold: ``512 B``, ``2.6 kB``, ``20.0 GB``."""
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if nbytes >= 0.9995 * size:
            value = nbytes / size
            return f"{value:.1f} {unit}" if value < 99.95 else f"{value:.0f} {unit}"
    return f"{nbytes:.0f} B"


def decimal(value: float | None, digits: int = 3) -> str:
    """Return a number with fixed digits, a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"
