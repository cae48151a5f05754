"""What is said of memory before it is taken."""

from __future__ import annotations

from headstart.records.findings import Finding
from headstart.words.numbers import counted, joined


def size_text(count: float) -> str:
    """Return for example "1.3 GB" or "40 MB"."""
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.0f} MB"


def will_take(what: str, needed: float, free: float | None) -> str:
    """Return for example "linear: solving takes up to 1.3 GB of memory (7.4 GB are free)"."""
    there = "" if free is None else f" ({size_text(free)} are free)"
    return f"{what}: solving takes up to {size_text(needed)} of memory{there}"


def too_large(what: str, pictures: int, needed: float, free: float) -> str:
    """Return why something is not begun."""
    return (
        f"{what} would need up to {size_text(needed)} of memory for {counted(pictures, 'picture')}; "
        f"{size_text(free)} are free."
    )


def curve_left_out(needed: float, free: float) -> str:
    """Return why nobody is told what more pictures would bring."""
    return (
        f"learning curve: left out, because it would need up to {size_text(needed)} of memory and only "
        f"{size_text(free)} are free"
    )


def readouts_left_out(readouts: list[str], needed: float, free: float) -> Finding:
    """Tell that a head read less of the network than was asked for, because memory was short."""
    return Finding(
        code="readout-left-out",
        numbers={"needed": needed, "free": free},
        text=(
            f"The readout {joined(readouts)} was not tried: solving a head on it would need up to {size_text(needed)} "
            f"of memory, and {size_text(free)} were free."
        ),
    )
