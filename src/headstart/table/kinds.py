"""What a thing in a folder is: a picture that is read, one that is not, or something else with its name.

A file whose suffix says that it is a picture is one: the decoder says what is wrong with it. Every other file is told
by its first bytes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from headstart.base.forms import DICOM, HEAD, TIFF, Form, form_of
from headstart.base.forms import OTHER as OTHER_FORM
from headstart.base.ours import ANSWERS_LOCK, ANSWERS_RECORD
from headstart.records.results import Skipped as SkippedRecord
from headstart.words.skipped import HIDDEN, HIDDEN_FOLDER, OTHER, OWN, RAW, SYSTEM, is_picture, reason_of

PICTURE_SUFFIXES = (
    ".avif", ".bmp", ".jfif", ".jif", ".jpe", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"
)  # fmt: skip
PICTURE_FORMS = "JPEG, PNG, WebP, BMP, TIFF or AVIF"
# Raw pictures of cameras begin like a TIFF, but what a reader of TIFF finds in them is a thumbnail.
_RAW = (
    ".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mos", ".mrw", ".nef",
    ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"
)  # fmt: skip
_DICOM = (".dcm", ".dicom")  # old ones lack the bytes that say so
_SYSTEM = ("__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information")  # some hold thumbnails of the pictures
# A run is known by its plan and split, a bundle by its description and weights, whatever the folder is called.
_OWN = (
    ("plan.json", "split.parquet"),
    ("results.json", "report.md"),
    ("bundle.json", "model.safetensors"),
    (ANSWERS_RECORD, ANSWERS_LOCK),
)
_BROKEN_LINK = "a broken link: its target does not exist"
NO_FILE = "no such file"
_FOLDER, _NOT_REGULAR = "a folder, not a picture", "not a regular file"
_BAD_NAME = "its name is not valid UTF-8: rename it"


@dataclass(frozen=True)
class Skipped:
    """A file or folder that takes part in nothing.

    Parameters
    ----------
    path : str
        Relative to the data's root, with forward slashes.
    reason : str
        Why, in a few words.
    unreadable : bool
        Whether it is a picture that should have been readable, so that it counts for the 5 % rule. A picture in a form
        that is known and not read does not count: it is sound, and is told on screen.
    kind : str
        What it is, a key of `headstart.words.skipped.KINDS`; empty for what should have been readable.
    """

    path: str
    reason: str
    unreadable: bool = True
    kind: str = ""

    @classmethod
    def of(cls, path: str, kind: str) -> Skipped:
        """Return the entry for something that is known and not read."""
        return cls(path, reason_of(kind), unreadable=False, kind=kind)

    @property
    def picture(self) -> bool:
        """Whether it is a picture, or was meant to be one."""
        return self.unreadable or (bool(self.kind) and is_picture(self.kind))


def skipped_records(skipped: Iterable[Skipped]) -> tuple[SkippedRecord, ...]:
    """Return the entries as they are written and shown."""
    return tuple(SkippedRecord(path=one.path, reason=one.reason, kind=one.kind, picture=one.picture) for one in skipped)


def passed_over(entry: os.DirEntry[str]) -> str:
    """Return the kind of a thing in a folder that is never opened, by its name or what it holds; empty for all else."""
    if entry.name.startswith("."):
        return HIDDEN_FOLDER if is_folder(entry) else HIDDEN
    if not is_folder(entry):
        return ""
    return SYSTEM if entry.name in _SYSTEM else OWN if is_own(Path(entry.path)) else ""


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Return whether a thing in a folder is a folder, or a link to one; a link that leads round in a circle is none."""
    return entry.is_dir(follow_symlinks=False) or (entry.is_symlink() and Path(entry.path).is_dir())


def is_own(folder: Path) -> bool:
    """Return whether a folder is a run or a bundle that headstart has written."""
    if any(all((folder / name).is_file() for name in names) for names in _OWN):
        return True
    begun = folder.name.lower().endswith(".run")  # a run that ended before its plan was written
    return begun and any((folder / name).is_file() for name in ("log.jsonl", "split.parquet"))


def printable(path: str) -> str:
    """Return a path as Unicode: Parquet and JSON hold nothing else."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def fault_of(place: str | Path, path: str, *, named: bool = False, regular: bool = False) -> Skipped | None:
    """Return why the file at `place` is not read, or None if it is taken for a picture.

    Parameters
    ----------
    place : path
        Where it lies.
    path : str
        What it is called in the entry.
    named : bool
        Whether a list names it as a picture, so that anything else counts as a picture that cannot be read.
    regular : bool
        Whether it is known to be a regular file, so that nobody needs to ask the disk.
    """
    suffix = os.path.splitext(path)[1].lower()  # noqa: PTH122 - a folder may hold a hundred thousand files
    by_name = suffix in PICTURE_SUFFIXES
    meant, said = by_name or named, printable(path)
    kind = "" if meant else OTHER
    if said != path and meant:
        return Skipped(said, _BAD_NAME)
    reason = None if regular else file_fault(Path(place))
    if reason is not None:
        return Skipped(said, reason, meant, kind)
    if by_name:
        return None
    try:
        form = form_at(place)
    except OSError as error:
        return Skipped(said, f"it cannot be opened: {error.strerror or error}", meant, kind)
    if suffix in _RAW and (form is TIFF or not form.picture):
        return Skipped.of(said, RAW)
    if suffix in _DICOM and form is OTHER_FORM:
        return Skipped.of(said, DICOM.name)
    if form.is_read:
        return None if said == path else Skipped(said, _BAD_NAME)
    found = Skipped.of(said, form.name)
    return found if form.picture or not named else Skipped(said, found.reason)


def form_at(place: str | Path) -> Form:
    """Return the form of a file by its first bytes; OSError if it cannot be opened."""
    descriptor = os.open(place, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        return form_of(os.read(descriptor, HEAD))
    finally:
        os.close(descriptor)


def file_fault(path: Path) -> str | None:
    """Return why nothing can be read at `path` (missing, broken link, no regular file), or None."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        if os.path.islink(path):  # noqa: PTH114 - of a name that is too long pathlib raises
            return _BROKEN_LINK
        return NO_FILE if isinstance(error, FileNotFoundError) else str(error.strerror)
    if stat.S_ISREG(mode):
        return None
    return _FOLDER if stat.S_ISDIR(mode) else _NOT_REGULAR
