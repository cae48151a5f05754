"""What lies in a folder: pictures, and all else with its name and reason.

Hidden files and folders, run folders, bundles and what archivers leave behind are never opened; each is listed as one
thing. Symbolic links are followed; one that leads back to a folder above it, or to a folder that has been read already,
is listed and not entered, so a cycle ends.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

from headstart.base.errors import DataError
from headstart.base.forms import TEXT
from headstart.table.kinds import PICTURE_FORMS, Skipped, fault_of, is_folder, passed_over, printable
from headstart.table.places import as_written, given_path, leads_to_folder, slashes, what_it_is
from headstart.words.skipped import LINK, by_kind

_CYCLE = "a link to a folder that is read already: not entered"


@dataclass
class Listing:
    """What was found: pictures, what is not read, subfolders and links to folders (names)."""

    files: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    def add(self, other: Listing) -> None:
        """Take over what `other` found, but for its subfolders."""
        self.files.extend(other.files)
        self.skipped.extend(other.skipped)


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
        if kind := passed_over(entry):
            found.skipped.append(Skipped.of(printable(prefix + entry.name), kind))
        elif entry.is_dir(follow_symlinks=False):
            found.folders.append(entry.name)
        elif is_folder(entry):
            found.links.append(entry.name)
        else:
            path, regular = prefix + entry.name, entry.is_file(follow_symlinks=False)
            if fault := fault_of(entry.path, path, regular=regular):
                found.skipped.append(fault)
            else:
                found.files.append(path)
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
                found.skipped.append(Skipped(name.rstrip("/"), _CYCLE, unreadable=False, kind=LINK))
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


def holds_pictures(folder: Path) -> bool:
    """Return whether there is a picture below `folder`; it is looked for until one is found."""
    seen, left = {*_chain(folder)}, deque([folder])
    while left:
        here = left.popleft()
        level = scan(here)
        if level.files:
            return True
        for child in (here / name for name in (*level.folders, *level.links)):
            if (place := os.path.realpath(child)) not in seen:
                seen.add(place)
                left.append(child)
    return False


def list_pictures(pictures: Sequence[str | Path] | str | Path) -> tuple[tuple[Path, ...], tuple[Skipped, ...]]:
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
        Everything else that was named or lies in the folders, with the reason.

    Raises
    ------
    DataError
        If the only thing named does not exist, or there is no picture at all.
    """
    named = [pictures] if isinstance(pictures, str | Path) else list(pictures)
    files: dict[Path, None] = {}
    skipped: list[Skipped] = []
    for given in map(given_path, named):
        if leads_to_folder(given):
            found = walk(given, "")
            files.update(dict.fromkeys(given / name for name in found.files))
            place = (given / "x").as_posix()[:-1]
            skipped += [replace(entry, path=place + entry.path) for entry in found.skipped]
        elif not os.path.lexists(given):
            if len(named) == 1:
                raise missing_path(given)
            told = what_it_is(str(given))
            why = f"there is no such file here: it is {told}" if told else "there is no such file"
            skipped.append(Skipped(as_written(given.as_posix()), why))
        elif fault := fault_of(given, given.as_posix()):
            skipped.append(fault)
        else:
            files[given] = None
    if not files:
        error = no_pictures(", ".join(f"'{given}'" for given in named[:3]), skipped)
        if len(named) == 1 and Path(named[0]).is_file() and skipped[0].kind == TEXT.name:
            error.hint += " If it is a list of pictures: predict takes it with --list."
        raise error
    return tuple(files), tuple(skipped)


def no_pictures(where: str, skipped: Sequence[Skipped]) -> DataError:
    """Return the error for a place without a single picture that can be read; it says what lies there."""
    hint = f"Pictures are {PICTURE_FORMS} files."
    if told := what_lies_there(skipped):
        hint += f" What lies there: {told}."
    return DataError(f"There is no readable picture in {where or 'an empty list'}.", hint=hint)


def what_lies_there(skipped: Sequence[Skipped]) -> str:
    """Return what was skipped: pictures that cannot be read with the first one's reason, all else by kind."""
    faulty = [entry for entry in skipped if not entry.kind]
    first = f"'{faulty[0].path}': {faulty[0].reason}" if faulty else ""
    told = [f"{len(faulty):,} that cannot be read, first {first}"] if faulty else []
    return "; ".join([*told, *filter(None, [by_kind(entry.kind for entry in skipped)])])


def missing_path(path: Path) -> DataError:
    """Return the error for a path that does not exist; it names the nearest thing that does."""
    if told := what_it_is(str(path)):
        said = f"'{as_written(path)}' does not exist: it is {told}."
        return DataError(said, hint="Give a file or folder on this computer.")
    missing = path.absolute()
    while not missing.parent.is_dir() and missing.parent != missing:
        missing = missing.parent
    try:
        names = sorted(entry.name for entry in os.scandir(missing.parent))
    except OSError:
        names = []
    near = get_close_matches(missing.name, names, n=1)
    hint = f"The nearest folder that exists is '{missing.parent}'."
    if slashed := slashes(str(path)):
        hint = f"Did you mean '{slashed}'? Here, folders are divided by /."
    elif near:
        hint += f" Did you mean '{missing.parent / near[0]}'?"
    return DataError(f"'{path}' does not exist.", hint=hint)


def _chain(folder: Path) -> list[str]:
    """Return the real paths of `folder` and of every folder above it."""
    place = Path(os.path.realpath(folder))
    return [str(place), *map(str, place.parents)]
