"""Files of columns (Parquet), one reader and one writer for each: predictions, maps, and shares of inactive units.

pyarrow is imported when a file is first touched; columns stay arrays and never become a list of rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headstart.base.errors import StoreError
from headstart.base.files import durable_writer

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class PredictionColumns:
    """Answers for the pictures of one split, in stored order.

    Parameters
    ----------
    paths : tuple of str
        Relative to the data folder.
    labels : array of int, (n,)
        Places among the classes.
    probabilities : array, (n, classes)
    """

    paths: tuple[str, ...]
    labels: NDArray[np.int64]
    probabilities: Floats

    @property
    def answered(self) -> NDArray[np.int64]:
        """The class that was answered, (n,)."""
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Which pictures were answered right, (n,)."""
        return np.asarray(self.answered == self.labels)


@dataclass(frozen=True)
class PredictionsFile:
    """``predictions/RUN.parquet``: path, label, split, and ``p_CLASS`` for every class, of each held-out picture."""

    path: Path

    def write(
        self,
        classes: Sequence[str],
        *,
        paths: Sequence[str],
        labels: NDArray[np.int64],
        splits: Sequence[str],
        probabilities: Floats,
    ) -> None:
        """Write one row for each picture; `probabilities` are (n, classes). Raises StoreError."""
        columns: dict[str, Any] = {
            "path": list(paths),
            "label": [classes[label] for label in labels],
            "split": list(splits),
        }
        columns |= {f"p_{name}": np.asarray(probabilities[:, k], np.float64) for k, name in enumerate(classes)}
        write_columns(self.path, columns)

    def read(self, classes: Sequence[str], split: str) -> PredictionColumns:
        """Return the answers for the pictures of a split.

        Raises
        ------
        StoreError
            If the file is missing, damaged, or of other classes.
        """
        names = ["path", "label", "split", *(f"p_{name}" for name in classes)]
        content = read_columns(self.path, names)
        try:
            here = np.array([name == split for name in texts(content["split"])], bool)
            position = {name: at for at, name in enumerate(classes)}
            labels = np.array([position[name] for name in texts(content["label"])], np.int64)
            columns = [shares(content[f"p_{name}"]) for name in classes]
            paths = np.array(each_once(texts(content["path"])), object)
        except (KeyError, ValueError) as error:
            raise damaged(self.path, str(error)) from error
        scores = np.column_stack(columns) if columns else np.zeros((len(labels), 0))
        return PredictionColumns(tuple(paths[here]), labels[here], scores[here])

    def stands(self) -> bool:
        """Return whether the file is there and whole, as far as its own description says."""
        return is_whole(self.path)


@dataclass(frozen=True, eq=False)
class MapColumns:
    """Paths, (n,), and components, (n, 2 or more), of a map of pictures."""

    paths: tuple[str, ...]
    components: Floats

    @property
    def places(self) -> dict[str, tuple[float, float]]:
        """The first two components by path."""
        return {path: (float(x), float(y)) for path, (x, y) in zip(self.paths, self.components[:, :2], strict=True)}


NO_MAP = MapColumns((), np.zeros((0, 2)))


@dataclass(frozen=True)
class MapFile:
    """``map.parquet``, ``neighbours.parquet``: path, x, y, and c3, c4 ... (further components, float32).

    `source` of a file that follows from another one is that one's checksum.
    """

    path: Path

    def write(self, paths: Sequence[str], components: Floats, *, source: str = "") -> None:
        """Write where each picture stands; `components` are (n, 2 or more). Raises StoreError."""
        columns: dict[str, Any] = {"path": list(paths), "x": components[:, 0], "y": components[:, 1]}
        columns |= {f"c{at + 1}": components[:, at].astype(np.float32) for at in range(2, components.shape[1])}
        write_columns(self.path, columns, source=source)

    def read(self) -> MapColumns | None:
        """Return what stands in the file; None where there is none, or it is damaged."""
        try:
            content = read_columns(self.path)
            names = ["x", "y", *(name for name in content.column_names if name not in ("path", "x", "y"))]
            columns = [numbers(content[name]) for name in names]
            return MapColumns(tuple(each_once(texts(content["path"]))), np.column_stack(columns))
        except (StoreError, KeyError, ValueError):
            return None

    def source(self) -> str:
        """Return the checksum that the file was made from; empty where there is none."""
        return source_of(self.path)


