"""Class by class: how many are found, and what is mistaken for what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from headstart.evidence.mistakes import Integers, counted, seriated
from headstart.records.held_out import HeldOutAnswers
from headstart.records.record import Interval
from headstart.records.results import Results
from headstart.records.run import RunRecord
from headstart.report import standing
from headstart.report.page import matrices, svg
from headstart.report.page.looks import run_look
from headstart.report.page.svg import Scale

MOST_TAKEN = 2  # other classes that are named beside one


@dataclass(frozen=True)
class ClassRow:
    """One class: the share of its pictures that is found, of how many, and what it is mistaken for most often."""

    name: str
    recall: float | None
    ends: Interval | None
    bar: Markup
    n: int
    taken: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class ClassTable:
    """The classes, the least recognised first, and the confusion matrix in the form that fits its size.

    `unjudged`: which classes can't be judged, and why; `several`: more than one class is there.
    """

    rows: tuple[ClassRow, ...]
    small: tuple[matrices.NumberedRow, ...]
    large: Markup
    cells: list[list[int]]
    names: tuple[str, ...]
    macro_f1: float | None
    balanced: float | None
    unjudged: str
    several: bool


def class_table(results: Results, answers: HeldOutAnswers, run: RunRecord) -> ClassTable:
    """Return the table of classes, the least recognised first, and the confusion matrix."""
    found, matrix = results.measured(run), counted(answers, run.id)
    unknown = (None,) * len(matrix)
    recalls = unknown if found is None else found.per_class_recall
    limits = unknown if found is None else found.per_class_recall_intervals
    scale, look = Scale(0.0, 1.0, 0.0, 100.0), run_look(results, run)
    rows = [
        ClassRow(
            name=name,
            recall=recall,
            ends=ends,
            bar=svg.interval_bar(recall, ends, scale, look),
            n=int(row.sum()),
            taken=_taken(row, at, answers.classes),
        )
        for at, (name, row, recall, ends) in enumerate(zip(answers.classes, matrix, recalls, limits, strict=True))
    ]
    small = len(matrix) <= matrices.MOST_NUMBERED
    return ClassTable(
        rows=tuple(sorted(rows, key=lambda row: (row.recall is None, row.recall or 0.0))),
        small=matrices.numbered(matrix, answers.classes) if small else (),
        large=Markup("") if small else matrices.drawn(matrix, seriated(matrix)),
        cells=[] if small else matrices.sparse(matrix),
        names=answers.classes,
        macro_f1=None if found is None else found.macro_f1,
        balanced=None if found is None else found.balanced_accuracy,
        unjudged=standing.unjudged(results),
        several=not standing.unjudged_at_all(results),
    )


def _taken(row: Integers, own: int, classes: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    """Return the wrong answers for a class that are most frequent, with their counts."""
    wrong = np.where(np.arange(len(row)) == own, 0, row)
    return tuple((classes[k], int(wrong[k])) for k in np.argsort(-wrong, kind="stable")[:MOST_TAKEN] if wrong[k])
