"""A bundle as a zip: whoever made it, it is read as the folder is; what is wrong with it is said."""

from __future__ import annotations

import shutil
import stat
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from answering import answering
from base.test_outputs import state

from headstart.base.errors import BundleError
from headstart.bundle.folder import (
    Contents,
    fingerprint_of,
    read_folder,
    read_manifest,
    read_without_network,
    write_folder,
)
from headstart.bundle.forms import is_packed
from headstart.deliver.packing import pack_bundle
from headstart.records.bundle import BundleInfo


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    model = answering()
    network = {"weight": np.arange(24, dtype=np.float32).reshape(4, 6), "zero": np.zeros(5000, np.float32)}
    contents = Contents(BundleInfo(architecture="?"), model.classes, model.preprocessing, network, model.head)
    return write_folder(contents, tmp_path / "colours.bundle")


@pytest.fixture
def packed(bundle: Path, tmp_path: Path) -> Path:
    return pack_bundle(bundle, tmp_path / "colours.zip")


def zipped(place: Path, bundle: Path, *, under: str = "", method: int = zipfile.ZIP_DEFLATED) -> Path:
    """Make a zip of a bundle as somebody would by hand."""
    with zipfile.ZipFile(place, "w", method) as archive:
        for file in sorted(bundle.iterdir()):
            archive.write(file, f"{under}{file.name}")
    return place


def same(one: Path, other: Path) -> bool:
    """Whether two bundles hold the same, to the bit."""
    mine, its = read_folder(one), read_folder(other)
    arrays = [(mine.network, its.network), (mine.head.arrays(), its.head.arrays())]
    equal = all(a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) for k in a) for a, b in arrays)
    return equal and (mine.info, mine.classes, mine.preprocessing) == (its.info, its.classes, its.preprocessing)


def finder(place: Path, bundle: Path) -> None:
    zipped(place, bundle, under="colours.bundle/")
    with zipfile.ZipFile(place, "a") as archive:
        archive.writestr("colours.bundle/", "")
        archive.writestr("colours.bundle/.DS_Store", b"\0")
        for file in bundle.iterdir():
            archive.writestr(f"__MACOSX/colours.bundle/._{file.name}", b"\0\5\x16\7")
        archive.writestr("__MACOSX/bundle.json", b"{}")


def slipping(place: Path, bundle: Path) -> None:
    zipped(place, bundle)
    with zipfile.ZipFile(place, "a") as archive:
        for name in ("../evil.txt", "/tmp/evil.txt", "C:\\evil.txt", "a/../../evil.txt"):
            archive.writestr(name, "evil")


WELL: dict[str, Callable[[Path, Path], object]] = {
    "stored": lambda place, bundle: zipped(place, bundle, method=zipfile.ZIP_STORED),
    "deflated": zipped,
    "in a folder": lambda place, bundle: zipped(place, bundle, under="colours.bundle/"),
    "deep in a folder": lambda place, bundle: zipped(place, bundle, under="photos.run/bundles/linear/"),
    "by Finder": finder,
    "with backslashes": lambda place, bundle: zipped(place, bundle, under="colours\\"),
    "with names that lead out": slipping,
    "with something before it": lambda place, bundle: place.write_bytes(
        b"#!/bin/sh\n" + zipped(place, bundle).read_bytes()
    ),
}


@pytest.mark.parametrize("made", WELL)
def test_a_zip_that_somebody_made_is_read_as_the_folder(made: str, bundle: Path, tmp_path: Path) -> None:
    place = tmp_path / "by hand.zip"
    WELL[made](place, bundle)
    before = state(tmp_path)
    assert same(place, bundle)
    assert read_manifest(place).sha256 == read_manifest(bundle).sha256
    assert read_without_network(place).network == {}
    assert is_packed(place)
    assert state(tmp_path) == before, "nothing was unpacked"
    assert same(pack_bundle(place, tmp_path / "again.zip"), bundle)


def test_its_name_says_nothing(packed: Path, bundle: Path, tmp_path: Path) -> None:
    shutil.copy(packed, tmp_path / "attachment")
    assert same(tmp_path / "attachment", bundle)


def changed(place: Path, change: Callable[[bytes], bytes]) -> None:
    place.write_bytes(change(place.read_bytes()))


