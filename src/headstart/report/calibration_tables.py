"""How sure the answers are, and how often that came true: rows and sentences for a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from headstart.report import standing
from headstart.report.numbers import decimal

USUAL = "0.95"

_SHARES = (
    "Calibration error: by how much stated shares and what came true of them differ, on average; before and after the "
    "temperature, and what luck alone would give with so many pictures if every share were true."
)
_SETS = (
    "A set holds every class that a picture may well be; the true class should be in it as often as stated. Where no "
    "class is sure enough the answer stands alone, so with easy pictures it is there more often."
)
_NONE = (
    "None of these: the share of held-out pictures that were taken for something else than was trained on, though they "
    "are of these classes; about 0.05 is meant."
)


class TextTable(NamedTuple):
    """Heads and rows of a table, and sentences below it; nothing is escaped."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str]


def tables(results: Mapping[str, Any]) -> list[TextTable]:
    """Return all runs beside each other at 95 %, and the winner at every level; nothing of results without these."""
    split, winner = standing.measured_split(results), (results.get("verdict") or {}).get("winner")
    runs = [(run["id"], standing.metrics_of(run, split)) for run in standing.ranked(results)]
    runs = [(name, metrics) for name, metrics in runs if metrics.get("calibration")]
    if not runs:
        return []
    found = [_runs(runs, split)]
    sets = next((metrics.get("sets") for name, metrics in runs if name == winner), None)
    if sets and any(_levels(sets).values()):
        found.append(_winner(sets, split))
    return found


def _runs(runs: Sequence[tuple[str, Mapping[str, Any]]], split: str) -> TextTable:
    heads = ["run", "error before", "after", "by luck", "in the 95 % set", "interval", "classes in it", "none of these"]
    rows, notes = [], [_SHARES, _SETS, _NONE]
    for name, metrics in runs:
        calibration, sets = metrics["calibration"], metrics.get("sets") or {}
        usual, none = sets.get(USUAL) or {}, metrics.get("none_of_these") or {}
        errors = [decimal(calibration.get(key)) for key in ("ece_before", "ece", "ece_if_true")]
        held = [decimal(usual.get("coverage")), _interval(usual.get("interval")), decimal(usual.get("mean_size"), 2)]
        rows.append([name, *errors, *held, decimal(none.get("share"))])
        if sets and not usual:
            notes.append(f"{name}: {without_sets(sets)}")
    return TextTable(heads, rows, [f"On {split} pictures. {notes[0]}", *notes[1:]])


def without_sets(sets: Mapping[str, Any]) -> str:
    """Return why there are no sets at 95 %."""
    unit = "pictures" if sets["units"] == sets["pictures"] else "groups of pictures"
    return f"no sets at 95 %, which need 19 training {unit} that it did not learn from; there were {sets['units']:,}."


def _winner(sets: Mapping[str, Any], split: str) -> TextTable:
    rows = []
    for level, reached in _levels(sets).items():
        known = reached or {}
        numbers = [decimal(known.get(key), digits) for key, digits in (("mean_size", 2), ("single", 3))]
        rows.append([level, decimal(known.get("coverage")), _interval(known.get("interval")), *numbers])
    heads = ["stated", f"reached on {split}", "interval", "classes in a set", "sets of one class"]
    return TextTable(
        heads, rows, [f"The sets of the winner, from {sets['pictures']:,} training pictures held out in turn."]
    )


def _levels(sets: Mapping[str, Any]) -> dict[str, Any]:
    return {level: reached for level, reached in sets.items() if level not in ("pictures", "units")}


def _interval(ends: Sequence[float] | None) -> str:
    return f"{decimal(ends[0])} to {decimal(ends[1])}" if ends else "–"
