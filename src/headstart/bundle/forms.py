"""The two forms of a bundle, a folder and a ``.zip``: whoever reads its files asks neither which it is.

Nothing of a zip is ever unpacked to the disk: its description and its tensors are read into memory. So a name that
leads out of a folder leads nowhere, and a process that is killed leaves nothing behind. Any zip of the three files
will do, whoever made it: also with a folder around them, and with what file managers add.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load as tensors_of

from headstart.base.errors import BundleError, StoreError
from headstart.base.files import parse_json, read_json, sha256_of_bytes, sha256_of_file
from headstart.base.forms import HEAD, form_of

MANIFEST, TENSORS, CARD = "bundle.json", "model.safetensors", "README.md"
AGAIN = "Copy the bundle again from where it came, or make it again."
_CHUNK = 1 << 20
_ALWAYS = 64 << 20  # bytes that a file in a zip may always hold
_TIMES = 100  # beyond them, as often what it takes in the zip: weights are hardly made smaller by packing
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, OSError, ValueError)
_PACK = "Make one with `headstart pack BUNDLE`."
_MAKE = "A bundle is a folder, or a .zip of one: `headstart fit DATA --out NAME.bundle` makes one."


class Files(Protocol):
    """The files of a bundle."""

    @property
    def place(self) -> Path:
        """The folder, or the zip."""

    def holds(self, name: str) -> bool:
        """Return whether it has a file of this name."""

    def json(self, name: str) -> Any:
        """Return what a JSON file says; StoreError if it cannot be read."""

    def size(self, name: str) -> int:
        """Return how many bytes a file has."""

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a file."""

    def tensors(self, sha256: str, only: tuple[str, ...]) -> dict[str, NDArray[Any]]:
        """Return the tensors whose names begin like one of `only`; BundleError if the file is not that of `sha256`."""


@dataclass(frozen=True)
class FolderFiles:
    """The files of a bundle that is a folder."""

    place: Path

    def holds(self, name: str) -> bool:
        """Return whether it has a file of this name."""
        return (self.place / name).is_file()

    def json(self, name: str) -> Any:
        """Return what a JSON file says; StoreError if it cannot be read."""
        return read_json(self.place / name)

    def size(self, name: str) -> int:
        """Return how many bytes a file has."""
        return (self.place / name).stat().st_size

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a file."""
        with (self.place / name).open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk

    def tensors(self, sha256: str, only: tuple[str, ...]) -> dict[str, NDArray[Any]]:
        """Return the tensors whose names begin like one of `only`; BundleError if the file is not that of `sha256`."""
        file = self.place / TENSORS
        if not file.is_file() or sha256_of_file(file) != sha256:
            raise _other_tensors(self.place)
        try:
            with safe_open(file, framework="numpy") as opened:
                return {name: opened.get_tensor(name) for name in opened.keys() if name.startswith(only)}  # noqa: SIM118
        except (SafetensorError, OSError, ValueError) as error:
            raise damaged(self.place, f"{TENSORS} cannot be read") from error


@dataclass(frozen=True)
class PackedFiles:
    """The files of a bundle that is a zip."""

    place: Path
    archive: zipfile.ZipFile
    members: Mapping[str, zipfile.ZipInfo]

    def holds(self, name: str) -> bool:
        """Return whether it has a file of this name."""
        return name in self.members

    def json(self, name: str) -> Any:
        """Return what a JSON file says; StoreError if it cannot be read."""
        where = f"{self.place}/{name}"
        try:
            text = self._read(name).decode("utf-8")
        except UnicodeDecodeError as error:
            raise StoreError(f"'{where}' is no text.", hint=AGAIN) from error
        return parse_json(text, where)

    def size(self, name: str) -> int:
        """Return how many bytes a file has."""
        return self.members[name].file_size

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a file."""
        try:
            with self.archive.open(self.members[name]) as stream:
                while chunk := stream.read(_CHUNK):
                    yield chunk
        except _BROKEN as error:
            raise damaged(self.place, f"{name} cannot be read from the zip ({error})") from error

    def tensors(self, sha256: str, only: tuple[str, ...]) -> dict[str, NDArray[Any]]:
        """Return the tensors whose names begin like one of `only`; BundleError if the file is not that of `sha256`."""
        content = self._read(TENSORS) if self.holds(TENSORS) else b""
        if sha256_of_bytes(content) != sha256:
            raise _other_tensors(self.place)
        try:
            return {name: value for name, value in tensors_of(content).items() if name.startswith(only)}
        except (SafetensorError, KeyError, ValueError) as error:
            raise damaged(self.place, f"{TENSORS} cannot be read") from error

    def _read(self, name: str) -> bytes:
        return b"".join(self.chunks(name))


