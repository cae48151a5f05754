"""Tables of the user in Parquet: columns of text in and out. Imported late, for pyarrow takes its time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from headstart.base.errors import DataError
from headstart.base.files import durable_writer


def read_text_columns(file: Path) -> list[tuple[str, list[str | None]]]:
    """Return all columns of a Parquet file as text, in their order; nothing (null, NaN, NaT) is None.

    Whole numbers have no decimal point, also where a column of floating point holds them, as it does in pandas beside
    a missing value.

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
    return [
        (str(name), _texts(file, str(name), column.to_pylist()))
        for name, column in zip(content.column_names, content.columns, strict=True)
    ]


def text_column(file: Path, choose: Callable[[list[str]], str]) -> Iterator[str]:
    """Yield one column of a Parquet file as text, some rows at a time; nothing is an empty text.

    Parameters
    ----------
    file : Path
    choose : callable
        Returns which of the names is wanted.

    Raises
    ------
    DataError
        If the file is damaged or not Parquet.
    """
    try:
        with pq.ParquetFile(file) as opened:
            name = choose([str(each) for each in opened.schema_arrow.names])
            for batch in opened.iter_batches(columns=[name]):
                yield from (text or "" for text in _texts(file, name, batch.column(0).to_pylist()))
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"'{file}' cannot be read as Parquet ({str(error).splitlines()[0]}).",
            hint="Write the list again, or give it as CSV.",
        ) from error


def _texts(file: Path, name: str, values: list[Any]) -> list[str | None]:
    """Return values as text."""
    known = [None if value is None or value != value else value for value in values]  # NaN is not itself
    whole = all(isinstance(value, float) and value.is_integer() for value in known if value is not None)
    return [None if value is None else _text(file, name, int(value) if whole else value) for value in known]


def _text(file: Path, name: str, value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, list | dict) and name.strip().lower() in ("path", "label", "split", "group"):
        what = "a list" if isinstance(value, list) else "a record of several values"
        raise DataError(
            f"The column '{name}' of '{file}' holds {what} where one value is expected.",
            hint="Give each picture one line, with one text or number in each of path, label, split and group.",
        )
    return str(value)


def write_text_columns(file: Path, columns: Mapping[str, Sequence[str]]) -> None:
    """Write columns of text to a Parquet file, durably."""
    content = pa.table({name: pa.array(list(values), pa.string()) for name, values in columns.items()})
    with durable_writer(file) as temporary:
        pq.write_table(content, temporary)
