"""A checksum at the end of an exported file, by which any damage is seen before it answers.

The file is one message of Protocol Buffers, in which a repeated field may go on anywhere: so the last entry of its
metadata, appended to the finished file, can hold the checksum of everything before it, and every reader still reads it.
"""

from __future__ import annotations

from headstart.base.files import sha256_of_bytes

KEY = "sha256"
_DIGITS = 64
# Field 14 of ModelProto (metadata_props), with a key (field 1) and a value (field 2) of so many bytes.
_HEAD = (
    b"\x72"
    + bytes([2 + len(KEY) + 2 + _DIGITS])
    + b"\x0a"
    + bytes([len(KEY)])
    + KEY.encode()
    + b"\x12"
    + bytes([_DIGITS])
)


def sealed(content: bytes) -> bytes:
    """Return the content of a file with its checksum at the end."""
    return content + _HEAD + sha256_of_bytes(content).encode()


def is_sealed(content: bytes) -> bool:
    """Return whether a file is as `sealed` returned it, to the byte."""
    body, end = content[: -len(_HEAD) - _DIGITS], content[-len(_HEAD) - _DIGITS :]
    return end == _HEAD + sha256_of_bytes(body).encode()
