"""Paths in a list, one after the other: lines, names that end with a null byte, or the column ``path`` of a table."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from headstart.base.errors import DataError
from headstart.base.forms import EMPTY, HEAD, OTHER, TEXT, form_of
from headstart.table.columns import COLUMNS, said_separator, separator
from headstart.table.lists import LIST_SUFFIXES
from headstart.table.names import as_read

_PIECE = 1 << 16
_LONGEST = 1 << 15  # bytes of a path; what has more between two ends of lines is no list of paths
_PATH = COLUMNS[0]
_AS_LINES = "Give a text file with one path a line, or a CSV or Parquet file with a column 'path'."


def paths_in(file: Path) -> Iterator[str]:
    """Yield the paths that a list names, as they stand there; the list is never in memory as a whole.

    Raises
    ------
    DataError
        If it can't be read, or is no list of paths.
    """
    check_list(file)
    try:
        if file.suffix.lower() == ".parquet":
            yield from _of_parquet(file)
        elif file.suffix.lower() in LIST_SUFFIXES:
            yield from _of_table(file)
        else:
            yield from _of_text(file)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"The list '{file}' can't be read ({error}).", hint=_AS_LINES) from error


def check_list(file: Path) -> None:
    """Raise DataError if there is no file of that name."""
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "is not a file" if file.exists() else "does not exist"
        raise DataError(f"The list '{file}' {what}.", hint=_AS_LINES)


def paths_of(stream: BinaryIO, name: str) -> Iterator[str]:
    """Yield the paths of a stream: those that end with a null byte if there is one in its first piece, else lines.

    Parameters
    ----------
    stream : binary file
    name : str
        What it is called in messages, such as ``"stdin"``.
    """
    rest = first = stream.read(_PIECE)
    form = form_of(first[:HEAD])
    if form not in (TEXT, EMPTY, OTHER):  # names that end with a null byte are no text, and no known form
        raise DataError(f"{name[:1].upper()}{name[1:]} is {form.said}, not a list of paths.", hint=_AS_LINES)
    end = b"\0" if b"\0" in first else b"\n"
    number = 0
    while rest:
        *whole, rest = rest.split(end)
        for line in whole:
            number += 1
            if text := _plain(line, end, first=number == 1):
                yield text
        if len(rest) > _LONGEST:
            raise DataError(f"Line {number + 1:,} of {name} is too long for a path.", hint=_AS_LINES)
        more = stream.read(_PIECE)
        if not more:
            break
        rest += more
    if text := _plain(rest, end, first=number == 0):
        yield text


def _plain(line: bytes, end: bytes, *, first: bool) -> str:
    """Return a path as the system names it; bytes that are no UTF-8 come as they do from a folder."""
    if end == b"\n":
        line = line.removesuffix(b"\r")
        line = line.removeprefix(b"\xef\xbb\xbf") if first else line
    text = os.fsdecode(line)
    return text if text.strip() else ""


def _of_text(file: Path) -> Iterator[str]:
    with file.open("rb") as stream:
        yield from paths_of(stream, f"'{file}'")


def _of_table(file: Path) -> Iterator[str]:
    """Yield the column of a CSV or TSV file, whatever divides its cells."""
    with file.open(encoding="utf-8-sig", newline="", errors="surrogateescape") as stream:
        first = stream.readline()
        said = said_separator(first)
        header = stream.readline() if said else first
        sign = said or separator([header], "\t" if file.suffix.lower() == ".tsv" else ",")
        stream.seek(0)
        rows = (cells for cells in csv.reader(stream, delimiter=sign, skipinitialspace=True) if cells)
        if said:
            next(rows, None)
        at = _column(file, next(rows, []))
        for cells in rows:
            if len(cells) <= at:
                raise DataError(f"A line of '{file}' has no cell for the column '{_PATH}'.", hint=_AS_LINES)
            if cells[at].strip():
                yield cells[at]


def _of_parquet(file: Path) -> Iterator[str]:
    from headstart.table.parquet import text_column

    yield from (path for path in text_column(file, lambda names: names[_column(file, names)]) if path.strip())


def _column(file: Path, names: list[str]) -> int:
    found = [at for at, name in enumerate(names) if as_read(name) == _PATH]
    if len(found) != 1:
        listed = ", ".join(f"'{name}'" for name in names[:8]) or "none"
        said = "no column" if not found else "several columns"
        raise DataError(f"'{file}' has {said} '{_PATH}'; its columns are {listed}.", hint=_AS_LINES)
    return found[0]
