"""The pixel store: every picture decoded once, kept whole, read as a view.

On disk a store is a folder of three files::

    pixels.bin      the pictures one after another, uint8, row by row, red green blue
    index.bin       one record a picture: offset into pixels.bin, height, width (all 0: a faulty picture)
    manifest.json   format, key, sizes, checksums, the faulty pictures' reasons; written last

It is written to a folder of its own beside its place and renamed, so it stands whole or not at all, and
two processes that need the same one do not meet. What a killed one has written, the next one goes on with
(`headstart.pixels.filling`). What goes beyond the cache's limit is checked and measured
like the rest, but its pixels are not kept: it is decoded again whenever it is asked for.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headstart.base import cache
from headstart.base.errors import PictureError, StoreError
from headstart.base.executors import ordered_map
from headstart.base.files import cache_folder, fingerprint, sha256_of_bytes, store_error
from headstart.base.params import bad_parameter, check_integer
from headstart.pixels import shelf
from headstart.pixels.decode import Decoded, Source, decode, decode_noted, decoder, pixel_limit
from headstart.records.notes import Note
from headstart.records.preprocessing import RULES, Decoding
from headstart.records.progress import Progress, Silent

Pixels = NDArray[np.uint8]

_HINT = "Remove it from the list, or repair the file."
_CHANGED = "Do not change pictures during a run. Run the same command again."
_READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)
_WORTH_SAYING = 2 << 30  # bytes
_USUAL_ASPECT = 1.4


class PixelStore:
    """Whole pictures by row: ``store[row]`` is a read-only (H, W, 3) view, uint8 RGB.

    Made by `build` (on disk, in the user's cache) or `in_memory`.

    Parameters
    ----------
    pictures : sequence of array of uint8, (H, W, 3)
        A faulty picture has no pixels: (0, 0, 3). None: there was no room for it.
    faulty : mapping of int to str
        Row to the reason why that picture cannot be used.
    notes : mapping of int to tuple of str
        Row to what was done to that picture while it was decoded; see `headstart.records.notes`.
    folder : Path, optional
        Where the store lies; None in memory.
    again : callable, optional
        Decodes the picture of a row for which there was no room.
    """

    def __init__(
        self,
        pictures: Sequence[Pixels | None],
        *,
        faulty: Mapping[int, str],
        notes: Mapping[int, tuple[Note, ...]] | None = None,
        folder: Path | None = None,
        again: Callable[[int], Pixels] | None = None,
    ) -> None:
        self._pictures = tuple(pictures)
        self._again = again
        self.faulty = dict(faulty)
        self.notes = dict(notes or {})
        self.folder = folder

    @classmethod
    def build(
        cls,
        files: Sequence[Source],
        digests: Sequence[str],
        *,
        short_side: int,
        decoding: Decoding = RULES,
        threads: int = 1,
        progress: Progress | None = None,
        folder: Path | None = None,
    ) -> PixelStore:
        """Return the store of these pictures: opened where it stands whole, else decoded.

        Where the folder may not be written (its rights, a read-only disk), the store is held in memory
        and a message says so.

        Parameters
        ----------
        files : sequence of Path, bytes, array or PIL image
            As `decode` takes them.
        digests : sequence of str
            For each picture what tells its content, such as the SHA-256 of the file.
        short_side : int
            Pixels.
        decoding : Decoding
            By which rules.
        threads : int
            How many decode at a time.
        progress : Progress, optional
            Hears the step "decode" and what is unusual.
        folder : Path, optional
            Where the stores lie; by default ``pixels`` in the cache folder.

        Raises
        ------
        StoreError
            If the disk is full or fails; nothing is left behind.
        """
        if len(files) != len(digests):
            raise bad_parameter("digests", "PixelStore.build", f"{len(files)} texts", len(digests))
        short_side = check_integer("short_side", "PixelStore.build", short_side, least=1)
        job = _Job(files, digests, short_side, decoding, threads, progress or Silent())
        home = cache_folder() / "pixels" if folder is None else folder
        try:
            return job.opened(home) or job.written(home)
        except OSError as error:
            if error.errno not in _READ_ONLY:
                raise store_error(home, error) from error
            job.progress.message(
                f"headstart cannot write to '{home}' ({error.strerror}), so the decoded pictures stay in memory, for "
                "this run only. Set HEADSTART_CACHE to a folder that you can write to."
            )
            return cls.in_memory(job.decoded())

    @classmethod
    def in_memory(cls, pictures: Iterable[Decoded | PictureError]) -> PixelStore:
        """Return a store of decoded pictures; an error stands for a faulty one."""
        kept: list[Pixels] = []
        faulty: dict[int, str] = {}
        notes: dict[int, tuple[Note, ...]] = {}
        for row, picture in enumerate(pictures):
            if isinstance(picture, PictureError):
                faulty[row] = picture.message
                view = np.empty((0, 0, 3), np.uint8)
            else:
                view = picture.pixels.view()
                if picture.notes:
                    notes[row] = picture.notes
            view.flags.writeable = False
            kept.append(view)
        return cls(kept, faulty=faulty, notes=notes)

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, row: int) -> Pixels:
        """Return the picture of a row; PictureError if it is faulty, or has changed since it was checked."""
        picture = self._pictures[row]
        row = range(len(self))[row]
        if picture is None:
            if self._again is None:
                raise RuntimeError(f"the store has neither the pixels of row {row} nor a way to decode them")
            return self._again(row)
        if not picture.size:
            raise PictureError(f"picture {row}: {self.faulty[row]}", hint=_HINT)
        return picture

    def rows(self, rows: Iterable[int]) -> PixelStore:
        """Return a store of some of the pictures, in that order, sharing their pixels."""
        chosen = [range(len(self))[row] for row in rows]
        faulty = {place: self.faulty[row] for place, row in enumerate(chosen) if row in self.faulty}
        notes = {place: self.notes[row] for place, row in enumerate(chosen) if row in self.notes}
        again = self._again
        return PixelStore(
            [self._pictures[row] for row in chosen],
            faulty=faulty,
            notes=notes,
            folder=self.folder,
            again=again and (lambda place: again(chosen[place])),
        )

    @property
    def nbytes(self) -> int:
        """Bytes of all pixels that are kept."""
        return sum(picture.nbytes for picture in self._pictures if picture is not None)

    @property
    def kept(self) -> int:
        """How many pictures need no further decoding."""
        return sum(picture is not None for picture in self._pictures)

    def verify(self) -> None:
        """Read every byte and compare with the checksums (opening compares only sizes and the index).

        Raises
        ------
        StoreError
            If the pixels on disk are not those that were written.
        """
        if self.folder is not None:
            shelf.verify(self.folder)


class _Job:
    """One build: what is to be decoded, and how it is found again."""

    def __init__(
        self,
        files: Sequence[Source],
        digests: Sequence[str],
        short_side: int,
        decoding: Decoding,
        threads: int,
        progress: Progress,
    ) -> None:
        self.files, self.short_side, self.threads, self.progress = files, short_side, threads, progress
        self.decoding = decoding
        self.digests = digests
        self.limit = pixel_limit()
        self.facts = shelf.StoreFacts(
            decoder=decoder(decoding),
            short_side=short_side,
            max_pixels=self.limit,
            pictures=len(files),
            digests=fingerprint(list(digests)),
        )

    def opened(self, home: Path) -> PixelStore | None:
        """Return the store if it stands whole; None, with a message if it is damaged, otherwise."""
        place = home / shelf.name(self.facts)
        try:
            kept = shelf.read(place, self.facts)
        except StoreError as error:
            self.progress.message(f"{error.message} It is made again.")
            return None
        if kept is None or any(self._usable(row) for row in kept.faulty):
            return None
        found = self._store(kept, place)
        if kept.missing is not None and found.nbytes + kept.missing <= self.allowed(home):
            return None  # there is more room than there was
        cache.touch(place)
        return found

    def _store(self, kept: shelf.Shelf, place: Path) -> PixelStore:
        return PixelStore(kept.pictures, faulty=kept.faulty, notes=kept.notes, folder=place, again=self.again)

    def again(self, row: int) -> Pixels:
        """Decode a picture that was not kept; PictureError if it is not what it was."""
        source = self.files[row]
        content: Source
        if isinstance(source, Path):
            try:
                content = source.read_bytes()
            except OSError as error:
                raise PictureError(f"'{source}' can no longer be read ({error.strerror}).", hint=_CHANGED) from error
            if sha256_of_bytes(content) != self.digests[row]:
                raise PictureError(f"'{source}' has changed since it was checked.", hint=_CHANGED)
        else:
            content = source
        picture = decode(content, short_side=self.short_side, decoding=self.decoding, max_pixels=self.limit).view()
        picture.flags.writeable = False
        return picture

    def allowed(self, home: Path) -> int:
        """Return the bytes of pixels that this store may keep."""
        return cache.limit(home.parent)

    def _bytes(self, pictures: int) -> int:
        return int(pictures * self.short_side**2 * 3 * _USUAL_ASPECT)

    def _usable(self, row: int) -> bool:
        """Whether a picture that was faulty can be decoded now; a disk's fault may have passed."""
        return not isinstance(self._attempt(self.files[row]), PictureError)

    def written(self, home: Path) -> PixelStore:
        size, allowed = self._bytes(len(self.files)), self.allowed(home)
        if size > _WORTH_SAYING:
            self.progress.message(
                f"The decoded pictures take about {min(size, allowed) / 1e9:.0f} GB in '{home}' "
                "(HEADSTART_CACHE changes the place)."
            )
        place = shelf.write(home, self.facts, self.decoded, most=allowed)
        kept = shelf.read(place, self.facts)
        if kept is None:  # somebody cleared the cache in this very moment
            raise StoreError(f"'{place}' was removed while it was in use.", hint="Run the same command again.")
        cache.touch(place)
        cache.make_room(home.parent, keep=place)
        store = self._store(kept, place)
        if store.kept < len(store):
            self.progress.message(
                f"{len(store) - store.kept:,} of {len(store):,} pictures are decoded again each time, because the "
                f"cache may take only {allowed / 1e9:.3g} GB (headstart cache limit changes that)."
            )
        return store

    def decoded(self, begin: int = 0) -> Iterator[Decoded | PictureError]:
        if begin:
            self.progress.message(
                f"{begin:,} of {len(self.files):,} pictures were already decoded; continuing from there."
            )
        with self.progress.step("decode", len(self.files) - begin) as step:
            for picture in ordered_map(self._attempt, self.files[begin:], threads=self.threads):
                yield picture
                step.advance()

    def _attempt(self, source: Source) -> Decoded | PictureError:
        try:
            return decode_noted(source, short_side=self.short_side, decoding=self.decoding, max_pixels=self.limit)
        except PictureError as error:
            return error
