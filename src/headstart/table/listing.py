"""What lies in a folder: pictures are listed, faulty ones with their reason, everything else is counted.

Hidden files and folders, run folders (``*.run``) and what archivers leave behind are never opened; each
counts as one ignored thing. Symbolic links are followed; one that leads back to a folder above it, or to a
folder that has been read already, is listed and not entered, so a cycle ends.
"""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from headstart.base.errors import DataError

PICTURE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
PICTURE_FORMS = "JPEG, PNG, WebP, BMP or TIFF"

_GIF_REASON = "GIF is not read: convert it to PNG or JPEG"
_BROKEN_LINK = "a broken link: its target does not exist"
_NO_FILE = "not a regular file"
_CYCLE = "a link to a folder that is read already: not entered"
_BAD_NAME = "its name is not valid UTF-8: rename it"


@dataclass(frozen=True)
class Skipped:
    """A file that takes part in nothing.

    Parameters
    ----------
    path : str
        Relative to the data's root, with forward slashes.
    reason : str
        Why, in a few words.
    unreadable : bool
        Whether it is a picture that should have been readable, so that it counts for the 5 % rule.
    """

    path: str
    reason: str
    unreadable: bool = True


_OWN = ("plan.json", "bundle.json")  # a folder that holds one of them is a run or a bundle of ours


@dataclass
class Listing:
    """What was found: pictures, skipped files, subfolders and links to folders (names), ignored things."""

    files: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    ignored: int = 0

    def add(self, other: Listing) -> None:
        """Take over what `other` found, but for its subfolders."""
        self.files.extend(other.files)
        self.skipped.extend(other.skipped)
        self.ignored += other.ignored


def is_hidden(name: str) -> bool:
    """Return whether a file or folder of that name is passed over: hidden, our run or bundle, an archiver's rest."""
    return name.startswith(".") or name == "__MACOSX" or name.lower().endswith((".run", ".bundle"))


def suffix_fault(path: str) -> Skipped | None:
    """Return why a file that was named on purpose is no picture by its suffix, or None if it is one."""
    suffix = Path(path).suffix.lower()
    if suffix in PICTURE_SUFFIXES:
        return None
    if suffix == ".gif":
        return Skipped(path, _GIF_REASON, unreadable=False)
    return Skipped(path, f"files that end in '{suffix}' are not read: convert it to PNG or JPEG")


