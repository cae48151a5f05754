"""Pictures in folders: train/, val/, test/ with class folders, or one folder of class folders."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from headstart.base.errors import DataError
from headstart.records.findings import Finding
from headstart.records.progress import Progress
from headstart.table.kinds import Skipped, printable
from headstart.table.layouts import LAYOUTS, check_levels, has_no_labels, split_folders
from headstart.table.listing import Listing, holds_pictures, leads_back, no_pictures, scan, walk
from headstart.table.names import composed, is_blank, visible
from headstart.table.table import Row, Table, build_table, counted, first_few, split_of
from headstart.words.pictures import beside_splits, class_called, set_aside
from headstart.words.skipped import BESIDE, LINK, STRAY, UNLABELLED


@dataclass
class _Reading:
    """What has been read so far."""

    rows: list[Row] = field(default_factory=list)
    classes: set[str] = field(default_factory=set)
    found: Listing = field(default_factory=Listing)
    findings: list[Finding] = field(default_factory=list)


def read_folder(root: Path, *, threads: int = 1, progress: Progress | None = None) -> Table:
    """Return the table of a data folder; pictures may lie at any depth below their class folder.

    Every class folder of train (or of a single folder) is a class, also an empty one; in val and test only those that
    hold pictures are. Names of classes are in NFC, so two folders whose names look the same are one class.

    Raises
    ------
    DataError
        If the folder has neither layout, or either, or no readable picture, or too many unreadable ones.
    """
    reading = _Reading()
    top = scan(root)
    names = [*top.folders, *top.links]
    by_split = split_folders(root, names)
    if by_split:
        _read_splits(root, by_split, top, reading)
    else:
        _read_classes(root, "", "", top, reading)
        if len(names) > 1:
            reading.findings += [class_called(name) for name in names if split_of(name)]
    found = reading.found
    if not reading.rows and not reading.classes:
        raise no_pictures(f"'{root}'", found.skipped)
    return build_table(
        root,
        reading.rows,
        classes=reading.classes,
        skipped=found.skipped,
        findings=reading.findings,
        threads=threads,
        progress=progress,
    )


def _read_splits(root: Path, by_split: dict[str, str], top: Listing, reading: _Reading) -> None:
    """Add the pictures of the splits; folders next to them, and splits without class folders, are set aside."""
    reading.found.skipped += [*top.skipped, *_strays(top)]
    beside = sorted({*top.folders, *top.links} - set(by_split.values()))
    reading.found.skipped += [Skipped.of(printable(name), BESIDE) for name in beside]
    if unread := [printable(name) for name in beside if holds_pictures(root / name)]:
        reading.findings.append(beside_splits(list(by_split.values()), unread))
    levels = {split: scan(root / name, f"{name}/") for split, name in by_split.items()}
    aside = [
        split
        for split, level in levels.items()
        if split != "train" and "train" in levels and has_no_labels(level, _class_names(levels["train"]))
    ]
    for split, name in by_split.items():
        if split in aside:
            _set_aside(root, split, name, set(levels) - set(aside), reading)
        else:
            _read_classes(root / name, f"{name}/", split, levels[split], reading)


def _set_aside(root: Path, split: str, name: str, read: set[str], reading: _Reading) -> None:
    """List the folder of a split whose pictures have no labels, and say what measures instead."""
    inside = walk(root / name, f"{name}/")
    reading.found.skipped += inside.skipped
    reason = f"its {counted(len(inside.files))} are in no class folder: set aside"
    reading.found.skipped.append(Skipped(f"{name}/", reason, unreadable=False, kind=UNLABELLED))
    measuring = sorted(read - {"train"})
    instead = f"{measuring[0]} measures." if measuring else "some of the training pictures are held out to measure."
    reading.findings.append(set_aside(split, str(root / name), len(inside.files), instead=instead))


def _class_names(level: Listing) -> set[str]:
    return {composed(name) for name in (*level.folders, *level.links)}


def _read_classes(folder: Path, prefix: str, split: str, level: Listing, reading: _Reading) -> None:
    """Add the pictures of the class folders in `folder`, of which `level` is the listing."""
    names = sorted([*level.folders, *level.links])
    if level.files and not names:
        raise DataError(
            f"'{folder}' holds {len(level.files):,} pictures but no class folders.", hint=_lists_there(folder) + LAYOUTS
        )
    reading.found.skipped += [*level.skipped, *_strays(level)]
    if split in ("train", ""):
        reading.findings += check_levels(folder, names)
    for name in names:
        if name in level.links and leads_back(folder / name):
            back = "a link to a folder above it: not entered"
            reading.found.skipped.append(Skipped(prefix + name, back, unreadable=False, kind=LINK))
            continue
        _check_name(folder / name)
        pictures = walk(folder / name, f"{prefix}{name}/")
        reading.found.add(pictures)
        reading.rows += [Row(path, composed(name), split) for path in pictures.files]
        if split in ("train", ""):
            reading.classes.add(composed(name))


def _strays(level: Listing) -> list[Skipped]:
    return [Skipped.of(path, STRAY) for path in level.files]


def _lists_there(folder: Path) -> str:
    """Return a hint at lists that lie in a folder without class folders, or above it."""
    near = [file for place in (folder, folder.parent) for file in sorted(place.glob("*.[cCtT][sS][vV]"))]
    return f"If '{near[0]}' holds their labels, give that: its columns must be path and label. " if near else ""


def _check_name(folder: Path) -> None:
    """Refuse a class whose name is no Unicode, or cannot be seen: no result could name it."""
    said = printable(folder.name)
    if is_blank(said):
        raise DataError(
            f"A class folder in '{folder.parent}' has a name that cannot be seen: '{visible(said)}'.",
            hint="Rename the folder.",
        )
    if said != folder.name:
        raise DataError(
            f"The name of the class folder {first_few([said])} is not valid UTF-8.",
            hint="Rename the folder; letters of any language are fine.",
        )
