"""Pictures in folders: train/, val/, test/ with class folders, or one folder of class folders."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from headstart.base.errors import DataError
from headstart.records.progress import Progress
from headstart.table.listing import Listing, Skipped, leads_back, no_pictures, scan, walk
from headstart.table.table import SPLIT_NAMES, Row, Table, build_table, first_few

LAYOUTS = (
    "Folders are read as DATA/train/CLASS/picture.jpg with DATA/val/ or DATA/test/ (or both) in the same form, "
    "or as DATA/CLASS/picture.jpg, which is then split 75/25; a CSV or Parquet list of pictures is read too."
)
_STRAY = "it is not in a class folder"


@dataclass
class _Reading:
    """What has been read so far."""

    rows: list[Row] = field(default_factory=list)
    classes: set[str] = field(default_factory=set)
    found: Listing = field(default_factory=Listing)


def read_folder(root: Path, *, threads: int = 1, progress: Progress | None = None) -> Table:
    """Return the table of a data folder; pictures may lie at any depth below their class folder.

    Every class folder of train (or of a single folder) is a class, also an empty one; in val and test
    only those that hold pictures are.

    Raises
    ------
    DataError
        If the folder has neither layout, or no readable picture, or too many unreadable ones.
    """
    reading = _Reading()
    top = scan(root)
    names = [*top.folders, *top.links]
    by_split = _split_folders(root, names)
    if by_split:
        reading.found.ignored += top.ignored
        _skip_strays(top.files, reading)
        reading.found.skipped += top.skipped
        beside = "not read: it is next to the folders of the splits"
        for name in sorted(set(names) - set(by_split.values())):
            reading.found.skipped.append(Skipped(name, beside, unreadable=False))
        for split, name in by_split.items():
            _read_classes(root / name, f"{name}/", split, scan(root / name, f"{name}/"), reading)
    else:
        _read_classes(root, "", "", top, reading)
    found = reading.found
    if not reading.rows and not reading.classes:
        raise no_pictures(f"'{root}'", found.skipped, found.ignored)
    return build_table(
        root,
        reading.rows,
        classes=reading.classes,
        skipped=found.skipped,
        ignored=found.ignored,
        threads=threads,
        progress=progress,
    )


def _split_folders(root: Path, names: list[str]) -> dict[str, str]:
    """Return the folder of each split; empty if the folder is a single one of class folders."""
    known = [name for name in names if name.lower() in SPLIT_NAMES]
    splits = [SPLIT_NAMES[name.lower()] for name in known]
    if not known or ("train" not in splits and len(known) < len(names)):
        return {}
    twice = [name for name, split in zip(known, splits, strict=True) if splits.count(split) > 1]
    if twice:
        raise DataError(
            f"'{root}' has more than one folder for the same split: {', '.join(sorted(twice))}.",
            hint="Keep one folder each for train, val (or valid, validation) and test.",
        )
    return dict(zip(splits, known, strict=True))


def _read_classes(folder: Path, prefix: str, split: str, level: Listing, reading: _Reading) -> None:
    """Add the pictures of the class folders in `folder`, of which `level` is the listing."""
    names = sorted([*level.folders, *level.links])
    if level.files and not names:
        raise DataError(f"'{folder}' holds {len(level.files)} pictures but no class folders.", hint=LAYOUTS)
    reading.found.ignored += level.ignored
    reading.found.skipped += level.skipped
    _skip_strays(level.files, reading)
    for name in names:
        if name in level.links and leads_back(folder / name):
            back = "a link to a folder above it: not entered"
            reading.found.skipped.append(Skipped(prefix + name, back, unreadable=False))
            continue
        _check_name(folder / name)
        pictures = walk(folder / name, f"{prefix}{name}/")
        reading.found.add(pictures)
        reading.rows += [Row(path, name, split) for path in pictures.files]
        if split in ("train", ""):
            reading.classes.add(name)


def _skip_strays(files: list[str], reading: _Reading) -> None:
    reading.found.skipped += [Skipped(path, _STRAY, unreadable=False) for path in files]


def _check_name(folder: Path) -> None:
    """Refuse a class whose name is no Unicode: no result could name it."""
    printable = folder.name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    if printable != folder.name:
        raise DataError(
            f"The name of the class folder {first_few([printable])} is not valid UTF-8.",
            hint="Rename the folder; letters of any language are fine.",
        )
