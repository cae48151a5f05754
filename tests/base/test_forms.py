"""What a file is, by its first bytes."""

from __future__ import annotations

import pytest

from headstart.base.forms import AVIF, EMPTY, GIF, HEAD, HEIF, JPEG, OTHER, TIFF, form_of

HEADS = {
    b"\xff\xd8\xff\xe0\x00\x10JFIF": JPEG,
    b"GIF89a": GIF,
    b"II*\0\x08\0\0\0": TIFF,
    b"\0\0\0\x1cftypavif": AVIF,
    b"\0\0\0\x18ftypheic": HEIF,
    b"\0\0\0\x18ftypmif1": HEIF,
    b"": EMPTY,
    b"\x00\x01\x02\x03": OTHER,
}


@pytest.mark.parametrize("head", HEADS)
def test_form_is_told_by_the_first_bytes(head: bytes) -> None:
    assert form_of(head) is HEADS[head]


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"path,label\na.jpg,ants\n", "text"),
        ("Größe\n".encode() * 4, "text"),
        (("é" * 40).encode()[: HEAD - 1], "text"),  # a letter cut in two at the end
        (b"\xef\xbb\xbf<?xml version='1.0'?>", "markup"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "svg"),
        (b"\0\0\0\x20ftypisom", "video"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "ole"),
    ],
)
def test_what_lies_beside_pictures_has_a_name(head: bytes, name: str) -> None:
    assert form_of(head).name == name
