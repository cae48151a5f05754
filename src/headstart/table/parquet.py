"""Tables of the user in Parquet: columns of text in and out. Imported late, for pyarrow takes its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from headstart.base.errors import DataError
from headstart.base.files import durable_writer


def read_text_columns(file: Path) -> dict[str, list[str]]:
    """Return all columns of a Parquet file as text; nothing (null) becomes the empty text.

    Raises
    ------
    DataError
        If the file is damaged or not Parquet.
    """
    try:
        if file.exists() and not file.is_file():  # a pipe would be read for ever
            raise OSError("it is not a file")
        with pq.ParquetFile(file) as opened:  # not read_table, which takes columns out of folder names
            content = opened.read()
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"'{file}' cannot be read as Parquet ({str(error).splitlines()[0]}).",
            hint="Write the list again, or give it as CSV.",
        ) from error
    return {
        str(name): ["" if value is None else str(value) for value in column.to_pylist()]
        for name, column in zip(content.column_names, content.columns, strict=True)
    }


def write_text_columns(file: Path, columns: Mapping[str, Sequence[str]]) -> None:
    """Write columns of text to a Parquet file, durably."""
    content = pa.table({name: pa.array(list(values), pa.string()) for name, values in columns.items()})
    with durable_writer(file) as temporary:
        pq.write_table(content, temporary)
