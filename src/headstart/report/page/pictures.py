"""Thumbnails as addresses that hold their own picture: each file is read once, and what cannot be read is left out."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headstart.base.errors import PictureError
from headstart.base.executors import ordered_map
from headstart.base.streams import stream
from headstart.pixels import augment, decode, decode_for
from headstart.records.preprocessing import Decoding, Preprocessing

SIDE = 176  # pixels of the longer side: sharp at 112 points on a fine screen, 5 to 9 kB each
VARIED = 4  # augmented copies of one picture
_DECODED = 144  # of the shorter side; the longer one is brought down to SIDE
_QUALITY = 76


@dataclass(eq=False)
class Thumbnails:
    """Small pictures of the files below a folder.

    Parameters
    ----------
    root : Path, optional
        The data folder; None where it is unknown or gone: every picture is then missing.
    decoding : Decoding
        By which rules the run decoded them.
    threads : int
    """

    root: Path | None
    decoding: Decoding
    threads: int = 1
    _made: dict[str, str | None] = field(default_factory=dict)

    def prepare(self, paths: Iterable[str], *, until: float | None = None) -> int:
        """Make the thumbnails of `paths` in their order; return how many were not even begun at the moment `until`.

        `until` is of `time.perf_counter`.
        """
        if self.root is None:
            return 0
        wanted = [path for path in dict.fromkeys(paths) if path not in self._made]
        step = 4 * self.threads
        for begin in range(0, len(wanted), step):
            if until is not None and time.perf_counter() > until:
                return len(wanted) - begin
            part = wanted[begin : begin + step]
            made = ordered_map(partial(thumbnail, self.root, decoding=self.decoding), part, threads=self.threads)
            self._made.update(zip(part, made, strict=True))
        return 0

    def of(self, path: str) -> str | None:
        """Return the address of a prepared picture, None where there is none."""
        return self._made.get(path)

    @property
    def missing(self) -> list[str]:
        """Paths of pictures that were asked for and could not be read."""
        return [path for path, address in self._made.items() if address is None]


def thumbnail(root: Path | None, path: str, *, decoding: Decoding) -> str | None:
    """Return a small picture of a file below `root` as an address; None if it cannot be read."""
    if root is None:
        return None
    try:
        return as_address(decode(root / path, short_side=_DECODED, decoding=decoding))
    except (PictureError, OSError):
        return None


def seen_in_training(file: Path, preprocessing: Preprocessing, kind: str, *, seed: int) -> list[str]:
    """Return some augmented copies of a picture as the training sees them, as addresses; none if it cannot be read."""
    try:
        whole = decode_for(file, preprocessing)
    except (PictureError, OSError):
        return []
    draws = (stream(seed, "page", copy) for copy in range(VARIED))
    return [as_address(augment(whole, preprocessing, kind, each)) for each in draws]


def as_address(pixels: NDArray[np.uint8], side: int = SIDE) -> str:
    """Return a picture as a JPEG that fits into a square of `side` pixels, written out as an address."""
    image = Image.fromarray(np.ascontiguousarray(pixels))
    image.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=None)
    written = io.BytesIO()
    image.save(written, "JPEG", quality=_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(written.getvalue()).decode("ascii")
