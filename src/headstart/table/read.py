"""From whatever form the data has to a table."""

from __future__ import annotations

from pathlib import Path

from headstart.base.errors import DataError
from headstart.base.process import thread_budget
from headstart.records.progress import Progress
from headstart.table.folders import LAYOUTS, read_folder
from headstart.table.listing import missing_path
from headstart.table.lists import LIST_SUFFIXES, read_list
from headstart.table.table import Table


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
    path, number = Path(data), thread_budget(threads)
    if path.is_dir():
        return read_folder(path, threads=number, progress=progress)
    if not path.exists():
        raise missing_path(path)
    if path.suffix.lower() in LIST_SUFFIXES:
        return read_list(path, threads=number, progress=progress)
    raise DataError(
        f"'{path}' is neither a folder nor a list of pictures.",
        hint=f"Unpack archives first. {LAYOUTS} Lists end in {', '.join(LIST_SUFFIXES)}.",
    )
