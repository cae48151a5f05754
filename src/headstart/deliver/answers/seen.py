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
        return self._known([_key(path) for path in paths])

    def add(self, paths: Iterable[str]) -> None:
        """Put paths into the set."""
        keys = [_key(path) for path in paths]
        self._recent.update(key for key, there in zip(keys, self._known(keys), strict=True) if not there)
        if len(self._recent) >= _AT_ONCE:
            more = np.sort(np.array(list(self._recent), self._sorted.dtype))
            self._sorted = np.insert(self._sorted, np.searchsorted(self._sorted, more), more)
            self._recent = set()

    def _known(self, keys: Sequence[bytes]) -> list[bool]:
        if not len(self._sorted):
            return [key in self._recent for key in keys]
        wanted = np.array(keys, self._sorted.dtype)
        at = np.minimum(np.searchsorted(self._sorted, wanted), len(self._sorted) - 1)
        return [bool(there) or key in self._recent for key, there in zip(keys, self._sorted[at] == wanted, strict=True)]


def _key(path: str) -> bytes:
    """Return what tells a path, in the form in which a CSV holds it: ``./=1.jpg`` and ``=1.jpg`` are one file."""
    return blake2b(harmless_path(path).encode("utf-8", "surrogatepass"), digest_size=_BYTES).digest()
