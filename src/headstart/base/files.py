"""Durable files and fingerprints: everything headstart writes goes through here.

A file is written beside its place, flushed to the disk and renamed, and the folder is flushed too; so a
reader sees the old content or the new, never a half, whatever moment the process is killed at.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import re
import stat
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from headstart.base.errors import StoreError

_CHUNK = 1 << 20


@contextmanager
def durable_writer(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of `path`; on leaving, flush it and rename it to `path`.

    On an error nothing is left behind and the old file stays. A link stays one: what it leads to is written. Whatever
    library writes the file, it gets the rights that the umask gives.

    Raises
    ------
    StoreError
        If the disk is full, the folder is read-only or the file cannot be written.
    """
    path = path.resolve() if path.is_symlink() else path
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        rights = _usual_rights(temporary)
        yield temporary
        if stat.S_IMODE(temporary.stat().st_mode) != rights:  # safetensors lets only the owner read
            temporary.chmod(rights)
        _flush(temporary)
        temporary.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        raise store_error(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` durably."""
    with durable_writer(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Write `content` to `path` durably, as UTF-8 with plain line ends.

    Bytes of a file's name that are no UTF-8 are written as escapes.
    """
    write_bytes(path, content.encode("utf-8", "backslashreplace"))


def write_json(path: Path, content: Any) -> None:
    """Write `content` as UTF-8 JSON: numbers unrounded, null instead of NaN and infinity."""
    write_text(path, to_json(content) + "\n")


def to_json(content: Any) -> str:
    """Return `content` as indented JSON text; NumPy numbers become plain, NaN and infinity null."""
    return json.dumps(_plain(content), ensure_ascii=False, indent=1, allow_nan=False)


def read_json(path: Path) -> Any:
    """Return the content of a JSON file.

    Raises
    ------
    StoreError
        If the file is missing, unreadable or not JSON; also if a key stands in it twice, or a number that is none.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe or a device would be read for ever
            raise ValueError("it is not a file")
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise _not_json(path, str(error)) from error
    return parse_json(text, str(path))


def parse_json(text: str, where: str) -> Any:
    """Return the content of JSON text as strictly as `read_json`; `where` it stands is for the message."""
    try:
        return json.loads(text, parse_constant=_no_number, parse_float=_finite, object_pairs_hook=_each_once)
    except RecursionError as error:
        raise _not_json(where, "it is nested too deeply") from error
    except ValueError as error:
        raise _not_json(where, str(error)) from error


def _not_json(where: Path | str, why: str) -> StoreError:
    return StoreError(f"'{where}' cannot be read as JSON ({why}).", hint="Restore the file, or make it again.")


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _no_number(text)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for at, (name, _) in enumerate(pairs) if name in dict(pairs[:at]))
        raise ValueError(f"the key '{twice}' stands there twice")
    return found


def sha256_of_bytes(content: bytes) -> str:
    """Return the SHA-256 of `content` as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def fingerprint(content: Any) -> str:
    """Return a SHA-256 of any JSON-like value; equal values give equal fingerprints."""
    text = json.dumps(_plain(content), ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return sha256_of_bytes(text.encode("ascii"))


def cache_folder() -> Path:
    """Return the user's cache folder for headstart: ``HEADSTART_CACHE`` or the system's usual place.

    Raises
    ------
    StoreError
        If the system has no place for it: in a container, say, whose user has neither a name nor a home.
    """
    chosen = os.environ.get("HEADSTART_CACHE")
    if chosen:
        return Path(chosen)
    system = {"win32": "LOCALAPPDATA", "darwin": ""}.get(sys.platform, "XDG_CACHE_HOME")
    if system and os.environ.get(system):
        return Path(os.environ[system]) / "headstart"
    home = home_folder()
    if home is None:
        raise StoreError(
            "There is no place for headstart's cache: this user has no home folder.",
            hint="Set the environment variable HEADSTART_CACHE to a folder in which you may write.",
        )
    below = {"win32": "headstart", "darwin": "Library/Caches/headstart"}.get(sys.platform, ".cache/headstart")
    return home / below


def home_folder() -> Path | None:
    """Return the user's home folder; None for a user who has none."""
    try:
        return Path.home()
    except RuntimeError:
        return None


def cache_writable() -> bool:
    """Return whether something can be kept in the cache."""
    try:
        return writable(cache_folder())
    except StoreError:
        return False


def store_error(path: Path, error: OSError) -> StoreError:
    """Return the StoreError that names `path` and says what to do about `error`."""
    hints = {
        errno.ENOSPC: "The disk is full: free some space and run the same command again.",
        errno.EDQUOT: "Your disk quota is used up: free some space and run the same command again.",
        errno.EROFS: "That disk is read-only: choose another place.",
        errno.EACCES: "You do not have permission to write there: choose another place.",
        errno.EPERM: "You do not have permission to write there: choose another place.",
    }
    hint = hints.get(error.errno or 0, "Check the path and the disk, then run the same command again.")
    return StoreError(f"'{path}' could not be written ({error.strerror or error}).", hint=hint)


def writable(folder: Path) -> bool:
    """Return whether something can be put below `folder`, which need not exist yet."""
    while not os.path.exists(folder) and folder != folder.parent:  # noqa: PTH110 - Path's raises where one may not look
        folder = folder.parent
    return os.access(folder, os.W_OK)


def check_writable(place: Path) -> Path:
    """Return `place` if a file or folder can be made there, before the work whose result it shall hold.

    Raises
    ------
    StoreError
        If nothing may be written into its folder or the one in which that would be made.
    """
    folder = place.absolute().parent
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise StoreError(f"'{place}' cannot be written: '{folder}' is a file.", hint="Choose another folder.")
    if not os.access(folder, os.W_OK):
        raise store_error(place, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    return place


def disk_error(error: Exception) -> OSError:
    """Return the system's error that a library (safetensors) tells only in words, such as ``os error 28``."""
    number = re.search(r"os error (\d+)", str(error))
    return OSError(int(number.group(1)), str(error)) if number else OSError(str(error))


def flush_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk, so that a rename in it outlives a power cut."""
    _flush_folder(folder)


def _usual_rights(path: Path) -> int:
    """Return the rights of a file that is made at `path`: asking for the umask would change it for other threads."""
    path.touch()
    rights = stat.S_IMODE(path.stat().st_mode)
    path.unlink()
    return rights


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        if sys.platform != "win32":  # Windows flushes only handles opened for writing
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_folder(folder: Path) -> None:
    if sys.platform == "win32":  # folders cannot be opened there; the rename itself is journalled
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _plain(value: Any) -> Any:
    """Return `value` with NumPy scalars, tuples, paths and non-finite numbers made plain JSON."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [_plain(item) for item in items]
    if hasattr(value, "tolist"):  # NumPy arrays and scalars
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Path):
        return value.as_posix()
    return value
