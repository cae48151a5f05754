"""What a file is, by its first bytes."""

from __future__ import annotations

import pytest

from headstart.base.forms import AVIF, EMPTY, GIF, HEAD, HEIF, JPEG, OTHER, TIFF, form_of
from headstart.words.skipped import reason_of

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
        (b"P3 is a player", "text"),
        (b"\0\0\x08\x03" + bytes(60), "other"),  # the digits of MNIST
    ],
)
def test_what_lies_beside_pictures_has_a_name(head: bytes, name: str) -> None:
    assert form_of(head).name == name


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (bytes(128) + b"DICM", "dicom"),
        (b"P5\n640 480\n255\n\x80\x81", "pnm"),
        (b"P2 3 3 255 0 1 2", "pnm"),
        (b"P6\n# by a camera\n3 3", "pnm"),
        (b"\0\0\2" + bytes(9) + b"\x40\0\x30\0\x18\x20" + bytes(9), "tga"),
        (b"\0\0\1\0\1\0\x10\x10" + bytes(20), "icon"),
        (b"DDS |\0\0\0", "dds"),
        (b"\x0a\5\1\x08" + bytes(30), "pcx"),
        (b"#?RADIANCE\n", "hdr"),
        (b"\x93NUMPY\1\0", "npy"),
        (b"qoif\0\0\0\1", "qoi"),
    ],
)
def test_pictures_that_are_not_read_are_pictures_all_the_same(head: bytes, name: str) -> None:
    form = form_of(head)
    assert (form.name, form.picture, form.is_read) == (name, True, False)
    assert "convert it to PNG or JPEG" in reason_of(name)
