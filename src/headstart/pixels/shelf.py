"""The pixel store's files: written beside their place and renamed, checked when they are opened."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.base.drafts import clean_drafts, draft_name
from headstart.base.errors import PictureError, StoreError
from headstart.base.files import durable_writer, fingerprint, read_json, sha256_of_file, write_json

FORMAT = 2
INDEX = np.dtype([("offset", "<i8"), ("height", "<i4"), ("width", "<i4")])
NOT_KEPT = -1  # as an offset: the picture is whole, but there was no room for it

Pixels = NDArray[np.uint8]

_DAMAGED_HINT = "Delete that folder; the next run makes it anew."


@dataclass(frozen=True, eq=False)
class Shelf:
    """What an opened store holds: views of the pictures, and the faulty ones' reasons by row.

    A picture for which there was no room is None; `missing` is the size in bytes of the smallest of them.
    """

    pictures: tuple[Pixels | None, ...]
    faulty: dict[int, str]
    missing: int | None = None


def name(facts: Mapping[str, Any]) -> str:
    """Return the folder name of the store that `facts` describe."""
    return fingerprint({"format": FORMAT, **facts})[:32]


def read(place: Path, facts: Mapping[str, Any]) -> Shelf | None:
    """Return the store at `place`, or None if there is none.

    Checks the manifest, the sizes and the index, not every pixel: see `verify`.

    Raises
    ------
    StoreError
        If it is damaged.
    """
    if not place.is_dir():
        return None
    manifest = _manifest(place)
    try:
        if manifest["format"] != FORMAT or manifest["facts"] != dict(facts):
            raise _damaged(place, "is of another kind")
        if sha256_of_file(place / "index.bin") != manifest["index_sha256"]:
            raise _damaged(place, "has a damaged index")
        if (place / "pixels.bin").stat().st_size != manifest["pixels_bytes"]:
            raise _damaged(place, "lacks pixels")
        index = np.fromfile(place / "index.bin", INDEX)
        faulty = {int(row): str(reason) for row, reason in manifest["faulty"].items()}
        left_out = index[index["offset"] == NOT_KEPT]
        missing = int((left_out["height"].astype(np.int64) * left_out["width"] * 3).min()) if len(left_out) else None
        return Shelf(_views(place / "pixels.bin", index), faulty, missing)
    except (OSError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(place, f"cannot be read ({error})") from error


def verify(place: Path) -> None:
    """Compare every byte of the store at `place` with its checksums; StoreError if they differ."""
    manifest = _manifest(place)
    for part in ("index", "pixels"):
        try:
            digest = sha256_of_file(place / f"{part}.bin")
        except OSError as error:
            raise _damaged(place, f"cannot be read ({error})") from error
        if digest != manifest.get(f"{part}_sha256"):
            raise _damaged(place, f"is damaged ({part}.bin is not what was written)")


def _manifest(place: Path) -> dict[str, Any]:
    content = read_json(place / "manifest.json")
    if not isinstance(content, dict):
        raise _damaged(place, "has a damaged manifest")
    return content


def write(
    home: Path, facts: Mapping[str, Any], pictures: Iterable[Pixels | PictureError], *, most: int | None = None
) -> Path:
    """Write a store into the folder `home` and return its place.

    Parameters
    ----------
    home : Path
    facts : mapping
        What tells this store from others.
    pictures : iterable
    most : int, optional
        Bytes of pixels to keep; what comes later is only noted.

    Raises
    ------
    OSError, StoreError
        If it cannot be written; nothing is left behind.
    """
    home.mkdir(parents=True, exist_ok=True)
    clean_drafts(home)
    place = home / name(facts)
    draft = home / draft_name(place.name)
    try:
        draft.mkdir()
        _fill(draft, facts, pictures, most)
        _put(draft, place, facts)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return place


def _fill(draft: Path, facts: Mapping[str, Any], pictures: Iterable[Pixels | PictureError], most: int | None) -> None:
    """Write the three files into `draft`, the manifest last."""
    index: list[tuple[int, int, int]] = []
    faulty: dict[int, str] = {}
    offset, digest = 0, hashlib.sha256()
    with durable_writer(draft / "pixels.bin") as temporary, temporary.open("wb") as stream:
        for row, picture in enumerate(pictures):
            if isinstance(picture, PictureError):
                faulty[row] = picture.message
                index.append((0, 0, 0))
                continue
            if most is not None and offset + picture.nbytes > most:
                index.append((NOT_KEPT, picture.shape[0], picture.shape[1]))
                continue
            content = np.ascontiguousarray(picture).data
            stream.write(content)
            digest.update(content)
            index.append((offset, picture.shape[0], picture.shape[1]))
            offset += picture.nbytes
    with durable_writer(draft / "index.bin") as temporary:
        np.array(index, INDEX).tofile(temporary)
    manifest = {
        "format": FORMAT,
        "facts": dict(facts),
        "pixels_bytes": offset,
        "pixels_sha256": digest.hexdigest(),
        "index_sha256": sha256_of_file(draft / "index.bin"),
        "faulty": faulty,
    }
    write_json(draft / "manifest.json", manifest)


def _put(draft: Path, place: Path, facts: Mapping[str, Any]) -> None:
    """Rename `draft` to `place`; where the same store came first, that one stays.

    The rename itself is not flushed: lost in a power cut, it costs a decoding, never a wrong answer.
    """
    if _stands(place, draft, facts):
        return
    old = draft.with_name(f"{draft.name.removesuffix('.part')}.old.part")
    with suppress(FileNotFoundError):
        place.rename(old)  # damaged, or without a picture that can be read now
    try:
        draft.rename(place)
    except OSError:
        if not place.is_dir():  # else another process was first, just now
            raise
    shutil.rmtree(old, ignore_errors=True)


def _stands(place: Path, draft: Path, facts: Mapping[str, Any]) -> bool:
    """Whether the store at `place` holds whatever the one in `draft` does."""
    try:
        standing, mine = read(place, facts), read(draft, facts)
    except StoreError:
        return False
    if standing is None or mine is None:
        return False
    return standing.faulty.keys() == mine.faulty.keys() and _kept(standing) >= _kept(mine)


def _kept(shelf: Shelf) -> int:
    return sum(picture is not None for picture in shelf.pictures)


def _views(pixels: Path, index: NDArray[Any]) -> tuple[Pixels | None, ...]:
    empty = np.empty((0, 0, 3), np.uint8)
    empty.flags.writeable = False
    # Of an empty file nothing can be mapped.
    flat: Pixels = np.asarray(np.memmap(pixels, np.uint8, mode="r")) if pixels.stat().st_size else empty.reshape(-1)
    views: list[Pixels | None] = []
    for offset, height, width in index.tolist():
        end = offset + height * width * 3
        if offset == NOT_KEPT:
            views.append(None)
        else:
            views.append(flat[offset:end].reshape(height, width, 3) if height else empty)
    return tuple(views)


def _damaged(place: Path, what: str) -> StoreError:
    return StoreError(f"The pixel store '{place}' {what}.", hint=_DAMAGED_HINT)
