"""Which paths have been met: 16 bytes for each, so that a million of them take 16 MB."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b

import numpy as np

from headstart.base.cells import harmless_path

_BYTES = 16  # two of a million paths have the same 128 bits with a chance of 1 in 10^27
_AT_ONCE = 50_000  # so many wait as Python's own objects before they are sorted in


class Seen:
    """A set of paths that only grows."""

    def __init__(self) -> None:
        self._sorted = np.zeros(0, f"S{_BYTES}")
        self._recent: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._sorted) + len(self._recent)

    def known(self, paths: Sequence[str]) -> list[bool]:
        """Return which of some paths are in the set."""
        keys = list(map(_key, paths))
        wanted = np.array(keys, self._sorted.dtype)
        at = np.minimum(np.searchsorted(self._sorted, wanted), max(len(self._sorted) - 1, 0))
        old = self._sorted[at] == wanted if len(self._sorted) else np.zeros(len(keys), bool)
        return [bool(there) or key in self._recent for key, there in zip(keys, old, strict=True)]

    def add(self, paths: Iterable[str]) -> None:
        """Put paths into the set."""
        self._recent.update(map(_key, paths))
        if len(self._recent) >= _AT_ONCE:
            more = np.sort(np.array(list(self._recent - set(self._overlap())), self._sorted.dtype))
            self._sorted = np.insert(self._sorted, np.searchsorted(self._sorted, more), more)
            self._recent = set()

    def _overlap(self) -> Iterable[bytes]:
        """Return which of the recent ones are sorted in already: whoever adds a path twice must not be counted so."""
        if not len(self._sorted):
            return []
        wanted = np.array(list(self._recent), self._sorted.dtype)
        at = np.minimum(np.searchsorted(self._sorted, wanted), len(self._sorted) - 1)
        return [key for key, there in zip(self._recent, self._sorted[at] == wanted, strict=True) if there]


def _key(path: str) -> bytes:
    """Return what tells a path, in the form in which a CSV holds it: ``./=1.jpg`` and ``=1.jpg`` are one file."""
    return blake2b(harmless_path(path).encode("utf-8", "surrogatepass"), digest_size=_BYTES).digest()
