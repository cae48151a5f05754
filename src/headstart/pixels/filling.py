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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.base.errors import PictureError

INDEX = np.dtype([("offset", "<i8"), ("height", "<i4"), ("width", "<i4")])
NOT_KEPT = -1  # as an offset: the picture is whole, but there was no room for it

Pixels = NDArray[np.uint8]

_CHUNK = 1 << 22


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
        self.nbytes, self.digest = 0, hashlib.sha256()
        self._pixels, self._journal = folder / "pixels.bin", folder / "journal.jsonl"
        lines = self._whole_lines()
        self._recover(lines)
        if not self.index:
            lines = []
        with self._journal.open("w", encoding="utf-8") as journal:
            journal.writelines(f"{json.dumps(line)}\n" for line in lines)
        self._pixels.touch()
        os.truncate(self._pixels, self.nbytes)

    def __len__(self) -> int:
        return len(self.index)

    def take(self, pictures: Iterable[Pixels | PictureError]) -> None:
        """Append pictures, the first of which has the row ``len(self)``."""
        with self._pixels.open("ab") as stream, self._journal.open("a", encoding="utf-8") as journal:
            for picture in pictures:
                if isinstance(picture, PictureError):
                    self.faulty[len(self)] = picture.message
                    self.index.append((0, 0, 0))
                elif self.most is not None and self.nbytes + picture.nbytes > self.most:
                    self.index.append((NOT_KEPT, picture.shape[0], picture.shape[1]))
                else:
                    content = np.ascontiguousarray(picture).data
                    stream.write(content)
                    stream.flush()
                    self.digest.update(content)
                    self.index.append((self.nbytes, picture.shape[0], picture.shape[1]))
                    self.nbytes += picture.nbytes
                journal.write(f"{json.dumps(self._line())}\n")
                journal.flush()

    def flush(self) -> None:
        """Flush the pixels to the disk."""
        with self._pixels.open("rb+") as stream:
            os.fsync(stream.fileno())

    def forget(self) -> None:
        """Take the journal away, when all else stands."""
        self._journal.unlink()

    def _line(self) -> dict[str, Any]:
        """Return what the journal says of the last picture."""
        row = len(self) - 1
        reason = {"faulty": self.faulty[row]} if row in self.faulty else {}
        return {"at": self.index[row], "bytes": self.nbytes, "sha256": self.digest.hexdigest(), **reason}

    def _whole_lines(self) -> list[dict[str, Any]]:
        """Return the journal as far as it was written whole."""
        lines: list[dict[str, Any]] = []
        with suppress(OSError, ValueError):
            for text in self._journal.read_text(encoding="utf-8").splitlines():
                lines.append(json.loads(text))
        return lines

    def _recover(self, lines: list[dict[str, Any]]) -> None:
        """Take over what the journal says, if the pixels bear it out."""
        try:
            if not lines:
                return
            end = lines[-1]
            digest = _digest_of_first(self._pixels, int(end["bytes"]))
            index = [(int(line["at"][0]), int(line["at"][1]), int(line["at"][2])) for line in lines]
            faulty = {row: str(line["faulty"]) for row, line in enumerate(lines) if "faulty" in line}
            kept = sum(height * width * 3 for offset, height, width in index if offset != NOT_KEPT)
            if digest.hexdigest() != end["sha256"] or kept != end["bytes"] or not self._same_limit(index):
                return
        except (OSError, LookupError, TypeError, ValueError):
            return
        self.index, self.faulty, self.nbytes, self.digest = index, faulty, kept, digest

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
