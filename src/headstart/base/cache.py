"""The user's cache folder: what lies in it, how large it may grow, and what goes first.

Each kind of store is a folder (``pixels``, ``features`` ...) of entries, and each entry a folder with a
``manifest.json``, whose time of change is the time of its last use. Anything here can be made anew from the
user's pictures, so removing an entry costs time and never an answer; a process that has one open keeps what it
has mapped.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from headstart.base.drafts import clean_drafts, draft_name
from headstart.base.errors import StoreError
from headstart.base.files import cache_folder, flush_folder, read_json, store_error, write_json
from headstart.base.params import check_integer

KINDS = ("pixels", "features", "engines", "trainings")
USUAL_LIMIT = 50 * 10**9  # bytes
FORGOTTEN = 30 * 86400.0  # seconds unused, after which an entry goes: its pictures or options are likely gone too
_SETTINGS = "settings.json"
_OURS = re.compile("[0-9a-f]{32}")  # what stores are called; anything else in these folders is somebody else's
_IN_USE = 3600.0  # seconds: what somebody opened within the last hour may be open still
_opened: set[Path] = set()  # by this process


@dataclass(frozen=True)
class Entry:
    """One store in the cache.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    path : Path
        Its folder.
    nbytes : int
        What it takes on the disk.
    used : float
        When it was last made or opened, seconds since 1970.
    about : mapping
        What its manifest says it depends on.
    """

    kind: str
    path: Path
    nbytes: int
    used: float
    about: Mapping[str, object]


def entries(home: Path | None = None) -> list[Entry]:
    """Return all entries of the cache below `home`, the one used last first."""
    home = cache_folder() if home is None else home
    found = [entry for kind in KINDS for entry in _entries_of(home / kind, kind)]
    return sorted(found, key=lambda entry: (-entry.used, entry.path.as_posix()))


def limit(home: Path | None = None) -> int:
    """Return how many bytes the cache may take: what `set_limit` stored, else 50 GB.

    Raises
    ------
    StoreError
        If the setting cannot be read.
    """
    place = (cache_folder() if home is None else home) / _SETTINGS
    if not place.is_file():
        return USUAL_LIMIT
    try:
        return check_integer("limit_bytes", str(place), read_json(place)["limit_bytes"], least=0)
    except (KeyError, TypeError) as error:
        raise StoreError(
            f"'{place}' has no 'limit_bytes'.", hint="Set it again: headstart cache limit 50GB."
        ) from error


def set_limit(nbytes: int, home: Path | None = None) -> list[Entry]:
    """Store the limit and remove what goes beyond it and is not in use; return what was removed."""
    nbytes = check_integer("limit", "cache", nbytes, least=0)
    home = cache_folder() if home is None else home
    write_json(home / _SETTINGS, {"limit_bytes": nbytes})
    return make_room(home)


def make_room(home: Path | None = None, *, keep: Path | None = None) -> list[Entry]:
    """Remove entries unused for 30 days, and others, longest unused first, until the rest is within the limit.

    `keep`, what this process has opened, and what anybody has used within the last hour stay, also where the
    limit is passed by them: a run must not lose what it works with.
    """
    home = cache_folder() if home is None else home
    allowed, standing = limit(home), entries(home)
    total = sum(entry.nbytes for entry in standing)
    removed = []
    for entry in reversed(standing):
        unused = time.time() - entry.used
        if total <= allowed and unused < FORGOTTEN:
            break
        if entry.path == keep or entry.path in _opened or unused < _IN_USE:
            continue
        with suppress(StoreError):  # in use where open files cannot be removed: then a later run does it
            _remove(entry.path)
            total -= entry.nbytes
            removed.append(entry)
    return removed


def clear(kind: str | None = None, home: Path | None = None) -> list[Entry]:
    """Remove every entry (of one kind), and what killed builds left; return what was removed."""
    home = cache_folder() if home is None else home
    gone = [entry for entry in entries(home) if kind in (None, entry.kind)]
    for entry in gone:
        _remove(entry.path)
    for name in KINDS:
        if kind in (None, name) and (home / name).is_dir():
            clean_drafts(home / name)
    return gone


def touch(place: Path) -> None:
    """Note that the entry at `place` is used now; on a read-only disk nothing is noted."""
    _opened.add(place)
    with suppress(OSError):
        os.utime(place / "manifest.json")


@contextmanager
def building(place: Path, *, stands: Callable[[], bool] = lambda: False) -> Iterator[Path]:
    """Yield a hidden folder beside `place`, which takes its place at the end; two processes may build at once.

    Parameters
    ----------
    place : Path
        Where the entry shall stand; what stands there is replaced.
    stands : callable
        Asked at the end whether another process has put the same there meanwhile: then that stays.

    Raises
    ------
    StoreError
        If the cache cannot be written.
    """
    draft = place.with_name(draft_name(place.name))
    try:
        draft.mkdir(parents=True)
        clean_drafts(place.parent)
        yield draft
        if stands():
            return
        shutil.rmtree(place, ignore_errors=True)
        try:
            draft.rename(place)
        except OSError:
            if not place.is_dir():  # else another process was first, just now
                raise
        flush_folder(place.parent)
    except OSError as error:
        raise store_error(place, error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _entries_of(folder: Path, kind: str) -> list[Entry]:
    found = []
    for place in folder.iterdir() if folder.is_dir() else ():
        if not _OURS.fullmatch(place.name) or not place.is_dir():
            continue
        with suppress(OSError):  # another process may remove it in this moment
            sizes = [file.stat().st_size for file in place.rglob("*")]
            found.append(Entry(kind, place, sum(sizes), _used(place), _about(place)))
    return found


def _used(place: Path) -> float:
    manifest = place / "manifest.json"
    return (manifest if manifest.exists() else place).stat().st_mtime


def _about(place: Path) -> Mapping[str, object]:
    """Return the facts in an entry's manifest; nothing for a damaged one, which can be removed all the same."""
    try:
        manifest = read_json(place / "manifest.json")
        about = manifest.get("facts") or manifest.get("of") or {}
    except (StoreError, AttributeError):
        return {}
    return about if isinstance(about, dict) else {}


def _remove(place: Path) -> None:
    """Remove an entry: renamed first, so that a half removed one is never taken for whole.

    Where open files cannot be renamed (Windows), the entry stays as it is.
    """
    gone = place.with_name(draft_name(place.name))
    try:
        place.rename(gone)
    except FileNotFoundError:  # another process was first
        return
    except OSError as error:
        raise store_error(place, error) from error
    shutil.rmtree(gone, ignore_errors=True)
