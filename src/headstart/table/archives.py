"""Unpacking a zip archive that somebody else has made, without trusting it.

Everything is checked before the first byte is written: names that leave the folder, absolute names, links,
encryption, names that occur twice, and more content than was allowed. Then all goes to a temporary folder
beside the target, which is renamed at the end; so the target is whole or not there.
"""

from __future__ import annotations

import os
import shutil
import stat
import unicodedata
import uuid
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath

from headstart.base.errors import DataError
from headstart.base.files import store_error, write_json
from headstart.records.progress import Progress

_CHUNK = 1 << 20
_MOST_FILES = 200_000
_TRUST = "Nothing was unpacked. Fetch the archive again, from a source that you trust."


def extract_zip(
    archive: Path,
    target: Path,
    *,
    progress: Progress,
    most_bytes: int = 4 << 30,
    most_files: int = _MOST_FILES,
    record: tuple[str, Mapping[str, str]] | None = None,
) -> Path:
    """Unpack `archive` so that its content becomes the folder `target`, and return that.

    A single folder at the top of the archive is left out: its content becomes that of `target`.

    Parameters
    ----------
    archive : Path
    target : Path
        Must not exist.
    progress : Progress
    most_bytes, most_files : int
        An archive that holds more, unpacked, is refused.
    record : tuple of str and mapping, optional
        Name and content of a JSON file that is put into the folder last.

    Raises
    ------
    DataError
        If the archive is damaged, unsafe or too large, or the target exists.
    StoreError
        If the disk is full or may not be written.
    """
    if target.exists() or target.is_symlink():
        raise DataError(f"'{target}' exists already.", hint="Choose another place, or move it away first.")
    with _opened(archive) as opened, _temporary_folder(target) as temporary:
        members = _checked(archive, opened, most_bytes, most_files)
        with progress.step("unpack", len(members), "files") as step:
            for member, name in members:
                _write(archive, opened, member, temporary / name)
                step.advance()
        folder = _single_folder(temporary)
        if record is not None:
            write_json(folder / record[0], record[1])
        _rename(folder, target)
    return target


@contextmanager
def _opened(archive: Path) -> Iterator[zipfile.ZipFile]:
    try:
        opened = zipfile.ZipFile(archive)
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as error:
        raise _damaged(archive, error) from error
    with opened:
        yield opened


@contextmanager
def _temporary_folder(target: Path) -> Iterator[Path]:
    """Yield a fresh hidden folder beside `target`; it is gone afterwards, whatever happened."""
    temporary = target.absolute().with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        temporary.mkdir(parents=True)
    except OSError as error:
        raise store_error(target, error) from error
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _checked(
    archive: Path, opened: zipfile.ZipFile, most_bytes: int, most_files: int
) -> list[tuple[zipfile.ZipInfo, str]]:
    """Return the files of the archive with their safe names, or raise DataError before anything is written."""
    for member in opened.infolist():
        _check_name(archive, member.orig_filename)
    # By the name as it stands in the file: zipfile cuts it at a NUL and stumbles over what is left.
    members = [member for member in opened.infolist() if not member.orig_filename.endswith("/")]
    size = sum(member.file_size for member in members)
    if size > most_bytes or len(members) > most_files:
        raise DataError(
            f"'{archive.name}' would unpack to {len(members)} files of {size} bytes in all; "
            f"at most {most_files} files and {most_bytes} bytes are allowed.",
            hint=_TRUST,
        )
    names: set[str] = set()
    checked = []
    for member in members:
        name = _safe_name(archive, member)
        folded = unicodedata.normalize("NFC", name).casefold()  # some disks see one file in two such names
        if folded in names:
            raise DataError(f"'{archive.name}' holds '{name}' twice.", hint=_TRUST)
        names.add(folded)
        checked.append((member, name))
    return checked


def _safe_name(archive: Path, member: zipfile.ZipInfo) -> str:
    """Return the name of a member if it stays inside the folder and is a plain file."""
    name = member.orig_filename
    kind = stat.S_IFMT(member.external_attr >> 16)
    fault = None
    if kind not in (0, stat.S_IFREG):
        fault = "which is a link or a device"
    elif member.flag_bits & 0x1:
        fault = "which is encrypted"
    if fault:
        raise DataError(f"'{archive.name}' holds {name!r}, {fault}.", hint=_TRUST)
    return name


def _check_name(archive: Path, name: str) -> None:
    """Raise DataError if a member's name, a folder's too, leads out of the folder."""
    path = PurePosixPath(name)
    bad = "\0" in name or "\\" in name or path.is_absolute() or PureWindowsPath(name).drive or ".." in path.parts
    if bad:
        raise DataError(f"'{archive.name}' holds {name!r}, whose name leads out of the folder.", hint=_TRUST)


def _write(archive: Path, opened: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> None:
    """Unpack one file and flush it; zipfile itself stops at the size that was declared and checked."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as out:
            for chunk in _content(archive, opened, member):
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise store_error(path, error) from error


def _content(archive: Path, opened: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    try:
        with opened.open(member) as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise _damaged(archive, error) from error


def _single_folder(folder: Path) -> Path:
    """Return the only folder inside `folder`, if nothing but an archiver's rest lies beside it."""
    inside = [child for child in folder.iterdir() if child.name != "__MACOSX"]
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else folder


def _rename(folder: Path, target: Path) -> None:
    try:
        if target.exists():  # made by somebody else meanwhile; a rename could replace an empty folder
            raise FileExistsError(f"'{target}' exists already")
        folder.rename(target)
    except OSError as error:
        raise store_error(target, error) from error


def _damaged(archive: Path, error: Exception) -> DataError:
    return DataError(f"'{archive.name}' cannot be read as a zip archive ({error}).", hint=_TRUST)
