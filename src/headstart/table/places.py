"""Where the files of a list are: paths from other systems are taken where they can mean one file only.

What cannot be taken is told for what it is: web addresses, paths that begin elsewhere, names without their suffix.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from headstart.table.kinds import PICTURE_SUFFIXES, is_folder

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")  # a single slash is left where a path was made of it
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_TRIED = 50  # missing paths that are looked for elsewhere
_NEARBY = 200  # folders next to the list in which they are looked for


def located(root: Path, paths: Sequence[str]) -> list[str]:
    """Return where the files of a list are: relative to `root` where they lie below it.

    A path is taken as it stands if a file is there. Otherwise it is tried in the other Unicode form, without blanks
    around it, with slashes instead of backslashes, as a ``file:`` address and with ``~`` for the home folder; and if
    no path has a suffix, with the one suffix that fits all of them that can be found.

    Parameters
    ----------
    root : Path
        The folder of the list.
    paths : sequence of str
        As they stand in the list.
    """
    found = [_on_disk(root, path) for path in paths]
    if any(_there(root, path) for path in found):
        return found
    slashed = [path.replace("\\", "/") for path in found]
    return _with_suffix(root, found) or _with_suffix(root, slashed) or found


def given_path(path: str | Path) -> Path:
    """Return where a path leads that somebody typed: ``file:`` addresses and ``~`` are taken, too."""
    plain = Path(path)
    if os.path.exists(plain) or not str(path).startswith(("file:", "~")):  # noqa: PTH110 - it raises of long names
        return plain
    return next((Path(form) for form in _forms(str(path)) if _there(Path(), form)), plain)


def leads_to_folder(path: str | Path) -> bool:
    """Return whether a folder is there; of a name that is too long pathlib would raise."""
    return os.path.isdir(path)  # noqa: PTH112


def what_it_is(path: str) -> str:
    """Return what a path that leads to no file here is by its form: a web address, a path of Windows; else nothing."""
    if _DRIVE.match(path) or path.startswith("\\\\"):
        return "a path of Windows"
    if _ADDRESS.match(path):
        return "a web address" if not path.startswith("file:") else "the address of a file that is not here"
    return ""


def as_written(path: str | Path) -> str:
    """Return a path as it was typed: of the two slashes of a web address `Path` keeps one."""
    return re.sub(r"^([A-Za-z][A-Za-z0-9+.-]+):/(?!/)", r"\1://", str(path))


def slashes(path: str) -> str:
    """Return a path with slashes for its backslashes if a file is there, else nothing."""
    other = path.replace("\\", "/")
    return other if other != path and _there(Path(), other) else ""


def where_they_are(root: Path, missing: Sequence[str]) -> str:
    """Return in a sentence or two why the `missing` paths of a list in `root` lead nowhere; empty if that is not known.

    They are looked for from the current folder, from the folders above and just below the list, with other capitals,
    and with a suffix.
    """
    some = [path for path in missing if path][:_TRIED]
    kinds = Counter(filter(None, map(what_it_is, missing)))
    if kinds:
        ((kind, _),) = kinds.most_common(1)
        said = {"a web address": "Web addresses are not read: download the pictures, then list their files."}
        said["a path of Windows"] = "These are paths of Windows: list paths that are relative to the list's folder."
        return said.get(kind, "There are no files at these addresses.")
    for told in (_elsewhere(root, some), _other_suffix(root, some), _other_capitals(root, some)):
        if told:
            return told
    return f"Paths are relative to the folder of the list, '{root}'."


def _on_disk(root: Path, path: str) -> str:
    """Return the form of a path under which a file is there, or the path itself."""
    first = None
    for form in dict.fromkeys(_forms(path)):
        below = _below(root, form)
        first = below if first is None else first
        if _there(root, below):
            return below
    return path if first is None or what_it_is(path) else first


def _forms(path: str) -> Iterator[str]:
    for plain in dict.fromkeys((path, path.strip())):
        yield plain
        yield from (unicodedata.normalize(form, plain) for form in ("NFC", "NFD"))
        if "\\" in plain:
            slashed = plain.replace("\\", "/")
            yield from (slashed, *(unicodedata.normalize(form, slashed) for form in ("NFC", "NFD")))
        if plain.startswith("file:"):
            yield unquote(urlsplit(plain).path)
        if plain.startswith("~"):
            with suppress(RuntimeError):  # no such user
                yield str(Path(plain).expanduser())


def _below(root: Path, path: str) -> str:
    place = Path(path)
    if place.is_absolute() and place.is_relative_to(root.absolute()):
        return place.relative_to(root.absolute()).as_posix()
    return place.as_posix()


def _there(root: Path, path: str) -> bool:
    return os.path.lexists(root / path) if "\0" not in path else False


def _with_suffix(root: Path, paths: list[str]) -> list[str] | None:
    """Return the paths with the one suffix under which files are there, if none of them has a suffix of its own."""
    if any(map(_has_suffix, paths)):
        return None
    fitting = [suffix for suffix in _suffixes() if any(_there(root, path + suffix) for path in paths)]
    if len({suffix.lower() for suffix in fitting}) != 1:
        return None
    return [path + next((one for one in fitting if _there(root, path + one)), fitting[0]) for path in paths]


def _has_suffix(path: str) -> bool:
    return Path(path).suffix.lower() in PICTURE_SUFFIXES


def _suffixes() -> list[str]:
    return [form for suffix in PICTURE_SUFFIXES for form in (suffix, suffix.upper())]


def _elsewhere(root: Path, missing: Sequence[str]) -> str:
    """Return from where the paths would lead to files, if from anywhere near."""
    here, home = Path.cwd(), root.absolute()
    if here != home and _most(missing, here):
        return (
            f"These paths are relative to the current folder, '{here}', not to the folder of the list, '{root}': move "
            "the list there, or write paths relative to it."
        )
    for above in list(home.parents)[:3]:
        if _most(missing, above):
            return (
                f"These paths are relative to '{above}', not to the folder of the list, '{root}': move the list there."
            )
    for below in _folders_in(home):
        if _most(missing, below):
            return f"The pictures lie in '{below}': write '{below.name}/' before these paths, or move the list there."
    return ""


def _folders_in(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if is_folder(entry) and entry.name[0] != ".")[:_NEARBY]
    except OSError:
        return []


def _other_suffix(root: Path, missing: Sequence[str]) -> str:
    """Return under which suffixes files of these names are there."""
    found = Counter(
        suffix
        for path in missing
        for suffix in _suffixes()
        for name in {path, str(Path(path).with_suffix(""))}
        if _there(root, name + suffix)
    )
    if not found:
        return ""
    named = " and ".join(f"'{suffix}'" for suffix in sorted(found))
    return f"Files with these names are there, but they end in {named}: write the whole names into the list."


def _other_capitals(root: Path, missing: Sequence[str]) -> str:
    """Return the name on disk that differs from the first path in capitals only."""
    for path in missing:
        place = root
        for part in Path(path).parts:
            try:
                names = {name.casefold(): name for name in os.listdir(place)}  # noqa: PTH208 - names alone are wanted
            except OSError:
                break
            if part.casefold() not in names:
                break
            place = place / names[part.casefold()]
        else:
            return f"'{path}' is called '{place.relative_to(root)}' on the disk: capitals must be the same."
    return ""


def _most(paths: Sequence[str], folder: Path) -> bool:
    """Return whether more than half of the paths lead to files from `folder`."""
    return 2 * sum(_there(folder, path) for path in paths) > len(paths) > 0
