"""Split files: which picture is in which split, kept as Parquet and applied by path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from headstart.base.errors import DataError
from headstart.table.listing import missing_path
from headstart.table.lists import LIST_SUFFIXES, check_once, read_rows
from headstart.table.names import composed
from headstart.table.places import located
from headstart.table.table import Row, Table, counted, first_few


def write_split(table: Table, file: Path) -> None:
    """Write path, label, split and group of every picture to a Parquet file, durably.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    from headstart.table.parquet import write_text_columns

    columns = {
        "path": list(table.paths),
        "label": [table.classes[label] for label in table.labels],
        "split": table.splits.tolist(),
        "group": table.groups.tolist(),
    }
    write_text_columns(file, columns)


def apply_split_file(table: Table, file: Path) -> Table:
    """Return the table with the splits, and where it has none of its own the groups, of a split file.

    Rows are matched by path, and every picture must have one. A row whose picture the table lists as
    skipped is passed over.

    Parameters
    ----------
    table : Table
    file : Path
        Written by `write_split`, or a list of the same columns (CSV, TSV, Parquet).

    Raises
    ------
    DataError
        If pictures are missing in the file or in the table, labels differ or a split is missing.
    """
    if not file.exists():
        raise missing_path(file)
    if file.suffix.lower() not in LIST_SUFFIXES:
        raise DataError(f"'{file}' is not a split file.", hint=f"Give a file that ends in {', '.join(LIST_SUFFIXES)}.")
    rows = {row.path: row for row in named_rows(table, file, _rows_with_split(file))}
    _check_same_pictures(table, file, set(rows))
    ordered = [rows[path] for path in table.paths]
    _check_same_labels(table, file, ordered)
    groups = [own or row.group for own, row in zip(table.groups.tolist(), ordered, strict=True)]
    return replace(
        table,
        splits=np.array([row.split for row in ordered], dtype=np.str_),
        groups=np.array(groups, dtype=np.str_),
    )


def named_rows(table: Table, file: Path, rows: Sequence[Row]) -> list[Row]:
    """Return rows with their paths as the table has them: found as those of a list are, or equal in NFC."""
    known = {*table.paths, *(entry.path for entry in table.skipped)}
    composed_paths = {composed(path): path for path in table.paths}
    found = [row.path for row in rows]
    if not known.issuperset(found):
        found = [
            path if path in known else composed_paths.get(composed(place), composed_paths.get(composed(path), path))
            for path, place in zip(found, located(table.root, found), strict=True)
        ]
        check_once(file, found)
    return [row._replace(path=path) for row, path in zip(rows, found, strict=True)]


def _rows_with_split(file: Path) -> list[Row]:
    rows = read_rows(file)
    if not all(row.split for row in rows):
        raise DataError(
            f"'{file}' has no column 'split' or leaves it empty.",
            hint="A split file gives train, val or test for every path.",
        )
    check_once(file, [row.path for row in rows])
    return rows


def _check_same_pictures(table: Table, file: Path, listed: set[str]) -> None:
    hint = "Use the split file of these pictures, or leave the split file out for a new split."
    absent = sorted(set(table.paths) - listed)
    if absent:
        raise DataError(
            f"{counted(len(absent))} of '{table.root}' missing from '{file}': "
            + first_few([f"'{path}'" for path in absent])
            + ".",
            hint=hint,
        )
    skipped = {skipped.path for skipped in table.skipped}
    unknown = sorted(listed - set(table.paths) - skipped)
    if unknown:
        raise DataError(
            f"'{file}' names {counted(len(unknown))} that '{table.root}' does not have: "
            + first_few([f"'{path}'" for path in unknown])
            + ".",
            hint=hint,
        )


def _check_same_labels(table: Table, file: Path, rows: list[Row]) -> None:
    own = [table.classes[label] for label in table.labels]
    other = [
        f"'{row.path}' ('{row.label}' there, '{label}' here)"
        for row, label in zip(rows, own, strict=True)
        if row.label != composed(label).strip()
    ]
    if other:
        raise DataError(
            f"{len(other)} pictures have another label in '{file}': {first_few(other)}.",
            hint="Use the split file of these pictures, or correct its labels.",
        )
