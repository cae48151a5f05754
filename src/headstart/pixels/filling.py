"""A pixel store under construction, picture by picture, which another process can go on with.

Beside the pixels a journal says of each picture where it lies, or why it cannot be used, and what all bytes up to
there hash to. So whatever moment a build is killed at, the pictures before it need no further decoding; where the
bytes are not those of the journal (a power cut), it begins again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from headstart.base.errors import PictureError, StoreError
from headstart.pixels.decode import Decoded
from headstart.records.codec import from_plain, plain
from headstart.records.notes import Note
from headstart.records.record import Count, Record, Whole

INDEX = np.dtype([("offset", "<i8"), ("height", "<i4"), ("width", "<i4")])
NOT_KEPT = -1  # as an offset: the picture is whole, but there was no room for it

Pixels = NDArray[np.uint8]

_CHUNK = 1 << 22


class _Line(Record, omit_defaults=True):
    """A line of the journal: a picture's row of the index, and how many bytes there are so far, with what hash."""

    at: tuple[Whole, Count, Count]
    bytes: Count
    sha256: str
    faulty: str | None = None
    notes: tuple[Note, ...] = ()


class Filling:
    """Pixels, index and faults of the pictures so far.

    Parameters
    ----------
    folder : Path
        Of the construction; what an earlier process left in it is gone on with.
    most : int, optional
        Bytes of pixels to keep; what comes later is only noted.
    """

    def __init__(self, folder: Path, most: int | None) -> None:
        self.folder, self.most = folder, most
        self.index: list[tuple[int, int, int]] = []
        self.faulty: dict[int, str] = {}
        self.notes: dict[int, tuple[Note, ...]] = {}
        self.nbytes, self.digest = 0, hashlib.sha256()
        self._pixels, self._journal = folder / "pixels.bin", folder / "journal.jsonl"
        lines = self._whole_lines()
        self._recover(lines)
        if not self.index:
            lines = []
        with self._journal.open("w", encoding="utf-8") as journal:
            journal.writelines(f"{json.dumps(plain(line))}\n" for line in lines)
        self._pixels.touch()
        os.truncate(self._pixels, self.nbytes)

    def __len__(self) -> int:
        return len(self.index)

    def take(self, pictures: Iterable[Decoded | PictureError]) -> None:
        """Append pictures, the first of which has the row ``len(self)``."""
        with self._pixels.open("ab") as stream, self._journal.open("a", encoding="utf-8") as journal:
            for picture in pictures:
                if isinstance(picture, PictureError):
                    self.faulty[len(self)] = picture.message
                    self.index.append((0, 0, 0))
                else:
                    self._put(picture, stream)
                journal.write(f"{json.dumps(plain(self._line()))}\n")
                journal.flush()

    def _put(self, picture: Decoded, stream: BinaryIO) -> None:
        """Append one picture, or note that there is no room for it."""
        pixels, row = picture.pixels, len(self)
        if picture.notes:
            self.notes[row] = picture.notes
        if self.most is not None and self.nbytes + pixels.nbytes > self.most:
            self.index.append((NOT_KEPT, pixels.shape[0], pixels.shape[1]))
            return
        content = np.ascontiguousarray(pixels).data
        stream.write(content)
        stream.flush()
        self.digest.update(content)
        self.index.append((self.nbytes, pixels.shape[0], pixels.shape[1]))
        self.nbytes += pixels.nbytes

    def flush(self) -> None:
        """Flush the pixels to the disk."""
        with self._pixels.open("rb+") as stream:
            os.fsync(stream.fileno())

    def forget(self) -> None:
        """Take the journal away, when all else stands."""
        self._journal.unlink()

    def _line(self) -> _Line:
        """Return what the journal says of the last picture."""
        row = len(self) - 1
        digest = self.digest.hexdigest()
        return _Line(
            at=self.index[row],
            bytes=self.nbytes,
            sha256=digest,
            faulty=self.faulty.get(row),
            notes=self.notes.get(row, ()),
        )

    def _whole_lines(self) -> list[_Line]:
        """Return the journal as far as it was written whole."""
        lines = list[_Line]()
        with suppress(OSError, ValueError, StoreError):
            for text in self._journal.read_text(encoding="utf-8").splitlines():
                lines.append(from_plain(json.loads(text), _Line, str(self._journal)))
        return lines

    def _recover(self, lines: list[_Line]) -> None:
        """Take over what the journal says, if the pixels bear it out."""
        if not lines:
            return
        end = lines[-1]
        index = [line.at for line in lines]
        faulty = {row: line.faulty for row, line in enumerate(lines) if line.faulty is not None}
        kept = sum(height * width * 3 for offset, height, width in index if offset != NOT_KEPT)
        try:
            digest = _digest_of_first(self._pixels, end.bytes)
        except (OSError, ValueError):
            return
        if digest.hexdigest() != end.sha256 or kept != end.bytes or not self._same_limit(index):
            return
        self.index, self.faulty, self.nbytes, self.digest = index, faulty, kept, digest
        self.notes = {row: line.notes for row, line in enumerate(lines) if line.notes}

    def _same_limit(self, index: list[tuple[int, int, int]]) -> bool:
        """Whether these pictures would be kept, or left out, under the limit that holds now."""
        offset = 0
        for place, height, width in index:
            fits = self.most is None or offset + height * width * 3 <= self.most
            if fits != (place != NOT_KEPT):
                return False
            offset += height * width * 3 if fits else 0
        return True


def _digest_of_first(file: Path, nbytes: int) -> Any:
    """Return the SHA-256 of the first bytes of a file; ValueError if it has fewer."""
    digest = hashlib.sha256()
    if not nbytes:
        return digest
    with file.open("rb") as stream:
        while nbytes:
            piece = stream.read(min(nbytes, _CHUNK))
            if not piece:
                raise ValueError("fewer bytes than the journal says")
            digest.update(piece)
            nbytes -= len(piece)
    return digest
