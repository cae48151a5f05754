"""The table of strategies on a terminal: one row per run, the accuracy that decides with its interval as a bar."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence

from rich.cells import cell_len

from headstart.records.record import Interval
from headstart.records.results import Results
from headstart.records.run import RunRecord
from headstart.report.lines import Line, Role, fit, join_parts, shorten, wrap
from headstart.report.numbers import decimal, quantity, seconds_text
from headstart.report.standing import (
    DOUBTFUL,
    SAME,
    TAKEN,
    TIED,
    LearnedFrom,
    Standing,
    chose_too,
    chosen_on,
    cut_of,
    learned_from,
    optimism,
)
from headstart.words import measured as sentences
from headstart.words.measured import splits_text

_NARROWEST_BAR, _WIDEST_BAR = 10, 33
_MEANINGS = {
    TAKEN: "recommended",
    DOUBTFUL: "recommended, but in doubt: the verdict says why",
    TIED: "tied: no clear difference from the most accurate",
    SAME: "same result as another strategy (training did not help)",
}
_ROLES: dict[str, Role] = {TAKEN: "winner", TIED: "tied", DOUBTFUL: "warning"}


def strategy_table(results: Results, *, width: int = 100) -> list[Line]:
    """Return one row per run, best first: accuracy, its interval as a bar, seconds, what was trained.

    The accuracy is the one that decided: over several splits, where there are any, and then that of the one split
    stands beside it. All bars stand on one scale, whose ends are written under them. A legend follows.
    """
    if not results.runs:
        return []
    standing = Standing.of(results)
    return [
        *table_of(standing, width=width),
        *_legend(standing, width, learned_from(results)),
        *_cautions(results, width),
    ]


def table_of(standing: Standing, *, width: int = 100) -> list[Line]:
    """Return titles, a row for each run, and the scale of the bars where there is room for it."""
    cells = [_cells(standing, run) for run in standing.runs]
    heads = [" ", "strategy", "cut", "", *_aside(standing), "time", "trained"]
    sizes = [max(cell_len(row[at]) for row in [*cells, heads]) for at in range(len(heads))]
    sizes[1], sizes[2] = min(sizes[1], 28), min(sizes[2], 16)
    bar = _room_for_bar(sizes, width)
    low, high = _scale(found.interval for run in standing.runs if (found := standing.deciding(run)))
    lines = [Line(_row([*heads[:3], _title(standing, sizes[3] + 2 + bar), *heads[4:]], sizes, bar), "heading")]
    for run, row in zip(standing.runs, cells, strict=True):
        found = standing.deciding(run)
        drawn = " " * bar if found is None else interval_bar(found.accuracy, found.interval, low, high, bar)
        lines.append(Line(_row([*row[:3], f"{row[3]}  {drawn}", *row[4:]], sizes, bar), _ROLES.get(row[0], "plain")))
    if bar >= _NARROWEST_BAR:
        lead = " " * (sum(sizes[:4]) + 7)
        lines.append(Line(f"{lead}{low:.2f}{f'{high:.2f}'.rjust(bar - 4)}", "faint"))
    return lines


def _room_for_bar(sizes: list[int], width: int) -> int:
    """Return the cells that are left for a bar; on a very narrow terminal the names give way first, then the bar."""
    between = 2 * len(sizes) - 1
    bar = min(width - sum(sizes) - between, _WIDEST_BAR)
    if bar < _NARROWEST_BAR:
        sizes[1] = max(8, sizes[1] - (_NARROWEST_BAR - bar))
        bar = max(0, width - sum(sizes) - between)
    return bar


def interval_bar(accuracy: float, interval: Interval | None, low: float, high: float, cells: int) -> str:
    """Return ``├──●──┤`` on a scale from `low` to `high`, in so many cells."""
    if cells < 1:
        return ""
    ends = interval or (accuracy, accuracy)

    def place(value: float) -> int:
        return min(max(round((value - low) / (high - low) * (cells - 1)), 0), cells - 1)

    left, right = place(ends[0]), place(ends[1])
    signs = [" "] * left + ["─"] * (right - left + 1) + [" "] * (cells - right - 1)
    signs[left], signs[right], signs[place(accuracy)] = "├", "┤", "●"
    return "".join(signs)


def _cells(standing: Standing, run: RunRecord) -> list[str]:
    decided, single = standing.deciding(run), standing.measured(run)
    return [
        standing.marks.get(run.id, " "),
        run.id,
        cut_of(run),
        decimal(None if decided is None else decided.accuracy),
        *[decimal(None if single is None else single.accuracy) for _ in _aside(standing)],
        seconds_text(run.seconds.total),
        quantity(run.parameters.trained),
    ]


def _aside(standing: Standing) -> list[str]:
    """Return the heading of the one split's accuracies, where others decide."""
    return [f"on {standing.measuring}"] if standing.splits else []


def _row(cells: Sequence[str], sizes: Sequence[int], bar: int) -> str:
    mark, name, cut, accuracy, *numbers = cells
    parts = [fit(shorten(name, sizes[1]), sizes[1]), fit(cut, sizes[2]), fit(accuracy, sizes[3] + 2 + bar)]
    parts += [fit(number, size, right=True) for number, size in zip(numbers, sizes[4:], strict=True)]
    return f"{mark} {'  '.join(parts)}".rstrip()


def _title(standing: Standing, cells: int) -> str:
    """Return what the accuracy is of, as fully as there is room for."""
    if standing.splits:
        splits = splits_text(standing.splits)
        choices = [f"mean accuracy over {splits}", f"mean over {splits}", f"over {splits}", "mean"]
    elif standing.pictures is None:
        choices = []
    else:
        pictures = f"{standing.pictures:,} {standing.measuring} pictures"
        choices = [f"accuracy on {pictures}", f"on {pictures}"]
    return next((text for text in choices if cell_len(text) <= cells), "accuracy")


def _scale(intervals: Iterable[Interval | None]) -> Interval:
    """Return the common scale of the bars: steps of 0.05 around all intervals, inside 0 and 1."""
    ends = [end for interval in intervals for end in interval or ()]
    if not ends:
        return 0.0, 1.0
    low, high = math.floor(min(ends) * 20 + 1e-9) / 20, math.ceil(max(ends) * 20 - 1e-9) / 20
    return (low, high) if high > low else (max(0.0, low - 0.05), min(1.0, high + 0.05))


def _legend(standing: Standing, width: int, learned: LearnedFrom | None) -> list[Line]:
    signs: Collection[str] = set(standing.marks.values())
    parts = [f"{sign} {meaning}" for sign, meaning in _MEANINGS.items() if sign in signs]
    parts.append("bar: 95 % interval, the likely accuracy on many more such pictures")
    parts.append("cut: where training starts")
    if any(cut_of(run) == "stages" for run in standing.runs):
        parts.append("stages: reads several stages, not only the last features")
    parts.append("trained: numbers learned from your pictures (k: thousand, M: million)")
    if learned is not None:
        parts.append(sentences.learned_from(learned.fewer, learned.pictures, learned.train))
    if standing.splits:
        parts.append(f"on {standing.measuring}: a single split, which did not decide")
    return [Line(text, "faint") for text in join_parts(parts, width, indent="  ")]


def _cautions(results: Results, width: int) -> list[Line]:
    if not chose_too(results):
        return []
    caution = " ".join([chosen_on(results), *optimism(results)])
    return [Line(text, "warning") for text in wrap(caution, width, first="! ", rest="  ")]
