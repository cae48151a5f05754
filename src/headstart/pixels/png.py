"""Chunks of a PNG that Pillow does not hand out, or refuses for their length."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

_SIGNATURE = 8
_TEXTS = (b"tEXt", b"zTXt", b"iTXt", b"iCCP")
_XMP = b"XML:com.adobe.xmp"
_NEAR = 1 << 10  # bytes
_SHORT = 1 << 18  # an XMP packet of this length Pillow takes
_MOST_PROFILE = 1 << 26  # bytes
_DEPTH, _COLOUR_TYPE = 8, 9  # in IHDR


def is_pillows_limit(error: ValueError) -> bool:
    """Return whether Pillow refused a PNG for the length of its texts or its colour profile."""
    return "MAX_TEXT" in str(error)


def is_deep(head: bytes) -> bool:
    """Return whether a PNG that begins with `head` holds 16 bits a channel."""
    return head[_SIGNATURE + 8 + _DEPTH : _SIGNATURE + 9 + _DEPTH] == b"\x10"


def without_texts(stream: BinaryIO) -> bytes:
    """Return the file without its texts and its profile; a short XMP packet, which may turn the picture, stays."""
    stream.seek(0)
    parts = [stream.read(_SIGNATURE)]
    for kind, content, whole in _chunks(stream):
        if kind not in _TEXTS or (content.startswith(_XMP) and len(content) < _SHORT):
            parts.append(whole)
    return b"".join(parts)


def profile(stream: BinaryIO) -> bytes | None:
    """Return the colour profile, None if there is none or it is damaged."""
    for kind, content, _ in _chunks_of(stream):
        if kind == b"iCCP":
            packed = content[content.find(b"\0") + 2 :]
            unpacker = zlib.decompressobj()
            try:
                return unpacker.decompress(packed, _MOST_PROFILE) if not unpacker.unconsumed_tail else None
            except zlib.error:
                return None
    return None


def colour_codes(stream: BinaryIO) -> tuple[int, ...] | None:
    """Return what cICP, which stands near the beginning, says: primaries, curve, matrix, range. None: nothing."""
    place = stream.tell()
    stream.seek(0)
    head = stream.read(_NEAR)
    stream.seek(place)
    at = head.find(b"cICP")
    return tuple(head[at + 4 : at + 8]) if 0 < at < head.find(b"IDAT") % (_NEAR + 1) else None


def significant_bits(stream: BinaryIO) -> int | None:
    """Return how many bits of a channel are said to carry the picture (sBIT), None where nothing is said."""
    for kind, content, _ in _chunks_of(stream):
        if kind == b"sBIT" and content:
            return max(content)
        if kind == b"IDAT":
            return None
    return None


def _chunks_of(stream: BinaryIO) -> Iterator[tuple[bytes, bytes, bytes]]:
    stream.seek(_SIGNATURE)
    return _chunks(stream)


def _chunks(stream: BinaryIO) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield (kind, content, all bytes) of each chunk from where the stream stands; a cut one ends it."""
    while len(lead := stream.read(8)) == 8:
        length, kind = struct.unpack(">I4s", lead)
        content, check = stream.read(length), stream.read(4)
        yield kind, content, lead + content + check
        if kind == b"IEND" or len(check) < 4:
            return
