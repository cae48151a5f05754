"""Answers for pictures as a table that spreadsheets, pandas and headstart itself read."""

from __future__ import annotations

from headstart.records.answer_tables import MARK, Columns, csv_header, csv_rows
from headstart.records.answers import Predictions


def answers_csv(found: Predictions) -> str:
    """Return answers as CSV: path, label, probability, set, none_of_these, reason, and ``p_<class>`` for each class.

    A picture that was not read has a row too, with the reason and no answer. No cell is a formula.
    """
    columns = Columns(found.classes or tuple(found.rows[0].probabilities if found.rows else ()))
    return MARK + csv_header(columns) + csv_rows(found.rows, columns) + csv_rows(found.unread, columns)