def file_fault(path: Path) -> str | None:
    """Return why nothing can be read at `path` (missing, broken link, no regular file), or None."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        if path.is_symlink():
            return _BROKEN_LINK
        return "no such file" if isinstance(error, FileNotFoundError) else str(error.strerror)
    return None if stat.S_ISREG(mode) else _NO_FILE


def scan(folder: Path, prefix: str = "") -> Listing:
    """Return what lies directly in `folder`, sorted; paths of files begin with `prefix`.

    Raises
    ------
    DataError
        If the folder may not be read.
    """
    found = Listing()
    try:
        with os.scandir(folder) as entries:
            ordered = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(
            f"The folder '{folder}' cannot be read ({error.strerror}).",
            hint="Check its permissions, or move it out of the data folder.",
        ) from error
    for entry in ordered:
        if is_hidden(entry.name):
            found.ignored += 1
        elif entry.is_dir(follow_symlinks=False):
            if any(Path(entry.path, own).is_file() for own in _OWN):
                found.ignored += 1
            else:
                found.folders.append(entry.name)
        elif entry.is_symlink() and Path(entry.path).is_dir():
            found.links.append(entry.name)
        else:
            _add_file(entry, prefix + entry.name, found)
    return found


def walk(folder: Path, prefix: str) -> Listing:
    """Return all pictures below `folder`, however deep, sorted; paths begin with `prefix`.

    Real folders are read before linked ones, so a picture that can be reached both ways has its real path.
    """
    found = Listing()
    seen = {*_chain(folder)}
    real = deque([(folder, prefix)])
    linked: deque[tuple[Path, str]] = deque()
    while real or linked:
        here, name = (real or linked).popleft()
        if here != folder:
            place = os.path.realpath(here)
            if place in seen:
                found.skipped.append(Skipped(name.rstrip("/"), _CYCLE, unreadable=False))
                continue
            seen.add(place)
        level = scan(here, name)
        found.add(level)
        real.extend((here / child, f"{name}{child}/") for child in level.folders)
        linked.extend((here / child, f"{name}{child}/") for child in level.links)
    found.files.sort()
    found.skipped.sort(key=lambda skipped: skipped.path)
    return found


def leads_back(folder: Path) -> bool:
    """Return whether the link `folder` leads to a folder above it."""
    return os.path.realpath(folder) in _chain(folder.parent)


def list_pictures(
    pictures: Sequence[str | Path] | str | Path,
) -> tuple[tuple[Path, ...], tuple[Skipped, ...], int]:
    """Return the pictures among files and below folders, for prediction.

    Parameters
    ----------
    pictures : path or sequence of paths
        Files and folders; folders are read however deep they go.

    Returns
    -------
    files : tuple of Path
        In the order given, each folder's sorted by path; nothing twice.
    skipped : tuple of Skipped
        Files that cannot be read as pictures, with the reason.
    ignored : int
        How many hidden files and files of other suffixes lie in the folders.

    Raises
    ------
    DataError
        If the only thing named does not exist, or there is no picture at all.
    """
    named = [pictures] if isinstance(pictures, str | Path) else list(pictures)
    files: dict[Path, None] = {}
    skipped: list[Skipped] = []
    ignored = 0
    for given in map(Path, named):
        if given.is_dir():
            found = walk(given, "")
            files.update(dict.fromkeys(given / name for name in found.files))
            skipped += [Skipped((given / s.path).as_posix(), s.reason, s.unreadable) for s in found.skipped]
            ignored += found.ignored
            continue
        fault = suffix_fault(given.as_posix())
        if not given.exists() and not given.is_symlink():
            if len(named) == 1:
                raise missing_path(given)
            skipped.append(Skipped(given.as_posix(), "there is no such file"))
            continue
        reason = file_fault(given)
        if fault is None and reason is not None:
            fault = Skipped(given.as_posix(), reason)
        if fault is None:
            files[given] = None
        else:
            skipped.append(fault)
    if not files:
        raise no_pictures(", ".join(f"'{given}'" for given in named[:3]), skipped, ignored)
    return tuple(files), tuple(skipped), ignored


def no_pictures(where: str, skipped: Sequence[Skipped], ignored: int) -> DataError:
    """Return the error for a place without a single picture that can be read."""
    hint = f"Pictures are {PICTURE_FORMS} files ({', '.join(PICTURE_SUFFIXES)})."
    if skipped:
        hint += f" {len(skipped)} skipped, such as '{skipped[0].path}': {skipped[0].reason}."
    if ignored:
        hint += f" {ignored} hidden files or files of other kinds were ignored."
    return DataError(f"There is no readable picture in {where or 'an empty list'}.", hint=hint)


def missing_path(path: Path) -> DataError:
    """Return the error for a path that does not exist; it names the nearest thing that does."""
    missing = path.absolute()
    while not missing.parent.is_dir() and missing.parent != missing:
        missing = missing.parent
    try:
        names = sorted(entry.name for entry in os.scandir(missing.parent))
    except OSError:
        names = []
    near = get_close_matches(missing.name, names, n=1)
    hint = f"The nearest folder that exists is '{missing.parent}'."
    if near:
        hint += f" Did you mean '{missing.parent / near[0]}'?"
    return DataError(f"'{path}' does not exist.", hint=hint)


def _add_file(entry: os.DirEntry[str], path: str, found: Listing) -> None:
    """Sort one file into pictures, skipped and ignored."""
    suffix = Path(entry.name).suffix.lower()
    if suffix != ".gif" and suffix not in PICTURE_SUFFIXES:
        found.ignored += 1
        return
    # Parquet and JSON hold Unicode only; such a name could be read, but no result could ever name it.
    printable = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    if printable != path:
        found.skipped.append(Skipped(printable, _BAD_NAME))
    elif suffix == ".gif":
        found.skipped.append(Skipped(path, _GIF_REASON, unreadable=False))
    elif not entry.is_file(follow_symlinks=False) and (reason := file_fault(Path(entry.path))):
        found.skipped.append(Skipped(path, reason))
    else:
        found.files.append(path)


def _chain(folder: Path) -> list[str]:
    """Return the real paths of `folder` and of every folder above it."""
    place = Path(os.path.realpath(folder))
    return [str(place), *map(str, place.parents)]
