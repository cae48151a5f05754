"""Numbers on disk, one row for each picture: pooled features, or the activations at a cut.

An entry is a folder ``features/<key>/`` in the user's cache: ``<name>.npy`` for each array (NumPy's own
format: shape, type and byte order in its header) and ``manifest.json``, written last. The key holds all
that the numbers depend on, so an entry is never wrong, only absent. Rows are written by index, and an entry
whose writer died has no manifest and is made anew.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.base import cache
from headstart.base.errors import StoreError
from headstart.base.files import (
    cache_folder,
    fingerprint,
    sha256_of_file,
    store_error,
)
from headstart.records.codec import read_record, write_record
from headstart.records.record import Count, Duration, Record

FORMAT = 1
READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)


@dataclass(frozen=True, eq=False)
class StoredRows:
    """One stored entry: its arrays, each with one row per picture, and the seconds it took to make.

    Parameters
    ----------
    arrays : mapping of str to array
        Read-only memory maps.
    seconds : float
        What making them took, when they were made.
    key : str
        Fingerprint of all that they depend on.
    made : str
        Of the pass that made them: several entries may be made in one, whose seconds count once.
    """

    arrays: Mapping[str, NDArray[Any]]
    seconds: float
    key: str
    made: str

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.arrays[name]


@dataclass(frozen=True)
class Shape:
    """What one array of an entry will hold: ``(pictures, *shape)`` of `dtype`."""

    shape: tuple[int, ...]
    dtype: str


class _Entry(Record):
    """Content of ``manifest.json``: fingerprint of the key, the key itself, checksums of the arrays by name."""

    format: Count
    key: str
    of: dict[str, object]
    sha256: dict[str, str]
    seconds: Duration
    made: str


@dataclass(frozen=True)
class Beside:
    """Another entry that is made in the same pass: its key, and what it will hold."""

    key: Mapping[str, object]
    shapes: Mapping[str, Shape]


@dataclass(eq=False)
class Writer:
    """Takes rows by index and knows which are still missing; `beside` are those of entries made in the same pass."""

    arrays: dict[str, NDArray[Any]]
    written: NDArray[np.bool_]
    beside: Sequence[Writer] = ()

    def put(self, rows: slice, **values: NDArray[Any]) -> None:
        """Write the values of some rows, one keyword per array of the entry."""
        if set(values) != set(self.arrays):
            raise ValueError(f"rows need {sorted(self.arrays)}, got {sorted(values)}")
        for name, value in values.items():
            self.arrays[name][rows] = value
        self.written[rows] = True


@dataclass(frozen=True)
class FeatureStore:
    """All entries below one folder of the user's cache."""

    folder: Path = field(default_factory=lambda: cache_folder() / "features")

    def has(self, key: Mapping[str, object]) -> bool:
        """Return whether an entry called `key` was finished; whether it is whole shows when it is opened."""
        return (self._place(_name(key)) / "manifest.json").is_file()

    def _place(self, name: str) -> Path:
        return self.folder / name[:32]

    def get_or_make(
        self,
        key: Mapping[str, object],
        pictures: int,
        shapes: Mapping[str, Shape],
        make: Callable[[Writer], None],
        tell: Callable[[str], None],
        *,
        beside: Sequence[Beside] = (),
    ) -> StoredRows:
        """Return the entry called `key`, calling `make` to write every row if it does not exist.

        Parameters
        ----------
        key : mapping
            Everything that the numbers depend on, as JSON values.
        pictures : int
            Number of rows.
        shapes : mapping of str to Shape
        make : callable
            Gets a `Writer` and puts every row.
        tell : callable
            Hears what is unusual.
        beside : sequence of Beside
            Entries that `make` writes too, if it is called; none where the cache may not be written.

        Raises
        ------
        StoreError
            If the disk is full or the folder cannot be written.
        """
        name = _name(key)
        place = self._place(name)
        found = _open(place, name, shapes)
        if found is not None:
            cache.touch(place)
            return found
        begin = time.perf_counter()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            writable = os.access(self.folder, os.W_OK)
        except OSError as error:
            if error.errno not in READ_ONLY:
                raise store_error(place, error) from error
            writable = False
        if not writable:
            tell(f"headstart cannot write to '{self.folder}', so the features stay in memory, for this run only.")
            writer = _in_memory(pictures, shapes)
            _filled(writer, make)
            return StoredRows(writer.arrays, time.perf_counter() - begin, name, name)
        self._make([Beside(key, shapes), *beside], pictures, make, begin)
        found = _open(place, name, shapes)
        if found is None:
            raise StoreError(f"'{place}' was just written but cannot be read.", hint="Check the disk.")
        cache.touch(place)
        cache.make_room(self.folder.parent, keep=place)
        return found

    def _make(self, entries: Sequence[Beside], pictures: int, make: Callable[[Writer], None], begin: float) -> None:
        """Write some entries in one pass; the first is the one that was asked for."""
        names = [_name(entry.key) for entry in entries]
        made = names[0] if len(names) == 1 else fingerprint(sorted(names))
        with ExitStack() as stack:
            drafts, writers = [], []
            for name, entry in zip(names, entries, strict=True):
                place = self._place(name)
                stands = partial(_stands, place, name, entry.shapes)
                drafts.append(stack.enter_context(cache.building(place, stands=stands)))
                writers.append(_create(drafts[-1], pictures, entry.shapes))
            writers[0].beside = writers[1:]
            _filled(writers[0], make)
            seconds = time.perf_counter() - begin
            for draft, name, entry, writer in zip(drafts, names, entries, writers, strict=True):
                _finish(draft, name, made, entry.key, writer, seconds)


