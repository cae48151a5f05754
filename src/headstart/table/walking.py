"""What lies below a folder, one folder at a time, for a million files: names only, nothing opened, nothing kept.

The rules are those of `headstart.table.listing`: hidden things, system folders and what headstart wrote are passed
over, real folders come before linked ones, and a cycle of links ends.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from headstart.base.errors import DataError
from headstart.table.kinds import Skipped, is_folder, passed_over, printable
from headstart.words.skipped import LINK

_CYCLE = "a link to a folder that is read already: not entered"


@dataclass
class Level:
    """What lies directly in one folder.

    Parameters
    ----------
    prefix : str
        What the path of everything in it begins with.
    files : list of str
        Names of regular files, sorted.
    others : list of str
        Names of what may be a file, such as a link to one, sorted.
    folders, links : list of str
        Names of folders in it, and of links to folders, sorted.
    """

    prefix: str
    files: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)


def levels(
    folder: Path, passed: Callable[[Skipped], object], *, unread: Callable[[DataError], object] | None = None
) -> Iterator[Level]:
    """Yield what lies in `folder` and in each folder below it; paths begin with `folder` as it was given.

    Parameters
    ----------
    folder : Path
    passed : callable
        Hears of each thing that is passed over by its name or by what it holds.
    unread : callable, optional
        Hears of a folder that may not be read, and the others go on; without it that is the error.

    Raises
    ------
    DataError
        If a folder may not be read.
    """
    place = Path(os.path.realpath(folder))
    seen = {str(place), *map(str, place.parents)}
    first = (folder, (folder / "x").as_posix()[:-1])
    real, linked = deque([first]), deque[tuple[Path, str]]()
    while real or linked:
        here, prefix = (real or linked).popleft()
        if here is not folder:
            target = os.path.realpath(here)
            if target in seen:
                passed(Skipped(printable(prefix.rstrip("/")), _CYCLE, unreadable=False, kind=LINK))
                continue
            seen.add(target)
        try:
            level = _level(here, prefix, passed)
        except DataError as error:
            if unread is None:
                raise
            unread(error)
            continue
        yield level
        real.extend((here / child, f"{prefix}{child}/") for child in level.folders)
        linked.extend((here / child, f"{prefix}{child}/") for child in level.links)


def _level(folder: Path, prefix: str, passed: Callable[[Skipped], object]) -> Level:
    found = Level(prefix)
    try:
        with os.scandir(folder) as entries:
            for entry in entries:  # one at a time: a million of them at once take 300 MB
                if kind := passed_over(entry):
                    passed(Skipped.of(printable(prefix + entry.name), kind))
                else:
                    _put(found, entry)
    except OSError as error:
        raise DataError(
            f"The folder '{folder}' cannot be read ({error.strerror}).",
            hint="Check its permissions, or move it out of the folder that is read.",
        ) from error
    for names in (found.files, found.others, found.folders, found.links):
        names.sort()
    return found


def _put(found: Level, entry: os.DirEntry[str]) -> None:
    if entry.is_dir(follow_symlinks=False):
        found.folders.append(entry.name)
    elif is_folder(entry):
        found.links.append(entry.name)
    elif entry.is_file(follow_symlinks=False):
        found.files.append(entry.name)
    else:
        found.others.append(entry.name)