def rewritten(place: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    """Change one file within a zip."""
    with zipfile.ZipFile(place) as archive:
        files = {one: archive.read(one) for one in archive.namelist()}
    with zipfile.ZipFile(place, "w") as archive:
        for one, content in files.items():
            archive.writestr(one, change(content) if one == name else content)


def without(place: Path, name: str) -> None:
    with zipfile.ZipFile(place) as archive:
        files = {one: archive.read(one) for one in archive.namelist()}
    with zipfile.ZipFile(place, "w") as archive:
        for one in files.keys() - {name}:
            archive.writestr(one, files[one])


def added(place: Path, name: str, content: bytes = b"{}", *, kind: int = stat.S_IFREG) -> None:
    with zipfile.ZipFile(place, "a") as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = (kind | 0o644) << 16
        archive.writestr(entry, content)


def linked(place: Path) -> None:
    without(place, "model.safetensors")
    added(place, "model.safetensors", b"/etc/passwd", kind=stat.S_IFLNK)


def swollen(place: Path) -> None:
    """Let the tensors claim to be a terabyte, in a zip of some bytes."""
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bundle.json", "{}")
        archive.writestr("model.safetensors", bytes(1 << 16))
    content = bytearray(place.read_bytes())
    entry = content.rindex(b"PK\1\2")
    content[entry + 24 : entry + 28] = struct.pack("<I", 0xF0000000)  # the size that the table of contents gives
    place.write_bytes(content)


def bits(place: Path, *, at: int, value: int) -> None:
    """Set a field of two bytes in the table of contents, of the first file."""
    content = bytearray(place.read_bytes())
    entry = content.index(b"PK\1\2")
    content[entry + at : entry + at + 2] = struct.pack("<H", value)
    place.write_bytes(content)


ILL: dict[str, tuple[Callable[[Path], object], str]] = {
    "a newer format": (
        lambda place: rewritten(place, "bundle.json", lambda was: was.replace(b'"format": 3', b'"format": 99')),
        r"has bundle format 99; this headstart .* reads up to .*newer headstart",
    ),
    "other tensors": (
        lambda place: rewritten(place, "model.safetensors", lambda was: was[:-1] + b"\1"),
        "model.safetensors is not the file that was saved.*Copy the bundle again",
    ),
    "no tensors": (lambda place: without(place, "model.safetensors"), "model.safetensors is not the file"),
    "no description": (lambda place: without(place, "bundle.json"), "zip archive, but not a bundle.*headstart pack"),
    "a description that is none": (lambda place: rewritten(place, "bundle.json", lambda _: b"\xff{"), "is damaged"),
    "cut off": (lambda place: changed(place, lambda was: was[: len(was) // 2]), "copied or downloaded only in part"),
    "its end alone": (lambda place: changed(place, lambda was: was[len(was) // 2 :]), "is not a bundle|is damaged"),
    "nothing": (lambda place: place.write_bytes(b""), "is not a bundle: it is an empty file"),
    "a picture": (lambda place: place.write_bytes(b"\xff\xd8\xff\xe0" + bytes(99)), "not a bundle: it is a JPEG"),
    "another zip": (lambda place: zipfile.ZipFile(place, "w").close(), r"contains no bundle\.json"),
    "two bundles": (lambda place: added(place, "svm/bundle.json"), r"holds 2 bundles: \., svm.*name one of them"),
    "a file twice": (lambda place: added(place, "bundle.json"), "'bundle.json' twice"),
    "a link": (linked, "is a link or a device"),
    "a bomb": (swollen, "claims to hold 4,026,531,840"),
    "a password": (lambda place: bits(place, at=8, value=1), "protected by a password.*Unpack it"),
    "another packing": (lambda place: bits(place, at=10, value=93), "method 93.*Unpack it"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("what", ILL)
def test_what_is_wrong_with_a_zip_is_said(what: str, packed: Path) -> None:
    spoil, said = ILL[what]
    spoil(packed)
    with pytest.raises(BundleError, match=f"(?s){said}") as found:
        read_folder(packed)
    assert str(packed) in found.value.message
    assert found.value.hint


def test_whatever_is_changed_in_a_zip_it_is_the_same_or_an_error(packed: Path, bundle: Path) -> None:
    """Never another answer, nor an error of somebody else."""
    whole, rng, refused = packed.read_bytes(), np.random.default_rng(0), 0
    for turn in range(400):
        content = bytearray(whole)
        for at in rng.integers(0, len(whole), 1 + turn % 3):
            content[at] ^= int(rng.integers(1, 256))
        packed.write_bytes(content if turn % 4 else content[: rng.integers(0, len(whole))])
        try:
            assert same(packed, bundle)
        except BundleError:
            refused += 1
    assert refused > 300


def test_a_zip_beside_it_is_named(packed: Path) -> None:
    with pytest.raises(BundleError, match=r"does not exist.*Did you mean '.*colours\.zip'"):
        read_folder(packed.with_name("colour.zip"))


def test_other_names_of_classes_are_another_bundle(bundle: Path, packed: Path, tmp_path: Path) -> None:
    """What only the tensors tell would let a server go on with the old names."""
    contents = read_folder(bundle)
    again = write_folder(contents, tmp_path / "again.bundle")
    other = write_folder(replace(contents, classes=("x", *contents.classes[1:])), tmp_path / "other.bundle")
    assert fingerprint_of(bundle) == fingerprint_of(again) == fingerprint_of(packed)
    assert fingerprint_of(bundle) != fingerprint_of(other)
    assert read_manifest(bundle).sha256 == read_manifest(other).sha256, "only the names are others"