def _name(key: Mapping[str, object]) -> str:
    return fingerprint({"format": FORMAT, **key})


def _filled(writer: Writer, make: Callable[[Writer], None]) -> None:
    make(writer)
    for one in (writer, *writer.beside):
        if not one.written.all():
            missing = int((~one.written).sum())
            raise RuntimeError(f"{missing} of {len(one.written)} rows of a feature entry were never written")


def _in_memory(pictures: int, shapes: Mapping[str, Shape]) -> Writer:
    arrays = {name: np.empty((pictures, *wanted.shape), wanted.dtype) for name, wanted in shapes.items()}
    return Writer(arrays, np.zeros(pictures, bool))


def _stands(place: Path, name: str, shapes: Mapping[str, Shape]) -> bool:
    return _open(place, name, shapes) is not None


def _open(place: Path, name: str, shapes: Mapping[str, Shape]) -> StoredRows | None:
    """Return the entry if it is whole and of this key, else None (it is then made anew)."""
    try:
        entry = read_record(place / "manifest.json", _Entry)
        if entry.key != name or set(entry.sha256) != set(shapes):
            return None
        if any(sha256_of_file(place / f"{array}.npy") != digest for array, digest in entry.sha256.items()):
            return None
        arrays = {array: np.load(place / f"{array}.npy", mmap_mode="r", allow_pickle=False) for array in shapes}
    except (StoreError, OSError, ValueError):
        return None
    return StoredRows(arrays, entry.seconds, name, entry.made)


def _create(building: Path, pictures: int, shapes: Mapping[str, Shape]) -> Writer:
    arrays: dict[str, NDArray[Any]] = {}
    for name, wanted in shapes.items():
        size = pictures * int(np.prod(wanted.shape)) * np.dtype(wanted.dtype).itemsize
        arrays[name] = np.lib.format.open_memmap(
            building / f"{name}.npy", mode="w+", dtype=np.dtype(wanted.dtype), shape=(pictures, *wanted.shape)
        )
        # A memory map on a full disk would end the process by a signal; asking for the room first raises.
        if hasattr(os, "posix_fallocate") and size:
            with (building / f"{name}.npy").open("r+b") as stream:
                os.posix_fallocate(stream.fileno(), 0, os.fstat(stream.fileno()).st_size)
    return Writer(arrays, np.zeros(pictures, bool))


def _finish(building: Path, name: str, made: str, key: Mapping[str, object], writer: Writer, seconds: float) -> None:
    for array in writer.arrays.values():
        if isinstance(array, np.memmap):
            array.flush()
    digests = {array: sha256_of_file(building / f"{array}.npy") for array in writer.arrays}
    entry = _Entry(format=FORMAT, key=name, of=dict(key), sha256=digests, seconds=seconds, made=made)
    write_record(building / "manifest.json", entry)
