"""The columns of a list, whatever file they came in: names that are read one way only, and cells that say nothing."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from headstart.base.cells import as_meant
from headstart.base.errors import DataError
from headstart.table.names import MISSING, as_read, composed, is_blank
from headstart.table.table import first_few

COLUMNS = ("path", "label", "split", "group")
PLACE = "\x00place"  # a column that no file can have: where each row stands

_SEPARATORS = (",", "\t", ";")  # spreadsheets write the last where the comma is the decimal sign
_SAID = re.compile(r"\"?sep=(.)\"?[\r\n]*", re.IGNORECASE)  # Excel's own first line, which no reader shows

Cells = list[str | None]  # None: nothing is there, as a table file says it


def read_columns(file: Path) -> dict[str, Cells]:
    """Return the columns of a CSV, TSV or Parquet file by their names in small letters, and where each row stands.

    Raises
    ------
    DataError
        If the file cannot be read, or two columns have one name.
    """
    kind = file.suffix.lower()
    if kind == ".parquet":
        from headstart.table.parquet import read_text_columns

        named = read_text_columns(file)
        count = len(named[0][1]) if named else 0
        places = [f"row {number}" for number in range(1, count + 1)]
    else:
        named, places = _read_csv(file, "\t" if kind == ".tsv" else ",")
    columns = _by_name(file, named)
    for name in set(columns) & {"label", "split", "group"}:
        columns[name] = [None if cell is None else composed(cell.strip()) for cell in columns[name]]
    return columns | {PLACE: list(places)}


def _by_name(file: Path, named: Sequence[tuple[str, Cells]]) -> dict[str, Cells]:
    """Return the columns by the names that people read; two of one name that means something are an error."""
    written: dict[str, list[str]] = {}
    columns: dict[str, Cells] = {}
    for name, cells in named:
        plain = as_read(name) if as_read(name) in COLUMNS else name.strip().lower()
        written.setdefault(plain, []).append(name)
        columns[plain] = cells
    for plain in COLUMNS:
        if len(names := written.get(plain, [])) > 1:
            raise DataError(
                f"'{file}' has {len(names)} columns for the {plain}: {' and '.join(repr(name) for name in names)}.",
                hint="Keep the one that is right, and remove or rename the other.",
            )
    return columns


def _read_csv(file: Path, delimiter: str) -> tuple[list[tuple[str, Cells]], list[str]]:
    """Return the columns of a CSV or TSV file, and the line at which each row stands."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            written = stream.readlines()
        said = said_separator(written[0]) if written else ""
        begin = 1 if said else 0
        sign = said or separator(written, delimiter)
        reader = csv.reader(written[begin:], delimiter=sign, skipinitialspace=True)
        lines = [(begin + reader.line_num, cells) for cells in reader if cells]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"'{file}' cannot be read as a list ({error}).", hint="Save it as CSV in UTF-8.") from error
    header = lines[0][1] if lines else []
    for number, cells in lines:
        if len(cells) != len(header):
            raise DataError(
                f"Line {number} of '{file}' has {len(cells)} cells where the first line has {len(header)}.",
                hint="Put names that hold the separator into double quotes.",
            )
    columns: list[tuple[str, Cells]] = []
    for at, name in enumerate(header):
        meant = str if as_read(name) == "path" else as_meant  # a path needs no apostrophe to be harmless
        columns.append((name, [meant(cells[at]) for _, cells in lines[1:]]))
    return columns, [f"line {number}" for number, _ in lines[1:]]


def said_separator(line: str) -> str:
    """Return what a line such as ``sep=;``, which Excel writes first, says to divide the cells; else nothing."""
    said = _SAID.fullmatch(line)
    return said[1] if said else ""


def separator(written: Sequence[str], usual: str) -> str:
    """Return what divides the cells: the `usual` sign, unless the first line can only be read with another one."""
    first = next((line for line in written if line.strip()), "")

    def fits(sign: str) -> tuple[int, bool]:
        cells = next(csv.reader([first], delimiter=sign, skipinitialspace=True), [])
        return sum(as_read(cell) in COLUMNS for cell in cells), len(cells) > 1

    return max((usual, *_SEPARATORS), key=fits)


def filled(file: Path, name: str, columns: Mapping[str, Cells], *, in_words: bool = False) -> list[str]:
    """Return a column in which every cell must say something.

    Parameters
    ----------
    file, name, columns
        The list, which of its columns, and all of them.
    in_words : bool
        Whether what programs write for a missing value, such as ``nan``, says nothing either.

    Raises
    ------
    DataError
        If cells are empty, null or NaN; it names their rows.
    """
    cells, says_nothing = columns[name], _says_nothing if in_words else _is_empty
    gaps = [place for place, cell in zip(columns[PLACE], cells, strict=True) if says_nothing(cell)]
    if gaps:
        written = sorted({f"'{cell}'" for cell in cells if cell and says_nothing(cell) and not is_blank(cell)})
        held = f": {', '.join(written)} means a missing value" if written else ""
        named = f" If a {name} is really called so, give it another name." if written else ""
        raise DataError(
            f"'{file}' has an empty {name} in {first_few([str(place) for place in gaps])}{held}.",
            hint=f"Fill in the {name}, or remove the line{'s' if len(gaps) > 1 else ''}.{named}",
        )
    return [str(cell) for cell in cells]


def optional(name: str, columns: Mapping[str, Cells]) -> list[str]:
    """Return a column whose cells may be empty, or one of empty cells if it is not there.

    What programs write for a missing value is empty: else all such rows would become one group.
    """
    cells = columns.get(name) or [None] * len(columns[PLACE])
    return ["" if _says_nothing(cell) else str(cell) for cell in cells]


def _is_empty(cell: str | None) -> bool:
    return cell is None or is_blank(cell)


def _says_nothing(cell: str | None) -> bool:
    return cell is None or is_blank(cell) or unicodedata.normalize("NFKC", cell).strip().casefold() in MISSING
