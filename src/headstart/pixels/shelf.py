"""The pixel store's files: written next to their place and renamed, checked when they are opened."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.base.drafts import abandon, adopt, clean_drafts, draft_name
from headstart.base.errors import PictureError, StoreError
from headstart.base.files import durable_writer, fingerprint, sha256_of_file
from headstart.pixels.decode import Decoded
from headstart.pixels.filling import INDEX, NOT_KEPT, Filling, Pixels
from headstart.records.codec import read_record, write_record
from headstart.records.notes import Note
from headstart.records.record import Count, Record, named_values

FORMAT = 3

PicturesFrom = Callable[[int], Iterable[Decoded | PictureError]]

_DAMAGED_HINT = "Delete that folder; the next run makes it again."


class StoreFacts(Record):
    """What tells one store from another.

    Parameters
    ----------
    decoder : str
        Another one may give other pixels.
    short_side : int
        To which pictures were decoded.
    max_pixels : int
        Of a picture; a larger one is faulty.
    pictures : int
        How many.
    digests : str
        Fingerprint of the digests of all pictures, in order.
    """

    decoder: str
    short_side: Count
    max_pixels: Count
    pictures: Count
    digests: str


class _Manifest(Record):
    """Content of ``manifest.json``; `faulty` are reasons by row, `notes` what was done to pictures."""

    format: Count
    facts: StoreFacts
    pixels_bytes: Count
    pixels_sha256: str
    index_sha256: str
    faulty: dict[str, str]
    notes: dict[str, tuple[Note, ...]]


@dataclass(frozen=True, eq=False)
class Shelf:
    """What an opened store holds: views of the pictures, the faulty ones' reasons and the notes by row.

    A picture for which there was no room is None; `missing` is the size in bytes of the smallest of them.
    """

    pictures: tuple[Pixels | None, ...]
    faulty: dict[int, str]
    notes: dict[int, tuple[Note, ...]]
    missing: int | None = None


def name(facts: StoreFacts) -> str:
    """Return the folder name of the store that `facts` describe."""
    return fingerprint({"format": FORMAT, **named_values(facts)})[:32]


def read(place: Path, facts: StoreFacts) -> Shelf | None:
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
        if manifest.format != FORMAT or manifest.facts != facts:
            raise _damaged(place, "holds other pictures than its name says")
        if sha256_of_file(place / "index.bin") != manifest.index_sha256:
            raise _damaged(place, "has a damaged index")
        if (place / "pixels.bin").stat().st_size != manifest.pixels_bytes:
            raise _damaged(place, "lacks pixels")
        index = np.fromfile(place / "index.bin", INDEX)
        faulty = {int(row): reason for row, reason in manifest.faulty.items()}
        left_out = index[index["offset"] == NOT_KEPT]
        missing = int((left_out["height"].astype(np.int64) * left_out["width"] * 3).min()) if len(left_out) else None
        notes = {int(row): said for row, said in manifest.notes.items()}
        return Shelf(_views(place / "pixels.bin", index), faulty, notes, missing)
    except (OSError, LookupError, ValueError) as error:
        raise _damaged(place, f"cannot be read ({error})") from error


def verify(place: Path) -> None:
    """Compare every byte of the store at `place` with its checksums; StoreError if they differ."""
    manifest = _manifest(place)
    for part, known in (("index", manifest.index_sha256), ("pixels", manifest.pixels_sha256)):
        try:
            digest = sha256_of_file(place / f"{part}.bin")
        except OSError as error:
            raise _damaged(place, f"cannot be read ({error})") from error
        if digest != known:
            raise _damaged(place, f"is damaged ({part}.bin is not what was written)")


def _manifest(place: Path) -> _Manifest:
    return read_record(place / "manifest.json", _Manifest, again=_DAMAGED_HINT)


def write(home: Path, facts: StoreFacts, pictures: PicturesFrom, *, most: int | None = None) -> Path:
    """Write a store into the folder `home` and return its place.

    Where a process that was killed had begun the same store, this one goes on with it; interrupted, it leaves what it
    has for the next.

    Parameters
    ----------
    home : Path
    facts : StoreFacts
    pictures : callable
        Given a row, returns the pictures from that one on.
    most : int, optional
        Bytes of pixels to keep; what comes later is only noted.

    Raises
    ------
    OSError, StoreError
        If it cannot be written; nothing is left behind.
    """
    home.mkdir(parents=True, exist_ok=True)
    place = home / name(facts)
    draft = home / draft_name(place.name)
    begun = adopt(home, place.name, draft)
    clean_drafts(home)
    try:
        if not begun:
            draft.mkdir()
        _fill(draft, facts, pictures, most)
        _put(draft, place, facts)
    except Exception:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    except BaseException:  # interrupted: the next one goes on
        abandon(draft, place.name)
        raise
    shutil.rmtree(draft, ignore_errors=True)
    return place


def _fill(draft: Path, facts: StoreFacts, pictures: PicturesFrom, most: int | None) -> None:
    """Write the three files into `draft`, the manifest last."""
    filling = Filling(draft, most)
    filling.take(pictures(len(filling)))
    with durable_writer(draft / "index.bin") as temporary:
        np.array(filling.index, INDEX).tofile(temporary)
    filling.flush()
    manifest = _Manifest(
        format=FORMAT,
        facts=facts,
        pixels_bytes=filling.nbytes,
        pixels_sha256=filling.digest.hexdigest(),
        index_sha256=sha256_of_file(draft / "index.bin"),
        faulty={str(row): reason for row, reason in filling.faulty.items()},
        notes={str(row): said for row, said in filling.notes.items()},
    )
    write_record(draft / "manifest.json", manifest)
    filling.forget()


def _put(draft: Path, place: Path, facts: StoreFacts) -> None:
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


def _stands(place: Path, draft: Path, facts: StoreFacts) -> bool:
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
