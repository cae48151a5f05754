"""What callers of Python may give as pictures: one door for every verb that takes them.

`given_pictures` takes one picture or many: paths, the content of a file, open files, members of archives, pictures of
Pillow, uint8 arrays; alone, in a list or a generator, in an array, in a column of a table. Whatever else comes is
refused with its type and what to give in its place. Pictures are numbered from 1, as people count.

What is wrong with a type is an error of the program and stops at once. What is wrong with one picture (a path that
leads nowhere) is that picture's `fault`, and the others go on.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Annotated, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from headstart.base.errors import DataError
from headstart.base.files import sha256_of_bytes, sha256_of_file
from headstart.base.forms import HEAD, form_of
from headstart.pixels.arrays import FORMS, SEVERAL, as_array, check_pixels, is_numbers, is_one_picture, pictures_of
from headstart.pixels.decode import Source
from headstart.table.places import given_path


@dataclass(frozen=True)
class TakesPictures:
    """Marks a parameter whose value goes through `given_pictures`; a test gives each of them every kind of thing."""


Pictures: TypeAlias = Annotated[
    str
    | os.PathLike[str]
    | bytes
    | bytearray
    | memoryview
    | IO[bytes]
    | Image.Image
    | NDArray[Any]
    | Mapping[str, Any]  # a table with a column of paths
    | Iterable[Any],
    TakesPictures(),
]


@dataclass(frozen=True, eq=False)
class Given:
    """One picture as it was given.

    Parameters
    ----------
    source : Path, bytes, array or PIL image
        As `headstart.pixels.decode` takes it.
    number : int
        Its place, from 1.
    what : str
        Its path, or such as ``"an array"``.
    fault : str
        Why it can't be used, in a few words, where that is known already.
    """

    source: Source
    number: int
    what: str
    fault: str = ""

    @property
    def name(self) -> str:
        """What people call it: its path, or such as ``"picture 3 (an array)"``."""
        return self.what if isinstance(self.source, Path) else f"picture {self.number} ({self.what})"

    def digest(self) -> str:
        """Return what tells its content: the SHA-256 of the file, or of the pixels and all that says how to show them.

        Raises
        ------
        DataError
            If the file cannot be opened.
        """
        if isinstance(self.source, Path):
            try:
                return sha256_of_file(self.source)
            except (OSError, ValueError) as error:
                said = error.strerror if isinstance(error, OSError) else error
                raise DataError(f"'{self.name}' cannot be opened ({said}).", hint="Check the path.") from error
        if isinstance(self.source, bytes):
            return sha256_of_bytes(self.source)
        if isinstance(self.source, np.ndarray):
            return sha256_of_bytes(repr(self.source.shape).encode() + np.ascontiguousarray(self.source).tobytes())
        return sha256_of_bytes(_shown(self.source))


def given_pictures(pictures: Pictures) -> list[Given]:
    """Return the pictures that a caller has given, in order.

    Raises
    ------
    DataError
        If something among them can't be taken for a picture; it says what it is and what to give in its place.
    """
    if _is_one(pictures):
        return [_one(pictures, 1)]
    return [_one(picture, number) for number, picture in enumerate(_many(pictures), 1)]


def _is_one(pictures: object) -> bool:
    """Whether this is a single picture: not what holds several."""
    if isinstance(pictures, str | os.PathLike | bytes | bytearray | memoryview | Image.Image | Given):
        return True
    array = as_array(pictures)
    return _is_readable(pictures) if array is None else is_one_picture(array)


def _many(pictures: Any) -> list[Any]:
    """Return what stands in a list, an array, a column of a table, or whatever else can be gone through."""
    column = _column(pictures)
    array = as_array(column)
    if array is not None:
        return pictures_of(array)
    if isinstance(column, Mapping | set | frozenset):
        raise DataError(
            f"{SEVERAL} are a {type(column).__name__}.",
            hint="Give a list, so that every answer has its place, e.g. list(pictures.values()).",
        )
    if callable(getattr(column, "to_pylist", None)):  # of Arrow, whose own values are not Python's
        return list(column.to_pylist())
    try:
        through = iter(column)
    except TypeError:
        raise _refused(SEVERAL, column) from None
    return list(through)


def _one(picture: Any, number: int) -> Given:
    """Return one picture."""
    if isinstance(picture, Given):
        return replace(picture, number=number)
    if isinstance(picture, str | os.PathLike):
        return _of_path(os.fsdecode(picture), number)
    if isinstance(picture, bytes | bytearray | memoryview):
        return Given(bytes(picture), number, "bytes")
    if isinstance(picture, Image.Image):
        return _of_pillow(picture, number)
    array = as_array(picture)
    if array is not None and array.ndim and is_numbers(array):
        return Given(check_pixels(f"Picture {number}", array), number, "an array")
    if array is None and _is_readable(picture):
        return _of_file(picture, number)
    raise _refused(f"Picture {number}", picture)


def _of_path(path: str, number: int) -> Given:
    if not path.strip():
        return Given(b"", number, "an empty path", "the path is empty")
    if path.startswith("data:"):
        return Given(b"", number, "a data URL", "a data URL: give its bytes, base64.b64decode(TEXT)")
    fault, place = "", os.fspath(given_path(path)) if path.startswith(("~", "file:")) else path
    if "://" in place:
        fault = "a web address, and headstart downloads no pictures: give the file or its bytes"
    elif "\0" in place:
        fault = "its name has a null byte"
    elif os.path.isdir(place):  # noqa: PTH112 - of every picture: a Path takes five times as long
        fault = "it is a folder; headstart.predict(BUNDLE, FOLDER) reads folders"
    return Given(Path(place), number, path, fault)


def _is_readable(thing: object) -> bool:
    """Whether something can be read as a file; a class only describes such a thing."""
    if isinstance(thing, type):
        return False
    return callable(getattr(thing, "read_bytes", None)) or callable(getattr(thing, "read", None))


def _of_file(file: Any, number: int) -> Given:
    """Return the picture in an open file, or at a path inside an archive."""
    called = getattr(file, "name", "")
    what = f"'{called}'" if isinstance(called, str) and called else "an open file"
    try:
        content = _content(file)
    except (OSError, ValueError) as error:  # closed, or on a disk that fails
        raise DataError(
            f"Picture {number} ({what}) cannot be read ({error}).", hint="Open it again, or give its path."
        ) from error
    if not isinstance(content, bytes | bytearray | memoryview):
        raise DataError(
            f"Picture {number} ({what}) gives {type(content).__name__}, not bytes.",
            hint="Open the file for bytes, open(path, 'rb'), or give its path.",
        )
    return Given(bytes(content), number, what)


def _content(file: Any) -> Any:
    """Read a file from its beginning, as Pillow does, and leave it where it stood.

    What has just been written into a BytesIO stands at its end, and so does what was read before.
    """
    if callable(getattr(file, "read_bytes", None)):
        return file.read_bytes()
    if not (callable(getattr(file, "seekable", None)) and file.seekable()):
        return file.read()
    stood = file.tell()
    file.seek(0)
    content = file.read()
    file.seek(stood)
    return content


def _of_pillow(picture: Image.Image, number: int) -> Given:
    """Return a picture of Pillow; one that was opened and not yet read is read as the file would be."""
    what = "a PIL image"
    if isinstance(picture, ImageFile.ImageFile) and picture.tile:  # it was not read yet
        if picture.fp is None:
            fault = "its file was closed before it was read: call load() while the file is open, or give the path"
            return Given(picture, number, what, fault)
        if picture.tell() == 0:  # else another page was asked for
            content = bytes(_content(picture.fp))
            if form_of(content[:HEAD]).is_read:
                # By our own readers: they shrink a JPEG as they read it, and see all 16 bits and a negative.
                return Given(content, number, what)
    return Given(picture, number, what)


def _shown(picture: Image.Image) -> bytes:
    """Return all that decides how a picture of Pillow looks, as bytes."""
    info = sorted(picture.info.items(), key=lambda item: str(item[0]))
    tags = dict(picture.getexif()), dict(getattr(picture, "tag_v2", {}))
    facts = (type(picture).__name__, picture.mode, picture.size, info, tags, picture.getpalette())
    return repr(facts).encode() + picture.tobytes()


def _column(frame: Any) -> Any:
    """Return the column ``path`` of a table (pandas, Polars, Arrow), or its only one; anything else as it is.

    Going through a DataFrame gives the names of its columns, which would be taken for paths.
    """
    names = getattr(frame, "column_names", getattr(frame, "columns", None))
    if names is None or not hasattr(frame, "__getitem__"):
        return frame
    names = list(names)
    found = [name for name in names if str(name).strip().casefold() == "path"] or (names if len(names) == 1 else [])
    if len(found) != 1:
        listed = ", ".join(f"'{name}'" for name in names[:8])
        example = f"frame['{names[0]}']" if names else "frame['path']"
        raise DataError(
            f"{SEVERAL} are a {type(frame).__name__}, and which of its columns holds them is not clear: {listed}.",
            hint=f"Give that column, e.g. {example}, or call it 'path'.",
        )
    return frame[found[0]]


def _refused(name: str, thing: Any) -> DataError:
    """Return the error for what is no picture at all."""
    kind = type(thing).__name__
    article = "an" if kind[:1].lower() in "aeiou" else "a"
    said = f"{name} are {article} {kind}" if name == SEVERAL else f"{name} is {article} {kind}"
    if isinstance(thing, Mapping):
        return DataError(f"{said}.", hint=f"Give the picture that stands in it, e.g. row['image']. {FORMS}")
    if isinstance(thing, tuple | list):
        if thing and all(isinstance(item, int | float | list | tuple) for item in thing):
            return DataError(f"{said} of numbers.", hint="Give np.asarray(picture, dtype='uint8').")
        return DataError(f"{said}.", hint=f"Give the pictures alone, in one flat list. {FORMS}")
    if thing is None or kind in ("float", "int", "NAType", "NaTType", "bool"):
        return DataError(f"{said} ({thing!r}).", hint=f"Is there a gap in the list? {FORMS}")
    return DataError(f"{said}.", hint=FORMS)