@contextmanager
def opened(place: Path) -> Iterator[Files]:
    """Yield the files of the bundle at `place`, which need not be one.

    Raises
    ------
    BundleError
        If it is a file and not a zip that holds one bundle; it says what to do.
    """
    if not place.is_file():
        yield FolderFiles(place)
        return
    with _archive(place) as archive:
        yield PackedFiles(place, archive, _members(place, archive))


def damaged(place: Path, what: str) -> BundleError:
    """Return the error that says what is wrong with the bundle at `place`."""
    return BundleError(f"The bundle '{place}' is damaged: {what}.", hint=AGAIN)


def is_packed(place: Path) -> bool:
    """Return whether a file is a zip that holds one bundle."""
    try:
        with opened(place) as files:
            return isinstance(files, PackedFiles)
    except (BundleError, OSError):
        return False


def _other_tensors(place: Path) -> BundleError:
    return damaged(place, f"{TENSORS} is not the file that was saved")


@contextmanager
def _archive(place: Path) -> Iterator[zipfile.ZipFile]:
    """Yield a zip, or say of a file which is none what it is."""
    begin = b""
    try:
        with place.open("rb") as stream:
            begin = stream.read(HEAD)
        archive = zipfile.ZipFile(place)
    except PermissionError as error:
        raise BundleError(f"'{place}' may not be read.", hint="Ask for permission to read it.") from error
    except _BROKEN as error:
        if begin[:2] == b"PK":
            what = f"as a zip it cannot be read ({error}). Perhaps it was copied or downloaded only in part"
            raise damaged(place, what) from error
        said = form_of(begin).said
        exported = "An .onnx file answers for predict and evaluate alone. " if place.suffix.lower() == ".onnx" else ""
        raise BundleError(f"'{place}' is not a bundle: it is {said}.", hint=f"{exported}{_MAKE}") from error
    with archive:
        yield archive


def _members(place: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return the files that lie in the same folder of a zip as its only ``bundle.json``, by name."""
    folders: dict[PurePosixPath, dict[str, zipfile.ZipInfo]] = {}
    for member in archive.infolist():
        path = PurePosixPath(member.filename.replace("\\", "/"))  # some archivers of Windows write these
        if member.is_dir() or path.parts[:1] == ("__MACOSX",) or path.name not in (MANIFEST, TENSORS, CARD):
            continue
        beside = folders.setdefault(path.parent, {})
        if path.name in beside:
            raise damaged(place, f"it holds '{path}' twice")
        beside[path.name] = member
    homes = {folder: files for folder, files in folders.items() if MANIFEST in files}
    if not homes:
        raise BundleError(f"'{place}' is a zip archive, but not a bundle: it contains no {MANIFEST}.", hint=_PACK)
    if len(homes) > 1:
        names = ", ".join(sorted(map(str, homes))[:8])
        raise BundleError(
            f"'{place}' holds {len(homes)} bundles: {names}.",
            hint="Unpack it and name one of them, or pack the one you want: headstart pack RUN/bundles/linear.",
        )
    (files,) = homes.values()
    for member in files.values():
        _check(place, member)
    return files


def _check(place: Path, member: zipfile.ZipInfo) -> None:
    """Refuse a file that could not be read, or would fill the memory."""
    name = PurePosixPath(member.filename).name
    unpack = "Unpack it with the program that made it, and name the folder."
    if member.flag_bits & 0x1:
        raise BundleError(f"'{place}' is protected by a password.", hint=unpack)
    if member.compress_type not in _PACKINGS:
        what = f"is packed in a way that is not read (method {member.compress_type})"
        raise BundleError(f"'{place}' {what}.", hint=unpack)
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
        raise damaged(place, f"{name} is a link or a device")
    if member.file_size > max(_ALWAYS, _TIMES * member.compress_size):
        raise damaged(place, f"{name} takes {member.compress_size:,} bytes and claims to hold {member.file_size:,}")