@dataclass(frozen=True)
class ActivityFile:
    """``activity/RUN.parquet``: path, and for every stage the shares of units that are inactive and capped."""

    path: Path

    def write(self, paths: Sequence[str], stages: Sequence[str], *, inactive: Floats, capped: Floats) -> None:
        """Write the shares, (n, stages) each. Raises StoreError."""
        columns: dict[str, Any] = {"path": list(paths)}
        for place, stage in enumerate(stages):
            columns[f"inactive {stage}"] = inactive[:, place]
            columns[f"capped {stage}"] = capped[:, place]
        write_columns(self.path, columns)

    def stands(self) -> bool:
        """Return whether the file is there and whole, as far as its own description says."""
        return is_whole(self.path)

    def read(self, stages: Sequence[str]) -> tuple[Floats, Floats]:
        """Return the shares that are inactive and capped, (n, stages) each. Raises StoreError."""
        content = read_columns(self.path)
        try:
            inactive, capped = (
                np.column_stack([np.asarray(shares(content[f"{what} {stage}"]), np.float64) for stage in stages])
                for what in ("inactive", "capped")
            )
        except (KeyError, ValueError) as error:
            raise damaged(self.path, str(error)) from error
        return inactive, capped


_SOURCE = b"headstart.source"
_ROUNDED = 1e-5  # of numbers of half the precision


def write_columns(path: Path, columns: Mapping[str, Any], *, source: str = "") -> None:
    """Write columns of one length durably. Raises StoreError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = pa.table(dict(columns))
    if source:
        content = content.replace_schema_metadata({_SOURCE: source.encode()})
    with durable_writer(path) as temporary:
        pq.write_table(content, temporary)


def read_columns(path: Path, names: Sequence[str] | None = None) -> pa.Table:
    """Return some columns of a file, or all.

    Raises
    ------
    StoreError
        If the file is missing or damaged, or lacks one of them.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        _check_file(path)
        with pq.ParquetFile(path) as opened:
            content = opened.read(columns=None if names is None else list(names))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise damaged(path, str(error)) from error
    missing = [name for name in names or () if name not in content.column_names]
    if missing:
        raise damaged(path, f"it has no column '{missing[0]}'")
    return content


def is_whole(path: Path) -> bool:
    """Return whether a file of columns is there and whole, as far as its own description says."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        _check_file(path)
        pq.read_metadata(path)
    except (OSError, pa.ArrowException):
        return False
    return True


def source_of(path: Path) -> str:
    """Return the checksum that a file of columns was made from; empty where there is none, or no file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        _check_file(path)
        found = (pq.read_schema(path).metadata or {}).get(_SOURCE, b"")
    except (OSError, pa.ArrowException):
        return ""
    return str(found.decode("ascii", "replace"))


def damaged(path: Path, what: str) -> StoreError:
    """Return the error that says what is wrong with a file of columns."""
    return StoreError(
        f"'{path}' cannot be read ({what}).", hint="Remove that file and run the same command: it will be made again."
    )


def numbers(column: Any) -> Floats:
    """Return a column of finite numbers as an array; ValueError if it holds anything else.

    Its own to_numpy would import pandas, which takes half a second.
    """
    import pyarrow as pa

    if not len(column):
        return np.zeros(0)
    if not pa.types.is_floating(column.type) or column.null_count:
        raise ValueError(f"a column holds {column.type} or nothing where numbers should stand")
    found = np.concatenate([np.from_dlpack(chunk) for chunk in column.chunks])
    if not np.isfinite(found).all():
        raise ValueError("a column holds what is no number")
    return found


def shares(column: Any) -> Floats:
    """Return a column of numbers from 0 to 1, but for rounding, as an array; ValueError if it holds anything else."""
    found = numbers(column)
    if len(found) and not (found.min() >= -_ROUNDED and found.max() <= 1 + _ROUNDED):
        raise ValueError("a column of shares holds a number below 0 or above 1")
    return found


def texts(column: Any) -> list[str]:
    """Return a column of texts; ValueError if it holds anything else."""
    import pyarrow as pa

    if not len(column):
        return []
    if column.null_count or not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise ValueError(f"a column holds {column.type} or nothing where texts should stand")
    return list(column.to_pylist())


def each_once(paths: list[str]) -> list[str]:
    """Return paths; ValueError if one stands there twice."""
    if len(set(paths)) < len(paths):
        raise ValueError("a path stands there twice")
    return paths


def _check_file(path: Path) -> None:
    """Refuse what is no file, such as a pipe, from which one would read for ever."""
    if path.exists() and not path.is_file():
        raise OSError(f"'{path}' is not a file")
