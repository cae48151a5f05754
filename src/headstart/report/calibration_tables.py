"""How sure the answers are, and how often that came true: rows and sentences for a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from headstart.records.metrics import Calibration, Metrics, SetCoverage, SetsMeasured, SplitName
from headstart.records.record import Interval
from headstart.records.results import Results
from headstart.report.numbers import decimal
from headstart.report.standing import Standing

USUAL = "0.95"

_SHARES = (
    "Calibration error: how far the stated probabilities are from what came true, on average (0.03: three points). It "
    "is given before and after their correction (by a temperature), and as luck alone would give it if all of "
    "them were true."
)
_SETS = (
    "A set holds every class that a picture may well be. The true class should be in it as often as stated; with easy "
    "pictures it is there more often, because the most probable class is always in the set."
)
_NONE = (
    "None of these: the share of held-out pictures that were mistaken for something unknown, though they are of these "
    "classes. About 0.05 is intended."
)


class TextTable(NamedTuple):
    """Heads and rows of a table, and sentences below it; nothing is escaped."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str]


def tables(results: Results) -> list[TextTable]:
    """Return all runs beside each other at 95 %, and the winner at every level; nothing of results without these."""
    found = []
    for run in Standing.of(results).runs:
        metrics = results.measured(run)
        if metrics is not None and metrics.calibration is not None:
            found.append((run.id, metrics, metrics.calibration))
    if not found:
        return []
    shown = [_runs(found, results.measuring)]
    sets = next((metrics.sets for name, metrics, _ in found if name == results.verdict.winner), None)
    if sets is not None and any(sets.levels.values()):
        shown.append(_winner(sets, results.measuring))
    return shown


def _runs(found: Sequence[tuple[str, Metrics, Calibration]], split: SplitName) -> TextTable:
    heads = [
        "run",
        "error before",
        "after",
        "by luck",
        "in the 95 % set",
        "95 % interval",
        "classes in it",
        "none of these",
    ]
    rows, notes = [], [_SHARES, _SETS, _NONE]
    for name, metrics, calibration in found:
        usual = None if metrics.sets is None else metrics.sets.levels.get(USUAL)
        none = metrics.none_of_these
        errors = [calibration.ece_before, calibration.ece, calibration.ece_if_true]
        rows.append([name, *map(decimal, errors), *_held(usual), decimal(None if none is None else none.share)])
        if metrics.sets is not None and usual is None:
            notes.append(f"{name}: {without_sets(metrics.sets)}")
    return TextTable(heads, rows, [f"On {split} pictures. {notes[0]}", *notes[1:]])


def _held(reached: SetCoverage | None) -> list[str]:
    """Return coverage, its interval, and how many classes a set has."""
    if reached is None:
        return ["–", "–", "–"]
    return [decimal(reached.coverage), _interval(reached.interval), decimal(reached.mean_size, 2)]


def without_sets(sets: SetsMeasured) -> str:
    """Return why there are no sets at 95 %."""
    unit = "pictures" if sets.units == sets.pictures else "groups of pictures"
    return (
        f"no sets at 95 %. They need 19 training {unit} that the classifier did not learn from; "
        f"there were {sets.units:,}."
    )


def _winner(sets: SetsMeasured, split: SplitName) -> TextTable:
    rows = [
        [level, *_held(reached), decimal(None if reached is None else reached.single)]
        for level, reached in sets.levels.items()
    ]
    heads = ["stated", f"reached on {split}", "95 % interval", "classes in a set", "sets of one class"]
    told = (
        f"The sets of the recommended strategy, from {sets.pictures:,} training pictures that it had not learned from."
    )
    return TextTable(heads, rows, [told])


def _interval(ends: Interval) -> str:
    return f"{decimal(ends[0])} to {decimal(ends[1])}"
