"""Which pictures there are: paths, labels, groups and splits, from whatever form the data has.

Each name is imported when it is first used: one picture is answered by a fraction of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.base.lazy import lazily

if TYPE_CHECKING:
    from headstart.table.copies import warn_of_copies
    from headstart.table.download import DATA_SETS, DataSet, fetch_archive
    from headstart.table.kinds import PICTURE_SUFFIXES, Skipped
    from headstart.table.listing import list_pictures
    from headstart.table.lists import read_rows
    from headstart.table.read import read_table
    from headstart.table.solar import solar_cells
    from headstart.table.split_files import apply_split_file, write_split
    from headstart.table.splits import folds, group_ids, growing_parts, hold_out, some_of, with_splits
    from headstart.table.table import (
        SPLITS,
        UNREADABLE_SHARE,
        Row,
        Table,
        build_table,
        check_trainable,
        counted,
        tell_findings,
        tell_skipped,
    )

__all__ = [
    "DATA_SETS",
    "PICTURE_SUFFIXES",
    "SPLITS",
    "UNREADABLE_SHARE",
    "DataSet",
    "Row",
    "Skipped",
    "Table",
    "apply_split_file",
    "build_table",
    "check_trainable",
    "counted",
    "fetch_archive",
    "folds",
    "group_ids",
    "growing_parts",
    "hold_out",
    "list_pictures",
    "read_rows",
    "read_table",
    "solar_cells",
    "some_of",
    "tell_findings",
    "tell_skipped",
    "warn_of_copies",
    "with_splits",
    "write_split",
]

_HOMES = {
    "warn_of_copies": "copies",
    "DATA_SETS": "download",
    "DataSet": "download",
    "fetch_archive": "download",
    "PICTURE_SUFFIXES": "kinds",
    "Skipped": "kinds",
    "list_pictures": "listing",
    "read_rows": "lists",
    "read_table": "read",
    "solar_cells": "solar",
    "apply_split_file": "split_files",
    "write_split": "split_files",
    "folds": "splits",
    "group_ids": "splits",
    "growing_parts": "splits",
    "hold_out": "splits",
    "some_of": "splits",
    "with_splits": "splits",
    "SPLITS": "table",
    "UNREADABLE_SHARE": "table",
    "Row": "table",
    "Table": "table",
    "build_table": "table",
    "check_trainable": "table",
    "counted": "table",
    "tell_findings": "table",
    "tell_skipped": "table",
}

__getattr__, __dir__ = lazily(__name__, {name: f"{__name__}.{home}" for name, home in _HOMES.items()})
