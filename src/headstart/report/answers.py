"""Answers for pictures as a table that spreadsheets, pandas and headstart itself read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from headstart.base.cells import harmless, harmless_path
from headstart.base.outputs import CSV_HEADER
from headstart.records.answers import Prediction, Predictions

_MARK = "\ufeff"  # the byte order mark, by which Excel knows that the letters are UTF-8


def answers_csv(found: Predictions) -> str:
    """Return answers as CSV: path, label, probability, set, none_of_these, reason, and ``p_<class>`` for each class.

    The classes of a set are divided by ``|``; a cell is empty where the classifier does not know. A picture that was
    not read has a row too, with the reason and no answer. No cell is a formula.
    """
    classes = found.classes or tuple(found.rows[0].probabilities if found.rows else ())
    empty = [""] * len(classes)
    rows = [
        [*CSV_HEADER.split(","), "reason", *(f"p_{name}" for name in classes)],
        *(_cells(row, classes) for row in found.rows),
        *([harmless_path(one.path), "", "", "", "", harmless(one.reason), *empty] for one in found.unread),
    ]
    return _MARK + "".join(map(_line, rows))


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)  # so that a cell with either sign is put into quotes
    return text.getvalue().removesuffix("\r\n") + "\n"


def _cells(row: Prediction, classes: Iterable[str]) -> list[str]:
    members = harmless("|".join(row.set or ()))
    none = "" if row.none_of_these is None else str(row.none_of_these).lower()
    chances = [repr(float(row.probabilities[name])) for name in classes]
    return [harmless_path(row.path), harmless(row.label), repr(float(row.probability)), members, none, "", *chances]
