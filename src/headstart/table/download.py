"""Fetching a public data set: download, checksum, safe unpacking.

A checksum is stated here only if somebody has seen it. Where none is known, the archive's SHA-256 is noted
at the first download (in the cache folder, per address, and told to the user), and a later download that
differs from it is refused: trust on first use. The first download then rests on HTTPS alone.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from headstart.base.errors import ConfigError, DataError, StoreError
from headstart.base.files import cache_folder, read_json, sha256_of_bytes, store_error, write_json
from headstart.base.ours import FETCHED
from headstart.base.outputs import PICTURES, claim
from headstart.records.progress import Progress
from headstart.table.archives import extract_zip

RECORD = FETCHED  # hidden, so no table counts it as a picture
_CHUNK = 1 << 18
_TIMEOUT = 30.0
_MOST_BYTES = 2 << 30
_TRUE = ("1", "true", "yes", "on")
_OFFLINE = ("HEADSTART_OFFLINE", "HF_HUB_OFFLINE")


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """A public data set that can be fetched.

    Parameters
    ----------
    url : str
    sha256 : str or None
        Of the archive; None where nobody here has seen it (then it is noted at the first download).
    folder : str
        Name of the folder it becomes.
    about : str
        What it is, its size and its terms, in one line.
    """

    url: str
    sha256: str | None
    folder: str
    about: str


DATA_SETS = {
    "hymenoptera": DataSet(
        url="https://download.pytorch.org/tutorial/hymenoptera_data.zip",
        sha256=None,  # the address could not be reached when this was written; never guess one
        folder="hymenoptera",
        about="ants and bees, 397 photographs, 47 MB; from the PyTorch tutorial, no licence stated",
    )
}


def fetch_archive(
    url: str,
    sha256: str | None,
    target: Path,
    *,
    progress: Progress,
    offline: bool = False,
    most_bytes: int = _MOST_BYTES,
) -> Path:
    """Download a zip archive, check it, unpack it as the folder `target`, and return that.

    A target that this function made earlier from the same address is returned as it is.

    Parameters
    ----------
    url : str
        ``https:``, ``http:`` or ``file:``.
    sha256 : str or None
        What the archive must have; None: what it had at the first download from here.
    target : Path
    progress : Progress
    offline : bool
        Never touch the network; also set by ``HF_HUB_OFFLINE``.
    most_bytes : int
        A larger archive is refused.

    Raises
    ------
    DataError
        If the archive cannot be had, has another checksum, or is unsafe.
    ConfigError
        If something else is at `target`.
    StoreError
        If the disk is full or may not be written.
    """
    target = Path(target)
    scheme = _check_scheme(url)
    claim(target, PICTURES)
    if target.exists() and any(target.iterdir()):
        return _existing(url, target, progress)
    if scheme != "file" and (offline or any(os.environ.get(name, "").lower() in _TRUE for name in _OFFLINE)):
        raise DataError(
            f"'{url}' cannot be fetched offline.",
            hint="Leave out --offline (and HEADSTART_OFFLINE, HF_HUB_OFFLINE), or unpack a copy of it yourself.",
        )
    archive = target.absolute().with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.zip")
    try:
        digest = _download(url, archive, progress, most_bytes)
        _check_digest(url, sha256, digest, progress)
        if target.is_dir():
            target.rmdir()  # it is empty
        extract_zip(archive, target, progress=progress, record=(RECORD, {"url": url, "sha256": digest}))
    finally:
        with suppress(OSError):
            archive.unlink(missing_ok=True)
    return target


def _check_scheme(url: str) -> str:
    scheme = urllib.parse.urlsplit(url).scheme.lower()
    if scheme not in ("https", "http", "file"):
        raise ConfigError(f"'{url}' is not an address to download from.", hint="Give one that begins with https://")
    return scheme


def _existing(url: str, target: Path, progress: Progress) -> Path:
    """Return `target` if it was fetched from `url` before; anything else there is left alone."""
    with suppress(StoreError):
        record = read_json(target / RECORD)
        if isinstance(record, dict) and record.get("url") == url:
            progress.message(f"'{target}' already exists; nothing was downloaded.")
            return target
    raise ConfigError(
        f"'{target}' already exists and was not downloaded from '{url}'.",
        hint="Choose another place, or move it away first; it was not touched.",
    )


def _download(url: str, archive: Path, progress: Progress, most_bytes: int) -> str:
    """Write what `url` gives to `archive` and return its SHA-256."""
    digest = hashlib.sha256()
    received = 0
    try:
        archive.parent.mkdir(parents=True, exist_ok=True)
        with archive.open("xb") as out:
            for chunk in _chunks(url, progress):
                received += len(chunk)
                if received > most_bytes:
                    raise DataError(
                        f"'{url}' gives more than {most_bytes} bytes.", hint="Nothing was kept; check the address."
                    )
                digest.update(chunk)
                out.write(chunk)
    except OSError as error:
        raise store_error(archive, error) from error
    return digest.hexdigest()


def _chunks(url: str, progress: Progress) -> Iterator[bytes]:
    """Yield the content of `url`; everything the network does wrong becomes a DataError."""
    received = 0
    try:
        # The scheme has been checked, and urllib follows no redirection to files.
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as response:  # noqa: S310
            total = int(response.headers.get("Content-Length") or 0)
            with progress.step("download", total, "bytes") as step:
                while chunk := response.read(_CHUNK):
                    received += len(chunk)
                    step.advance(len(chunk))
                    yield chunk
    except urllib.error.HTTPError as error:
        error.close()  # it holds the connection
        raise _not_fetched(url, f"{error.code} {error.reason}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _not_fetched(url, str(getattr(error, "reason", None) or error)) from error
    if total and received != total:
        raise _not_fetched(url, f"{received} of {total} bytes arrived")


def _not_fetched(url: str, why: str) -> DataError:
    return DataError(
        f"'{url}' could not be fetched ({why}).",
        hint="Check the connection and the address and try again, or unpack a copy of it yourself.",
    )


def _check_digest(url: str, stated: str | None, digest: str, progress: Progress) -> None:
    """Compare with the stated checksum, or with that of the first download, which is noted if this is it."""
    note = cache_folder() / "fetched" / f"{sha256_of_bytes(url.encode())[:16]}.json"
    if stated is not None:
        if stated.lower() != digest:
            raise _wrong_digest(url, stated.lower(), digest, "stated for it")
        return
    if note.exists():
        known = str(read_json(note).get("sha256"))
        if known != digest:
            raise _wrong_digest(url, known, digest, f"of the first download (noted in '{note}')")
        return
    write_json(note, {"url": url, "sha256": digest})
    progress.message(
        f"No checksum is known for '{url}'. It came with SHA-256 {digest}; "
        "this is noted, and a file with other content will be refused."
    )


def _wrong_digest(url: str, expected: str, digest: str, which: str) -> DataError:
    return DataError(
        f"'{url}' has the SHA-256 {digest}, not {expected}, {which}.",
        hint="Nothing was kept. The file was changed or damaged on its way: try again, or ask its owner.",
    )
