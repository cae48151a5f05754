"""From whatever form the data has to a table."""

from __future__ import annotations

from pathlib import Path

from headstart.base.errors import DataError
from headstart.base.process import thread_budget
from headstart.records.progress import Progress
from headstart.table.folders import read_folder
from headstart.table.kinds import form_at
from headstart.table.layouts import LAYOUTS
from headstart.table.listing import missing_path
from headstart.table.lists import LIST_SUFFIXES, read_list
from headstart.table.places import given_path
from headstart.table.table import Table

_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")


def read_table(data: str | Path, *, threads: int | None = None, progress: Progress | None = None) -> Table:
    """Return the table of pictures in `data`.

    Parameters
    ----------
    data : path
        A folder with ``train/``, ``val/`` and ``test/`` (also ``validation``, ``valid``), a single folder
        of class folders, or a list (CSV, TSV, Parquet) with the columns path, label and, if wanted,
        split and group; its relative paths are relative to its own folder.
    threads : int, optional
        How many files are read at a time; None: as many as there are processors.
    progress : Progress, optional
        A listener.

    Raises
    ------
    DataError
        If nothing usable is there; the message names what is wrong and where.
    """
    path, number = given_path(data), thread_budget(threads)
    if path.is_dir():
        return read_folder(path, threads=number, progress=progress)
    if not path.exists():
        raise missing_path(path)
    if path.suffix.lower() in LIST_SUFFIXES:
        return read_list(path, threads=number, progress=progress)
    raise DataError(
        f"'{path}' is neither a folder nor a list of pictures: {_said(path)}.",
        hint=f"{_way_out(path)} {LAYOUTS} Lists end in {', '.join(LIST_SUFFIXES)}.",
    )


def _said(path: Path) -> str:
    """Return what a file is."""
    try:
        return f"it is {form_at(path).said}"
    except OSError as error:
        return f"it cannot be opened ({error.strerror or error})"


def _way_out(path: Path) -> str:
    """Return what to do with a file that is no list."""
    if path.suffix.lower() in (".xlsx", ".xls", ".ods"):
        return "Save the sheet as CSV, and give that."
    if path.suffix.lower() in _ARCHIVES or "archive" in _said(path):
        return "Unpack the archive, and give the folder."
    return "Give the folder that holds the pictures, or a list."
