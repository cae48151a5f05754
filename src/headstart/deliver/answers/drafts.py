"""Rows of answers on their way into a file: CSV, JSON lines or Parquet; and the paths that such a file answers for."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from headstart.base.errors import StoreError
from headstart.records.answer_tables import MARK, Columns, Row, csv_header, csv_rows
from headstart.records.answers import Form, Prediction
from headstart.records.results import Skipped

if TYPE_CHECKING:
    import pyarrow as pa


class Draft(Protocol):
    """The rows of a file that does not stand yet."""

    def add(self, rows: Sequence[Row]) -> None:
        """Take over some rows."""

    def write(self, file: Path) -> None:
        """Write all rows so far; they stay, so that more can follow."""


def draft(form: Form, columns: Columns, *, mark: bool = False) -> Draft:
    """Return an empty file of answers; `mark`: a CSV begins with a byte order mark."""
    if form == "csv":
        head = (MARK if mark else "") + csv_header(columns)
        return _Text(head.encode(), lambda rows: csv_rows(rows, columns).encode("utf-8", "backslashreplace"))
    if form == "jsonl":
        return _Text(b"", lambda rows: b"".join(map(_json_line, rows)))
    return _Parquet(columns)


class _Text:
    """Lines of text."""

    def __init__(self, head: bytes, lines: Callable[[Sequence[Row]], bytes]) -> None:
        self._lines, self._content = lines, bytearray(head)

    def add(self, rows: Sequence[Row]) -> None:
        """Take over some rows."""
        self._content += self._lines(rows)

    def write(self, file: Path) -> None:
        """Write all rows so far."""
        file.write_bytes(self._content)


def _json_line(row: Row) -> bytes:
    """Return the answer for a picture as everywhere else, or its path and the reason why there is none."""
    said = {"path": row.path, "reason": row.reason} if isinstance(row, Skipped) else row
    return msgspec.json.encode(said) + b"\n"


class _Parquet:
    """Columns, in groups as they came, and as one group in the file."""

    def __init__(self, columns: Columns) -> None:
        import pyarrow as pa

        self._columns = columns
        self._parts: list[pa.RecordBatch] = []
        text, number = pa.string(), pa.float64()
        fixed = {
            "path": text, "label": text, "probability": number, "set": pa.list_(text), "none_of_these": pa.bool_(),
            "reason": text, "notes": pa.list_(text),
        }  # fmt: skip
        kinds = {name: text if name.startswith("label_") and columns.top else number for name in columns.names}
        self._schema = pa.schema([*fixed.items(), *kinds.items()])

    def add(self, rows: Sequence[Row]) -> None:
        """Take over some rows."""
        import pyarrow as pa

        cells = list(zip(*map(self._cells, rows), strict=True))
        arrays = [pa.array(column, kind) for column, kind in zip(cells, self._schema.types, strict=True)]
        self._parts.append(pa.RecordBatch.from_arrays(arrays, schema=self._schema))

    def write(self, file: Path) -> None:
        """Write all rows so far."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_batches(self._parts, schema=self._schema).combine_chunks(), file)

    def _cells(self, row: Row) -> tuple[Any, ...]:
        """Return the values of a row; nothing is null."""
        if isinstance(row, Prediction):
            members = None if row.set is None else list(row.set)
            answer = (row.path, row.label, row.probability, members, row.none_of_these, "", list(row.notes))
            return (*answer, *self._columns.values(row))
        return (row.path, None, None, None, None, row.reason, [], *[None] * len(self._columns.names))


# ------------------------------------------------------------------------------------------------- and back


class _Line(msgspec.Struct):
    """Of a JSON line what tells whether a picture has its row."""

    path: str
    reason: str = ""


def answered_in(file: Path, form: Form) -> Iterator[tuple[str, bool]]:
    """Yield the path of each row of a file, and whether the picture could not be read.

    Raises
    ------
    StoreError
        If the file is damaged; it is named.
    """
    import pyarrow as pa  # for its errors; csv and JSON need nothing of it

    try:
        yield from {"csv": _of_csv, "jsonl": _of_json, "parquet": _of_parquet}[form](file)
    except (OSError, ValueError, KeyError, msgspec.MsgspecError, csv.Error, pa.ArrowException) as error:
        raise StoreError(
            f"'{file}' can't be read ({error or type(error).__name__}).",
            hint="Restore that file; or move it away, and the same command answers its pictures again.",
        ) from error


def _of_csv(file: Path) -> Iterator[tuple[str, bool]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.reader(stream, strict=True)
        heads = next(rows, [])
        path, reason = heads.index("path"), heads.index("reason")
        for cells in rows:
            if len(cells) != len(heads):
                raise ValueError(f"line {rows.line_num} has {len(cells)} cells where the first has {len(heads)}")
            yield cells[path], bool(cells[reason])


def _of_json(file: Path) -> Iterator[tuple[str, bool]]:
    decoder = msgspec.json.Decoder(_Line)
    with file.open("rb") as stream:
        for line in stream:
            said = decoder.decode(line)
            yield said.path, bool(said.reason)


def _of_parquet(file: Path) -> Iterator[tuple[str, bool]]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as opened:
        for batch in opened.iter_batches(columns=["path", "reason"]):
            paths, reasons = batch.column(0).to_pylist(), batch.column(1).to_pylist()
            yield from ((str(path), bool(reason)) for path, reason in zip(paths, reasons, strict=True))
