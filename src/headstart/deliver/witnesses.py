"""The pictures on which an exported classifier is run beside its bundle: those of the run that it comes from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from headstart.base.errors import ConfigError, DataError, StoreError
from headstart.base.executors import ordered_map
from headstart.base.process import thread_budget
from headstart.pixels.headers import Header, header_of
from headstart.pixels.root import found_root
from headstart.records.codec import read_record
from headstart.records.progress import Progress
from headstart.records.results import Results
from headstart.table import list_pictures, read_rows, read_table

LEAST, ENOUGH = 64, 192  # pictures
_OF_A_KIND = 4
_HEADERS = 4000  # files whose headers are read at most
_MEASURING = ("test", "val", "unseen")

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Witness:
    """A picture, and where it is known its label and its split."""

    path: Path
    label: str | None = None
    split: str | None = None


def of_run(bundle: Path, data: Path | None) -> list[Witness]:
    """Return the pictures of the run folder in which a bundle lies; none if it lies in none, or they are gone.

    Parameters
    ----------
    bundle : Path
    data : Path, optional
        Where they are now.
    """
    folder = bundle.absolute().parent.parent
    if not (folder / "results.json").is_file() or not (folder / "split.parquet").is_file():
        return []
    root = read_record(folder / "results.json", Results).data.root
    rows = read_rows(folder / "split.parquet")
    place = found_root(root, data, [row.path for row in rows])
    if place is None:
        return []
    return [Witness(place / row.path, row.label, row.split) for row in rows]


def given(data: Path, trained_on: Sequence[str]) -> list[Witness]:
    """Return the pictures of a folder or list that somebody names; with labels and splits if it has classes.

    Parameters
    ----------
    data : Path
    trained_on : sequence of str
        Beginnings of the checksums of the pictures that it has learned from: those are called train, others unseen.
    """
    if not data.exists():
        raise DataError(f"'{data}' does not exist.", hint="Give a folder of pictures with --data.")
    known = set(trained_on)
    try:
        table = read_table(data)
    except DataError:  # no classes: pictures alone
        return [Witness(path) for path in list_pictures([data])[0]]
    return [
        Witness(table.file(row), table.classes[table.labels[row]], "train" if digest[:16] in known else "unseen")
        for row, digest in enumerate(table.digests)
    ]


def found(bundle: Path, data: Path | None, trained_on: Sequence[str]) -> list[Witness]:
    """Return the pictures to prove an export with: of the run, else those at `data`.

    Raises
    ------
    ConfigError
        If there are none; it says what to give.
    """
    try:
        known = of_run(bundle, data)
    except (DataError, StoreError):
        if data is None:
            raise
        known = []
    if not known and data is not None:
        known = given(data, trained_on)
    if not known:
        raise ConfigError(
            f"No pictures are known to prove the export of '{bundle}' with.",
            hint="Give some of the kind that it will see, 64 or more: --data FOLDER",
        )
    return known


def chosen(
    witnesses: Sequence[Witness], side: int, progress: Progress, *, most: int = ENOUGH
) -> tuple[list[Witness], dict[str, int]]:
    """Return some of the pictures, of every kind that occurs, the smallest and the largest, and how many of each kind.

    Parameters
    ----------
    witnesses : sequence of Witness
    side : int
        What the network sees, in pixels.
    progress : Progress
    most : int
        More are only taken where there are more kinds.
    """
    looked = _spread(list(witnesses), max(most, _HEADERS))
    kinds = defaultdict[str, list[tuple[int, int]]](list)
    with progress.step("kinds of pictures", len(looked)) as step:
        headers = ordered_map(header_of, [one.path for one in looked], threads=thread_budget())
        for place, header in enumerate(headers):
            step.advance()
            kinds[_kind(header, side)].append((0 if header is None else header.width * header.height, place))
    taken = set[int]()
    for members in kinds.values():
        members.sort()
        taken |= {place for _, place in (*_spread(members, _OF_A_KIND), members[-1])}
    taken |= set(_spread([place for place in range(len(looked)) if place not in taken], max(0, most - len(taken))))
    names = {place: kind for kind, members in kinds.items() for _, place in members}
    rows = sorted(taken)
    counts = dict[str, int]()
    for place in rows:
        counts[names[place]] = counts.get(names[place], 0) + 1
    return [looked[place] for place in rows], dict(sorted(counts.items()))


def measuring(witnesses: Sequence[Witness], classes: Sequence[str]) -> tuple[str, list[Witness]]:
    """Return the split that measures, and its labelled pictures; ("", []) where there are none."""
    for split in _MEASURING:
        rows = [one for one in witnesses if one.split == split and one.label in classes]
        if rows:
            return split, rows
    return "", []


def learned_from(witnesses: Sequence[Witness], most: int) -> list[Witness]:
    """Return some of the pictures that trained, evenly taken."""
    return _spread([one for one in witnesses if one.split == "train"], most)


def _kind(header: Header | None, side: int) -> str:
    return "not read" if header is None else header.kind(side)


def _spread(things: list[Thing], most: int) -> list[Thing]:
    """Return at most so many, evenly taken from the first to the last."""
    if len(things) <= most or most < 1:
        return things if most > 0 else []
    return [things[round(place * (len(things) - 1) / max(1, most - 1))] for place in range(most)]
