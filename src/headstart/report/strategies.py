"""The table of strategies on a terminal: one row per run, the accuracy that decides with its interval as a bar."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len

from headstart.report import standing
from headstart.report.lines import Line, Role, fit, join_parts, shorten, wrap
from headstart.report.numbers import decimal, quantity, seconds_text
from headstart.report.standing import (
    DOUBTFUL,
    SAME,
    TAKEN,
    TIED,
    Results,
    Run,
    cut_of,
    deciding,
    measured_split,
    metrics_of,
    optimism,
    over_splits,
    ranked,
    splits_text,
)

_NARROWEST_BAR, _WIDEST_BAR = 10, 33
_MEANINGS = {
    TAKEN: "the verdict's choice",
    DOUBTFUL: "the verdict's choice, but in doubt: the verdict says why",
    TIED: "tied with it",
    SAME: "kept the head of another",
}
_ROLES: dict[str, Role] = {TAKEN: "winner", TIED: "tied", DOUBTFUL: "warning"}


def strategy_table(results: Results, *, width: int = 100) -> list[Line]:
    """Return one row per run, best first: accuracy, its interval as a bar, seconds, what was trained.

    The accuracy is the one that decided: over several splits, where there are any, and then that of the one split
    stands beside it. All bars stand on one scale, whose ends are written under them.
    """
    runs = ranked(results)
    if not runs:
        return []
    marks = standing.marks(results)
    cells = [_cells(results, run, marks.get(run["id"], " ")) for run in runs]
    heads = [" ", "strategy", "cut", "", *_aside(results), "seconds", "trained"]
    sizes = [max(cell_len(row[at]) for row in [*cells, heads]) for at in range(len(heads))]
    sizes[1], sizes[2] = min(sizes[1], 28), min(sizes[2], 16)
    between = 2 * len(sizes) - 1
    bar = min(width - sum(sizes) - between, _WIDEST_BAR)
    if bar < _NARROWEST_BAR:  # a very narrow terminal: the names give way first, then the bar
        sizes[1] = max(8, sizes[1] - (_NARROWEST_BAR - bar))
        bar = max(0, width - sum(sizes) - between)
    low, high = _scale([deciding(results, run) for run in runs])
    lines = [Line(_row([*heads[:3], _title(results, sizes[3] + 2 + bar), *heads[4:]], sizes, bar), "heading")]
    for run, row in zip(runs, cells, strict=True):
        drawn = interval_bar(deciding(results, run), low, high, bar)
        role = _ROLES.get(row[0], "plain")
        lines.append(Line(_row([*row[:3], f"{row[3]}  {drawn}", *row[4:]], sizes, bar), role))
    if bar >= _NARROWEST_BAR:
        lead = " " * (sum(sizes[:4]) + 7)
        lines.append(Line(f"{lead}{low:.2f}{f'{high:.2f}'.rjust(bar - 4)}", "faint"))
    return lines + _legend(results, set(marks.values()), width)


def interval_bar(metrics: Mapping[str, Any], low: float, high: float, cells: int) -> str:
    """Return ``├──●──┤`` on a scale from `low` to `high`, in so many cells."""
    accuracy = metrics.get("accuracy")
    if accuracy is None or cells < 1:
        return " " * max(cells, 0)
    ends = metrics.get("interval") or (accuracy, accuracy)

    def place(value: float) -> int:
        return min(max(round((value - low) / (high - low) * (cells - 1)), 0), cells - 1)

    left, right = place(ends[0]), place(ends[1])
    signs = [" "] * left + ["─"] * (right - left + 1) + [" "] * (cells - right - 1)
    signs[left], signs[right], signs[place(accuracy)] = "├", "┤", "●"
    return "".join(signs)


def _cells(results: Results, run: Run, mark: str) -> list[str]:
    single = decimal(metrics_of(run, measured_split(results)).get("accuracy"))
    return [
        mark,
        str(run["id"]),
        cut_of(run),
        decimal(deciding(results, run).get("accuracy")),
        *[single for _ in _aside(results)],
        seconds_text((run.get("seconds") or {}).get("total")),
        quantity((run.get("parameters") or {}).get("trained")),
    ]


def _aside(results: Results) -> list[str]:
    """Return the heading of the one split's accuracies, where others decide."""
    return [f"on {measured_split(results)}"] if over_splits(results) else []


def _row(cells: Sequence[str], sizes: Sequence[int], bar: int) -> str:
    mark, name, cut, accuracy, *numbers = cells
    parts = [fit(shorten(name, sizes[1]), sizes[1]), fit(cut, sizes[2]), fit(accuracy, sizes[3] + 2 + bar)]
    parts += [fit(number, size, right=True) for number, size in zip(numbers, sizes[4:], strict=True)]
    return f"{mark} {'  '.join(parts)}".rstrip()


def _title(results: Results, cells: int) -> str:
    """Return what the accuracy is of, as fully as there is room for."""
    measured = [metrics_of(run, measured_split(results)) for run in results["runs"]]
    n = next((metrics["n"] for metrics in measured if "n" in metrics), None)
    if over_splits(results):
        splits = splits_text(results)
        choices = [f"mean accuracy over {splits}", f"mean over {splits}", f"over {splits}", "mean"]
    elif n is None:
        choices = []
    else:
        pictures = f"{n:,} {measured_split(results)} pictures"
        choices = [f"accuracy on {pictures}", f"on {pictures}"]
    return next((text for text in choices if cell_len(text) <= cells), "accuracy")


def _scale(measured: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """Return the common scale of the bars: steps of 0.05 around all intervals, inside 0 and 1."""
    ends = [end for metrics in measured for end in metrics.get("interval") or ()]
    if not ends:
        return 0.0, 1.0
    low, high = math.floor(min(ends) * 20 + 1e-9) / 20, math.ceil(max(ends) * 20 - 1e-9) / 20
    return (low, high) if high > low else (max(0.0, low - 0.05), min(1.0, high + 0.05))


def _legend(results: Results, signs: set[str], width: int) -> list[Line]:
    split = measured_split(results)
    parts = [f"{sign} {meaning}" for sign, meaning in _MEANINGS.items() if sign in signs]
    parts.append("bars: 95 % intervals")
    if over_splits(results):
        parts.append(f"on {split}: the one split, which did not decide")
    if any(cut_of(run) == "stages" for run in results.get("runs", [])):
        parts.append("stages: the head reads several stages, not only the last features")
    lines = [Line(text, "faint") for text in join_parts(parts, width, indent="  ")]
    if any(metrics_of(run, split).get("used_for_choosing") for run in results.get("runs", [])):
        caution = f"These {split} pictures also chose the epoch or the settings: the accuracies are optimistic."
        caution = " ".join([caution, *optimism(results)])
        lines += [Line(text, "warning") for text in wrap(caution, width, first="! ", rest="  ")]
    return lines
