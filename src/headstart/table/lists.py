"""Pictures in a list: CSV, TSV or Parquet with the columns path and label, optionally split and group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from headstart.base.errors import DataError
from headstart.records.progress import Progress
from headstart.table.columns import COLUMNS, PLACE, filled, optional, read_columns
from headstart.table.kinds import NO_FILE, Skipped, fault_of
from headstart.table.places import located, what_it_is, where_they_are
from headstart.table.table import UNREADABLE_SHARE, Row, Table, build_table, counted, first_few, split_of

LIST_SUFFIXES = (".csv", ".tsv", ".parquet")
_ANSWERED = {"probability", "none_of_these"}  # beside path and label: a table that `predict` wrote
_SHAPE = "A list begins with the line: path,label (and split, group if wanted)."


def read_list(file: Path, *, threads: int = 1, progress: Progress | None = None) -> Table:
    """Return the table of a list; relative paths are relative to the list's folder.

    Raises
    ------
    DataError
        If a column is missing or there twice, a path occurs twice, a label is empty, a split is unknown, or more than
        5 % of the pictures are missing or unreadable.
    """
    root = file.parent
    written = read_rows(file, labels_are_new=True)
    listed = [
        row._replace(path=path) for row, path in zip(written, located(root, [row.path for row in written]), strict=True)
    ]
    check_once(file, [row.path for row in listed])
    faults = [fault_of(root / row.path, row.path, named=True) for row in listed]
    _check_found(file, written, faults)
    classes = {row.label for row in listed if row.split in ("train", "")}
    return build_table(
        root,
        [row for row, fault in zip(listed, faults, strict=True) if fault is None],
        classes=classes,
        skipped=[_told(fault) for fault in faults if fault is not None],
        threads=threads,
        progress=progress,
    )


def read_rows(file: Path, *, labels_are_new: bool = False) -> list[Row]:
    """Return the rows of a list as they stand there, with the names of the splits made plain and labels in NFC.

    Parameters
    ----------
    file : Path
    labels_are_new : bool
        Whether the labels make the classes, so that ``nan`` and the like are errors; else they repeat known classes.

    Raises
    ------
    DataError
        If the file cannot be read, a column is missing or there twice, or a cell is empty or unknown.
    """
    columns = read_columns(file)
    for name in COLUMNS[:2]:
        if name not in columns:
            has = first_few([f"'{column}'" for column in columns if column != PLACE], 8) or "none"
            raise DataError(f"'{file}' has no column '{name}'; its columns are {has}.", hint=_SHAPE)
    if columns.keys() >= _ANSWERED:
        raise DataError(
            f"'{file}' holds what a classifier answered, not what the pictures show; nothing can be learned from that.",
            hint="Correct its labels where they are wrong, and keep the columns path and label only.",
        )
    paths, labels = filled(file, "path", columns), filled(file, "label", columns, in_words=labels_are_new)
    splits, groups = (optional(name, columns) for name in COLUMNS[2:])
    splits = _plain_splits(file, splits, [str(place) for place in columns[PLACE]])
    return [
        Row(path if what_it_is(path) else Path(path).as_posix(), label, split, group)
        for path, label, split, group in zip(paths, labels, splits, groups, strict=True)
    ]


def _check_found(file: Path, rows: Sequence[Row], faults: Sequence[Skipped | None]) -> None:
    """Raise DataError if more than 5 % of the paths lead to no file, with why that may be."""
    missing = [
        row.path for row, fault in zip(rows, faults, strict=True) if fault is not None and fault.reason == NO_FILE
    ]
    if len(missing) > UNREADABLE_SHARE * len(rows):
        named = first_few([f"'{path}'" for path in missing])
        raise DataError(
            f"{len(missing):,} of {len(rows):,} pictures in '{file}' cannot be found, more than 5 %: {named}.",
            hint=where_they_are(file.parent, missing),
        )


def _told(fault: Skipped) -> Skipped:
    """Return the same entry; of a path that cannot lead to a file here, with what it is."""
    form = what_it_is(fault.path) if fault.reason == NO_FILE else ""
    return Skipped(fault.path, f"{NO_FILE} here: it is {form}") if form else fault


def _plain_splits(file: Path, splits: Sequence[str], places: Sequence[str]) -> list[str]:
    """Return the splits as train, val, test; all empty is none assigned, some empty is an error."""
    some = any(splits)
    for split, place in zip(splits, places, strict=True):
        if some and split_of(split) is None:
            raise DataError(
                f"'{file}' has the split '{split}' in {place}.",
                hint="A split is train, val or test, for every picture or for none.",
            )
    return [split_of(split) or "" for split in splits]


def check_once(file: Path, paths: Sequence[str]) -> None:
    """Raise DataError if the list `file` names a path more than once."""
    twice = [f"'{path}'" for path, number in Counter(paths).items() if number > 1]
    if twice:
        raise DataError(
            f"'{file}' names {counted(len(twice))} more than once: {first_few(twice)}.",
            hint="Keep one line for each picture.",
        )
