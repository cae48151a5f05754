"""What an export or its verification found, as lines for a terminal."""

from __future__ import annotations

from pathlib import Path

from headstart.records.exported import Agreement, Parity
from headstart.report.lines import Line, shorten, wrap
from headstart.words.eight_bits import what_it_costs


def export_lines(parity: Parity, place: str, *, width: int) -> list[Line]:
    """Return what was written and how it was proven.

    Parameters
    ----------
    parity : Parity
    place : str
        The file, as it is typed.
    width : int
    """
    lines = [*_found(parity, width), *_cost(parity)]
    if Path(parity.file).suffix == ".html":
        return [*lines, Line(f"Written: {place}. Open it in a browser: it needs no network.")]
    told = f"Written: {place}, with {Path(place).stem}.parity.json and {Path(place).stem}.card.md"
    return [*lines, Line(told)]


def verify_lines(parity: Parity, *, width: int) -> list[Line]:
    """Return how far an exported file and its bundle agree, and where they do not."""
    lines = _found(parity, width)
    for agreement in (parity.on_squares, parity.from_files):
        if agreement is not None and not agreement.agrees:
            lines += [
                Line(
                    f"  {shorten(one.path, max(width // 3, 16))}  bundle {one.bundle}, exported {one.exported} "
                    f"({one.difference:.2g} apart)"
                )
                for one in agreement.worst_pictures
            ]
    lines += [Line(f"! '{path}' cannot be read", "warning") for path in parity.unread[:5]]
    if parity.facts.eight_bits:
        told = (
            "With 8 bits some answers differ, most of them near a tie: that is told, and not held against the file. "
            "What it costs in accuracy stands in the card beside it."
        )
    elif parity.agrees:
        told = "They agree."
    else:
        told = "They do not agree. Use the bundle, or export it again where it is used: headstart export."
    return [*lines, *(Line(part) for part in wrap(told, width))]


def _found(parity: Parity, width: int) -> list[Line]:
    bits = parity.facts.eight_bits
    count = parity.on_squares.pictures
    lines = [Line(f"Run beside the bundle on {count:,} picture{'' if count == 1 else 's'}:", "title")]
    lines += _agreed("on equal squares", parity.on_squares, bounded=not bits)
    if parity.from_files is not None:
        lines += _agreed("from file to answer", parity.from_files, bounded=not bits)
    if parity.at_full_size is not None:
        lines += _agreed("large JPEGs in full", parity.at_full_size, bounded=False)
    del width
    return lines


def _agreed(asked: str, found: Agreement, *, bounded: bool) -> list[Line]:
    """Return one line; where nothing is bounded it only tells."""
    told = f"{found.same:,} of {found.pictures:,} answers the same"
    told += f", {found.ties} tied" if found.ties else ""
    told += f", {found.other} other sets" if found.other else ""
    apart = f"probabilities at most {found.worst:.2g} apart"
    allowed = f" ({found.bound:g} is allowed)" if bounded else ""
    sign = ("✓" if found.agrees else "!") if bounded else "·"
    return [Line(f"{sign} {asked:<20} {told} · {apart}{allowed}", "warning" if sign == "!" else "plain")]


def _cost(parity: Parity) -> list[Line]:
    return [] if parity.drop is None else [Line(f"{what_it_costs(parity.drop)}.")]
