"""Whether a file still is as headstart wrote it: by a checksum in the file, or of a table, which has no place for one.

Pages, model cards, grids and packed bundles end with a mark that no reader shows. Every reader of a table would show
it, so the cache remembers the checksums of tables; if it is lost, what stands there is taken for somebody's work.
"""

from __future__ import annotations

import hashlib
import zlib
from contextlib import suppress
from pathlib import Path

from headstart.base.errors import StoreError
from headstart.base.files import cache_folder, sha256_of_bytes, sha256_of_file, write_bytes

_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
_ZIP_MARK = b"headstart sha256 "
ZIP_COMMENT = _ZIP_MARK + b"0" * 64  # of a zip that is yet to be sealed
_CHUNK = 1 << 20
_REMEMBERED = "outputs"  # in the cache: an empty file for each table, called by its checksum


def sealed(content: bytes) -> bytes:
    """Return a PNG, a page or Markdown with a mark at its end by which any later change is seen."""
    body = content.removesuffix(_PNG_END)
    return body + _ending(body, png=body != content)


def is_sealed(path: Path) -> bool:
    """Return whether a file is as `sealed` returned it, to the byte."""
    content = path.read_bytes()
    png = content.endswith(_PNG_END)
    body = content[: -len(_ending(b"", png=png))]
    return content == body + _ending(body, png=png)


def write_sealed(path: Path, text: str) -> None:
    """Write a page or Markdown with its mark, as `headstart.base.files.write_text` does without."""
    write_bytes(path, sealed(text.encode("utf-8", "backslashreplace")))


def seal_zip(path: Path) -> None:
    """Write the checksum of all before it into the comment of a zip, which must be `ZIP_COMMENT`."""
    digest = _digest_before_comment(path)
    with path.open("r+b") as stream:
        stream.seek(-len(digest), 2)
        stream.write(digest)


def is_marked_zip(path: Path) -> bool:
    """Return whether a file ends much as a zip that headstart has sealed, whatever was changed in it since."""
    return _ZIP_MARK in _tail(path, len(ZIP_COMMENT) + 1024)


def is_sealed_zip(path: Path) -> bool:
    """Return whether a zip is as `seal_zip` left it, to the byte."""
    return _tail(path, len(ZIP_COMMENT)) == _ZIP_MARK + _digest_before_comment(path)


def _tail(path: Path, size: int) -> bytes:
    with path.open("rb") as stream:
        stream.seek(max(path.stat().st_size - size, 0))
        return stream.read()


def _digest_before_comment(path: Path) -> bytes:
    left, digest = path.stat().st_size - len(ZIP_COMMENT), hashlib.sha256()
    with path.open("rb") as stream:
        while left > 0 and (chunk := stream.read(min(left, _CHUNK))):
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest().encode()


def _ending(body: bytes, *, png: bool) -> bytes:
    """Return what follows `body` in a sealed file; it is always as long."""
    digest = sha256_of_bytes(body).encode()
    if not png:
        return b"\n<!-- headstart sha256 " + digest + b" -->\n"
    chunk = b"tEXtheadstart sha256\0" + digest
    length = len(chunk) - len(b"tEXt")
    return length.to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big") + _PNG_END


def remember(path: Path) -> None:
    """Note that headstart has written the table `path` as it now is."""
    with suppress(StoreError):  # where the cache cannot be written, the table is not replaced later: nothing is lost
        write_bytes(cache_folder() / _REMEMBERED / sha256_of_file(path), b"")


def is_remembered(path: Path) -> bool:
    """Return whether headstart has written a table like `path`, to the byte."""
    with suppress(StoreError, OSError):  # no cache, or one into which we may not look
        return (cache_folder() / _REMEMBERED / sha256_of_file(path)).is_file()
    return False
