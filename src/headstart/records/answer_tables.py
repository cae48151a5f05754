"""Answers as rows of a table: the same columns, whether a person reads them in a spreadsheet or a program elsewhere."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from headstart.base.cells import harmless, harmless_path
from headstart.base.ours import CSV_HEADER
from headstart.records.answers import Prediction
from headstart.records.results import Skipped

MARK = "\ufeff"  # the byte order mark, by which Excel knows that the letters are UTF-8
MANY_CLASSES = 50  # with more of them a row tells of the most probable ones only
FEW = 5

Row = Prediction | Skipped  # the second: a picture that could not be read, and why


@dataclass(frozen=True)
class Columns:
    """Which probabilities a row tells.

    Parameters
    ----------
    classes : tuple of str
    top : int
        Of how many classes, the most probable first; 0: of all, in their order.
    """

    classes: tuple[str, ...]
    top: int = 0

    @classmethod
    def usual(cls, classes: Sequence[str], *, every: bool = False) -> Columns:
        """Return the columns for so many classes: all, or the most probable ones if there are too many to look at."""
        return cls(tuple(classes), 0 if every or len(classes) <= MANY_CLASSES else FEW)

    @property
    def names(self) -> list[str]:
        """Of the columns that hold probabilities and, where not all classes have one, labels."""
        if not self.top:
            return [f"p_{name}" for name in self.classes]
        return [f"{what}_{place}" for place in range(2, self.top + 1) for what in ("label", "probability")]

    def values(self, row: Prediction) -> list[str | float]:
        """Return what stands in these columns."""
        if not self.top:
            return [float(row.probabilities[name]) for name in self.classes]
        following = list(row.probabilities.items())[1 : self.top]
        return [value for name, share in following for value in (name, float(share))]


def csv_header(columns: Columns) -> str:
    """Return the first line: path, label, probability, set, none_of_these, reason, and the columns for classes."""
    return csv_line([*CSV_HEADER.split(","), "reason", *columns.names])


def csv_row(row: Row, columns: Columns) -> str:
    r"""Return a row as a line of CSV; no cell is a formula.

    The classes of a set are divided by ``|``, which is ``\|`` within a name; a cell is empty where the classifier does
    not know. A picture that was not read has its reason and no answer.
    """
    if isinstance(row, Skipped):
        empty = [""] * len(columns.names)
        return csv_line([harmless_path(row.path), "", "", "", "", harmless(row.reason), *empty])
    members = harmless("|".join(name.replace("\\", "\\\\").replace("|", "\\|") for name in row.set or ()))
    none = "" if row.none_of_these is None else str(row.none_of_these).lower()
    rest = [harmless(value) if isinstance(value, str) else repr(value) for value in columns.values(row)]
    answer = [harmless_path(row.path), harmless(row.label), repr(float(row.probability)), members, none, ""]
    return csv_line([*answer, *rest])


def csv_rows(rows: Iterable[Row], columns: Columns) -> str:
    """Return several rows as lines of CSV."""
    return "".join(csv_row(row, columns) for row in rows)


def csv_line(cells: Sequence[str]) -> str:
    """Return cells as a line of CSV that ends with a line feed alone."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)  # so that a cell with either sign is put into quotes
    return text.getvalue().removesuffix("\r\n") + "\n"
