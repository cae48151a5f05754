"""Lists that small commands answer with: what the cache holds, where a network can be cut, which weights there are."""

from __future__ import annotations

from headstart.records.preprocessing import Preprocessing
from headstart.records.record import Amount, Count, Record


class CachedAbout(Record, frozen=True, omit_defaults=True):
    """What an entry of the cache was made from, as far as its kind knows it.

    Pixels: `pictures`, `short_side`. Features: `backbone`, `cut`, `framing`, `view`. Exported networks: `bundle`, or
    `backbone` without a cut. Trainings: `strategy`, `cut`, `data`, `pictures`.
    """

    backbone: str | None = None
    cut: str | None = None
    framing: str | None = None
    view: str | None = None
    bundle: str | None = None
    strategy: str | None = None
    data: str | None = None
    pictures: Count | None = None
    short_side: Count | None = None


class CacheEntry(Record):
    """One entry of the cache; `used` is when it was last used (UTC, ISO 8601)."""

    kind: str
    path: str
    bytes: Count
    used: str
    about: CachedAbout


class CacheListing(Record):
    """What the cache holds, the entry used last first, and how large it may grow."""

    folder: str
    bytes: Count
    limit: Count
    entries: tuple[CacheEntry, ...]


class CacheRemoval(Record):
    """How many entries were removed, how many bytes they took, and the limit where one was set."""

    removed: Count
    bytes: Count
    limit: Count | None = None


class StagePlace(Record):
    """A place at which a network can be cut.

    Parameters
    ----------
    name : str
    parameters : int
        Of the stage that begins here.
    shape : tuple of int
        Of what enters it.
    flops : float
    trained_after : int
        Parameters that are trained when the cut is here.
    """

    name: str
    parameters: Count
    shape: tuple[Count, ...]
    flops: Amount
    trained_after: Count


class WeightsEntry(Record):
    """Weights that can be had without a download, or with the package that brings them."""

    name: str
    source: str
    installed: bool
    path: str | None = None
    bytes: Count | None = None
    licence: str | None = None
    sha256: str | None = None


class VerifiedWeights(Record):
    """Weights whose file was read: its SHA-256, and whether that is right (None: nothing is known beforehand)."""

    entry: WeightsEntry
    found: str
    ok: bool | None


class WeightsFound(Record):
    """Weights that were loaded and fit: whose they are, and how many parameters and pooled features they have."""

    name: str
    source: str
    sha256: str | None = None
    licence: str | None = None
    preprocessing: Preprocessing | None = None
    parameters: Count | None = None
    features: Count | None = None
