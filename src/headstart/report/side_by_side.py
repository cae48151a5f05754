"""Several run folders beside each other: data sets or networks in rows, strategies in columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from headstart.records.results import Results
from headstart.records.side_by_side import SideBySide, SideCell, SideRow
from headstart.report import standing
from headstart.report.lines import Line, columns, shorten, wrap
from headstart.report.numbers import decimal


def side_by_side(experiments: Mapping[str, Results]) -> SideBySide:
    """Return what several experiments found, by the name of their run folder.

    The columns are the runs that were measured, in the order of the table of strategies; several depths of one
    strategy follow each other.
    """
    rows = tuple(_row(name, results) for name, results in experiments.items())
    order = merged([one.name for one in results.strategies] for results in experiments.values())
    met = {run.id: run.strategy for results in experiments.values() for run in results.runs if results.measured(run)}
    known = {one.name: one for results in experiments.values() for one in results.strategies}
    return SideBySide(
        strategies=tuple(sorted(met, key=lambda name: order.index(met[name]))),
        rows=rows,
        table=tuple(known[name] for name in order),
    )


def merged(lists: Iterable[Sequence[str]]) -> list[str]:
    """Return names of several lists that are parts of one order, each once, in that order as far as they tell it."""
    rest, found = [list(one) for one in lists if one], list[str]()
    while rest:
        behind = {name for one in rest for name in one[1:]}
        name = next((one[0] for one in rest if one[0] not in behind), rest[0][0])
        found.append(name)
        rest = [left for one in rest if (left := [other for other in one if other != name])]
    return found


def _row(name: str, results: Results) -> SideRow:
    decision, measured, pictures = results.verdict, dict[str, SideCell](), None
    for run in results.runs:
        found = results.measured(run)
        if found is not None:
            pictures = found.n
            measured[run.id] = SideCell(
                accuracy=found.accuracy, interval=found.interval, loss=found.loss, seconds=run.seconds.total
            )
    return SideRow(
        run=name,
        data=results.data.title or results.data.name,
        fingerprint=results.data.fingerprint,
        classes=len(results.data.classes),
        pictures=pictures,
        split=results.measuring,
        backbone="" if results.backbone is None else results.backbone.name,
        winner=decision.winner,
        sign=standing.marks(decision)[decision.winner],
        tied_with=decision.tied_with,
        chance=standing.chance_accuracy(results),
        measured=measured,
    )


def side_lines(found: SideBySide, *, width: int = 100) -> list[Line]:
    """Return the comparison as a table: a tick before the recommended run of each row, a wave before its equals."""
    rows = [
        [
            shorten(row.run, 24),
            "–" if row.pictures is None else f"{row.pictures:,}",
            shorten(row.backbone or "–", 22),
            *(_cell(row, strategy) for strategy in found.strategies),
        ]
        for row in found.rows
    ]
    table = columns([["run", "pictures", "network", *found.strategies], *rows], right=(1,))
    doubt = " (? in doubt)" if any(row.sign == standing.DOUBTFUL for row in found.rows) else ""
    notes = f"✓ recommended{doubt} · ≈ tied: no clear difference · accuracies on held-out pictures"
    lines = [Line(table[0], "heading"), *map(Line, table[1:]), Line("")]
    return lines + [Line(part, "faint") for part in wrap(f"{notes}. {_alike(found)}", width)]


def _cell(row: SideRow, strategy: str) -> str:
    found = row.measured.get(strategy)
    if found is None:
        return "–"
    mark = row.sign if strategy == row.winner else standing.TIED if strategy in row.tied_with else " "
    return f"{mark} {decimal(found.accuracy)}"


def _alike(found: SideBySide) -> str:
    """Return whether the accuracies can be held against each other."""
    if found.same_pictures:
        return "All runs used the same pictures and split."
    return "The runs used different pictures: compare the strategies within a row, not the rows."
