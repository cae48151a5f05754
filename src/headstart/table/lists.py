"""Pictures in a list: CSV, TSV or Parquet with the columns path and label, optionally split and group."""

from __future__ import annotations

import csv
import os
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from headstart.base.cells import as_meant
from headstart.base.errors import DataError
from headstart.records.progress import Progress
from headstart.table.listing import Skipped, file_fault, suffix_fault
from headstart.table.table import SPLIT_NAMES, Row, Table, build_table, first_few

LIST_SUFFIXES = (".csv", ".tsv", ".parquet")
_COLUMNS = ("path", "label", "split", "group")
_ANSWERED = {"probability", "none_of_these"}  # beside path and label: a table that `predict` wrote
_SHAPE = "A list begins with the line: path,label (and split, group if wanted)."


def read_list(file: Path, *, threads: int = 1, progress: Progress | None = None) -> Table:
    """Return the table of a list; relative paths are relative to the list's folder.

    Raises
    ------
    DataError
        If a column is missing, a path occurs twice, a label is empty, a split is unknown, or more than
        5 % of the pictures are missing or unreadable.
    """
    root = file.parent
    rows: list[Row] = []
    skipped: list[Skipped] = []
    listed = [row._replace(path=_on_disk(root, row.path)) for row in read_rows(file)]
    check_once(file, [row.path for row in listed])
    for row in listed:
        fault = suffix_fault(row.path)
        reason = file_fault(root / row.path)
        if fault is None and reason is not None:
            fault = Skipped(row.path, reason)
        if fault is None:
            rows.append(row)
        else:
            skipped.append(fault)
    classes = {row.label for row in listed if row.split in ("train", "")}
    return build_table(root, rows, classes=classes, skipped=skipped, threads=threads, progress=progress)


def read_rows(file: Path) -> list[Row]:
    """Return the rows of a list as they stand there, with the names of the splits made plain.

    Raises
    ------
    DataError
        If the file cannot be read, a column is missing, or a cell is empty or unknown.
    """
    kind = file.suffix.lower()
    columns = _read_parquet(file) if kind == ".parquet" else _read_csv(file, "\t" if kind == ".tsv" else ",")
    for name in _COLUMNS[:2]:
        if name not in columns:
            has = first_few([f"'{column}'" for column in columns if column != _PLACE], 8) or "none"
            raise DataError(f"'{file}' has no column '{name}'; its columns are {has}.", hint=_SHAPE)
    if columns.keys() >= _ANSWERED:
        raise DataError(
            f"'{file}' holds what a classifier answered, not what the pictures show; nothing can be learned from that.",
            hint="Correct its labels where they are wrong, and keep the columns path and label only.",
        )
    places = columns[_PLACE]
    empty = [""] * len(places)
    paths, labels, splits, groups = (columns.get(name, empty) for name in _COLUMNS)
    for name, cells in (("path", paths), ("label", labels)):
        if "" in cells:
            raise DataError(
                f"'{file}' has an empty {name} in {places[cells.index('')]}.",
                hint=f"Fill in the {name}, or remove the line.",
            )
    splits = _plain_splits(file, splits, places)
    return [
        Row(Path(path).as_posix(), label, split, group)
        for path, label, split, group in zip(paths, labels, splits, groups, strict=True)
    ]


_PLACE = "\x00place"  # a column that no file can have: where each row stands


def _read_parquet(file: Path) -> dict[str, list[str]]:
    from headstart.table.parquet import read_text_columns

    columns = {name.strip().lower(): cells for name, cells in read_text_columns(file).items()}
    for name in set(columns) & {"label", "split", "group"}:
        columns[name] = [cell.strip() for cell in columns[name]]
    count = len(next(iter(columns.values()), []))
    return columns | {_PLACE: [f"row {number}" for number in range(1, count + 1)]}


def _read_csv(file: Path, delimiter: str) -> dict[str, list[str]]:
    """Return the columns of a CSV or TSV file by their names in small letters."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            first = stream.readline()
            if delimiter == "," and "," not in first and ";" in first:
                delimiter = ";"  # what spreadsheets write where the comma is the decimal sign
            stream.seek(0)
            reader = csv.reader(stream, delimiter=delimiter, skipinitialspace=True)
            lines = [(reader.line_num, cells) for cells in reader if cells]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"'{file}' cannot be read as a list ({error}).", hint="Save it as CSV in UTF-8.") from error
    header = [name.strip().lower() for name in lines[0][1]] if lines else []
    for number, cells in lines:
        if len(cells) != len(header):
            raise DataError(
                f"Line {number} of '{file}' has {len(cells)} cells where the first line has {len(header)}.",
                hint="Put names that hold the separator into double quotes.",
            )
    columns = {
        name: [cells[place] if name == "path" else as_meant(cells[place].strip()) for _, cells in lines[1:]]
        for place, name in enumerate(header)
    }
    return columns | {_PLACE: [f"line {number}" for number, _ in lines[1:]]}


def _plain_splits(file: Path, splits: Sequence[str], places: Sequence[str]) -> list[str]:
    """Return the splits as train, val, test; all empty is none assigned, some empty is an error."""
    some = any(splits)
    for split, place in zip(splits, places, strict=True):
        if some and split.lower() not in SPLIT_NAMES:
            raise DataError(
                f"'{file}' has the split '{split}' in {place}.",
                hint="A split is train, val or test, for every picture or for none.",
            )
    return [SPLIT_NAMES[split.lower()] if some else "" for split in splits]


def check_once(file: Path, paths: Sequence[str]) -> None:
    """Raise DataError if the list `file` names a path more than once."""
    twice = [f"'{path}'" for path, number in Counter(paths).items() if number > 1]
    if twice:
        raise DataError(
            f"'{file}' names {len(twice)} pictures more than once: {first_few(twice)}.",
            hint="Keep one line for each picture.",
        )


def _on_disk(root: Path, path: str) -> str:
    """Return `path` relative to `root` where it lies below, in the Unicode form of the name on disk."""
    if Path(path).is_absolute() and Path(path).is_relative_to(root.absolute()):
        path = Path(path).relative_to(root.absolute()).as_posix()
    forms = (path, *(unicodedata.normalize(form, path) for form in ("NFC", "NFD")))
    return next((form for form in forms if os.path.exists(root / form)), path)  # noqa: PTH110 - False for any bad name
