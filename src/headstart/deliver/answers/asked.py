"""What shall be answered: files, folders, lists and streams of paths, in a form that holds a million names."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeVar

from headstart.table.kinds import Skipped, printable
from headstart.table.paths import paths_in
from headstart.table.places import given_path, leads_to_folder, located, what_it_is
from headstart.table.walking import levels

_TOGETHER = 4096  # paths of a list that are looked up and kept together
ONE_BY_ONE = "pictures named one by one"

Item = TypeVar("Item")


class Entry(NamedTuple):
    """A file that may be a picture.

    Parameters
    ----------
    place : str
        Where it is, as the system names it.
    name : str
        What it is called in an answer.
    regular : bool
        Whether it was a regular file when it was listed.
    named : bool
        Whether a list names it as a picture, so that it has a row whatever it is.
    """

    place: str
    name: str
    regular: bool = False
    named: bool = True


@dataclass(frozen=True)
class Asked:
    """What was typed.

    Parameters
    ----------
    pictures : tuple of str
        Files and folders.
    lists : tuple of Path
        Files that name pictures; paths in them are relative to their folder.
    stream : iterable of str, optional
        Paths that come from elsewhere, relative to the current folder.
    watched : Path, optional
        A folder whose new files shall be answered.
    """

    pictures: tuple[str, ...] = ()
    lists: tuple[Path, ...] = ()
    stream: Iterable[str] | None = None
    watched: Path | None = None

    def named(self) -> tuple[str, ...]:
        """Return what tells one task from another: a folder may have more pictures tomorrow, and is the same task."""
        folders = [path for path in self.pictures if leads_to_folder(given_path(path))]
        told = [f"folder {printable(path.rstrip('/') or '/')}" for path in folders]
        told += [f"list {printable(str(file))}" for file in self.lists]
        if self.watched is not None:
            told.append(f"folder {printable(str(self.watched))}")
        if self.stream is not None:
            told.append("stdin")
        if len(folders) < len(self.pictures):
            told.append(ONE_BY_ONE)
        return tuple(dict.fromkeys(told))

    @property
    def is_one_path(self) -> bool:
        """Whether one file or folder was named and nothing else."""
        return len(self.pictures) == 1 and not self.lists and self.stream is None

    @property
    def is_absolute(self) -> bool:
        """Whether it means the same in every current folder."""
        every = [*map(Path, self.pictures), *self.lists, *filter(None, [self.watched])]
        return self.stream is None and all(each.is_absolute() for each in every)


class _Group(NamedTuple):
    """Files whose paths begin alike; their names are kept as bytes, for a million objects would take 100 MB."""

    prefix: str
    names: bytes
    regular: bool
    named: bool


class Listed:
    """All files that were asked for, and what lies beside them; names only, in the order in which they were named."""

    def __init__(self) -> None:
        self._groups: list[_Group] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, names: list[str], prefix: str = "", *, regular: bool = False, named: bool = True) -> None:
        """Take over some names, each with `prefix` before it."""
        for together in parts(names, _TOGETHER):
            content = "\0".join(together).encode("utf-8", "surrogateescape")
            self._groups.append(_Group(prefix, content, regular, named))
            self._count += len(together)

    def __iter__(self) -> Iterator[Entry]:
        for group in self._groups:
            for name in group.names.decode("utf-8", "surrogateescape").split("\0"):
                place = group.prefix + name
                yield Entry(place, printable(place), group.regular, group.named)

    @classmethod
    def of(cls, asked: Asked, passed: Callable[[Skipped], object]) -> Listed:
        """Return the files that were asked for; `passed` hears of what is passed over by its name alone.

        Raises
        ------
        DataError
            If a folder or a list can't be read.
        """
        found = cls()
        for path in asked.pictures:
            place = given_path(path)
            if leads_to_folder(place):
                found.add_folder(place, passed)
            else:
                found.add([str(place)], named=False)
        for file in asked.lists:
            found.add_paths(file.parent, paths_in(file))
        if asked.stream is not None:
            found.add_paths(Path(), asked.stream)
        return found

    def add_folder(self, folder: Path, passed: Callable[[Skipped], object]) -> None:
        """Take over all files below a folder."""
        for level in levels(folder, passed):
            self.add(level.files, level.prefix, regular=True, named=False)
            self.add(level.others, level.prefix, named=False)

    def add_paths(self, root: Path, paths: Iterable[str]) -> None:
        """Take over the paths of a list, relative to `root`; a null byte can be in no name of a file."""
        for together in parts(paths, _TOGETHER):
            self.add([_from(root, path) for path in located(root, together)])


def parts(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield items in lists of at most `size`."""
    remaining = iter(items)
    while together := list(islice(remaining, size)):
        yield together


def _from(root: Path, path: str) -> str:
    """Return a path of a list as it leads there from here; a web address stays as it was written."""
    return path if what_it_is(path) else os.fspath(root / path)
