"""Which layout a data folder has: folders of splits, folders of classes, or something that must be asked about."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from headstart.base.errors import DataError
from headstart.records.findings import Finding
from headstart.table.kinds import PICTURE_SUFFIXES, is_folder, passed_over
from headstart.table.listing import Listing, holds_pictures, scan
from headstart.table.names import composed
from headstart.table.table import SPLITS, first_few, split_of
from headstart.words.pictures import deeper_folders, same_subfolders, splits_below

_DEPTH = 4  # levels below years or sites at which classes are looked for
LAYOUTS = (
    "Folders are read as DATA/train/CLASS/picture.jpg with DATA/val/ or DATA/test/ (or both) in the same form, "
    "or as DATA/CLASS/picture.jpg, which is then split 75/25; a CSV or Parquet list of pictures is read too."
)
# Names that a folder without labels has: what is in it is known by no class.
_NO_CLASS = (
    "all",
    "all_classes",
    "images",
    "image",
    "imgs",
    "pictures",
    "photos",
    "unknown",
    "unlabeled",
    "unlabelled",
)
# Folders beside train that mean no class: what has no labels, or is kept for later.
_LEFT_OVER = (*_NO_CLASS, "raw", "extra", "extras", "new", "predict", "backup", "old", "unused", "todo", "unsorted")
# Subfolders that a class of anything may have: what is left over, views, states of the animal or of the picture.
_PARTS = re.compile(
    r"others?|misc|miscellaneous|various|rest|left|right|front|back|rear|side|top|bottom|above|below|dorsal|ventral"
    r"|lateral|near|far|close|male|female|adult|juvenile|young|old|day|night|indoor|outdoor|inside|outside|raw"
    r"|originals?|cropped|edited|processed|augmented|selected|good|bad|new|done|\d+",
    re.IGNORECASE,
)
_COLLECTION = re.compile(
    r"(?:(?:19|20)\d\d(?:[-_. ]?\d{1,2}){0,2}"
    r"|(?:year|batch|day|week|month|site|plot|plate|session|fold|run|cam|camera|part|station|trip|series|season|visit"
    r"|round|replicate|rep|patient|subject)(?:[-_ ]*\d+|[-_ ][a-z])"
    r"|(?:spring|summer|autumn|fall|winter)(?:[-_ ]*\d+)?)",
    re.IGNORECASE,
)
_SPLIT_LIKE = re.compile(
    r"(?:train|training|test|testing|val|valid|validation|eval|dev)[-_ ]?(?:set|data|images|pictures|\d+)?",
    re.IGNORECASE,
)


def split_folders(root: Path, names: Sequence[str]) -> dict[str, str]:
    """Return the folder of each split, train first; empty if the folder is a single one of class folders.

    Raises
    ------
    DataError
        If two folders are the same split, or ``train`` may be a split or a class.
    """
    found = {name: split for name in names if (split := split_of(name))}
    known, splits = list(found), list(found.values())
    beside = sorted(set(names) - set(known))
    if not known or ("train" not in splits and beside):
        return {}
    twice = [name for name, split in zip(known, splits, strict=True) if splits.count(split) > 1]
    if twice:
        raise DataError(
            f"'{root}' has more than one folder for the same split: {', '.join(sorted(twice))}.",
            hint="Keep one folder each for train, val (or valid, validation) and test.",
        )
    by_split = dict(sorted(zip(splits, known, strict=True), key=lambda pair: SPLITS.index(pair[0])))
    if "train" in by_split and beside:
        _check_no_class(root, by_split, beside)
    return by_split


def _check_no_class(root: Path, by_split: dict[str, str], beside: Sequence[str]) -> None:
    """Raise DataError where ``train`` is as likely a class: alone beside folders of pictures, or without class folders.

    What is next to train and a measuring split in the same form is only set aside: there the layout is clear.
    """
    train = by_split["train"]
    loose = not subfolders(root / train)
    if len(by_split) > 1 and not loose:
        return
    others = [name for name in beside if holds_pictures(root / name)]
    if not others:
        return
    named = first_few([f"'{name}'" for name in others])
    lie = f"lies {named}, which holds" if len(others) == 1 else f"lie {named}, which hold"
    said = f"'{train}' may be a split or a class: next to it in '{root}' {lie} pictures, too."
    if aside := [name for name in others if name.lower() in _LEFT_OVER]:
        away = f"{first_few([repr(name) for name in aside])} {'is' if len(aside) == 1 else 'are'} no class"
        raise DataError(
            said,
            hint=f"If {away}, move {'it' if len(aside) == 1 else 'them'} out of '{root}'. If '{train}' is a class, "
            f"give it another name, such as '{train}s'.",
        )
    raise DataError(
        said,
        hint=(
            f"If '{train}' is a class, give it another name, such as '{train}s', or put all class folders into one "
            f"folder called train: '{root / 'train' / train}', '{root / 'train' / others[0]}'. If it is a split, move "
            "the other folders away, or call the one that measures val or test."
        ),
    )


def subfolders(folder: Path, *, strays: bool = False) -> frozenset[str]:
    """Return the names of the folders in `folder`; none if a picture lies there, too, which makes it a class.

    With `strays`, a few pictures do not: no more than there are folders with pictures.
    """
    found, loose = _level(folder)
    if loose and strays:
        found = [name for name in found if holds_pictures(folder / name)]
    return frozenset(map(composed, found)) if loose <= (len(found) if strays else 0) else frozenset()


def _level(folder: Path) -> tuple[list[str], int]:
    """Return the names of the folders in `folder` that are entered, sorted, and how many pictures lie beside them."""
    found: list[str] = []
    loose = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if passed_over(entry):
                    continue
                if is_folder(entry):
                    found.append(entry.name)
                elif Path(entry.name).suffix.lower() in PICTURE_SUFFIXES:
                    loose += 1
    except OSError:  # `scan` says so
        return [], 0
    return sorted(found), loose


def has_no_labels(level: Listing, classes: Collection[str]) -> bool:
    """Return whether what lies in the folder of a measuring split is in no class folder.

    Its pictures lie loose, or all in one folder that is none of the `classes` and says that it is no class.
    """
    inside = [*level.folders, *level.links]
    if not inside:
        return bool(level.files)
    if len(inside) > 1 or level.files or composed(inside[0]) in classes:
        return False
    return inside[0].lower() in _NO_CLASS or split_of(inside[0]) is not None


def check_levels(folder: Path, names: Sequence[str]) -> tuple[Finding, ...]:
    """Return what is to be said of class folders that hold the same subfolders: the classes may be one level deeper.

    Raises
    ------
    DataError
        If the upper folders look like times, sites or splits and the lower ones do not, or the lower ones are splits.
    """
    if len(names) < 2:
        return ()
    _check_collections(folder, names)
    inside = {name: found for name in names if (found := subfolders(folder / name, strays=True))}
    lower = frozenset[str]().union(*inside.values())
    alike = sum(map(len, inside.values())) >= 0.7 * len(inside) * len(lower)
    if len(inside) < 2 or len(lower) < 2 or not _all_empty(folder, set(names) - set(inside)):
        return _measuring_below(folder, names)
    if not alike:
        return _measuring_below(folder, names) or _perhaps_deeper(folder, inside)
    below, above = sorted(lower), sorted(inside)
    if all(split_of(name) for name in below):
        raise DataError(
            f"Each class folder of '{folder}' holds {_quoted(below)}: the splits stand below the classes.",
            hint=f"Put the splits above the classes, such as '{folder / below[0] / above[0]}', or give a list with the "
            "columns path, label and split.",
        )
    if all(_COLLECTION.fullmatch(name) for name in below):
        return ()
    if all(_SPLIT_LIKE.fullmatch(name) for name in above):
        raise _splits_above(folder, above, below, "each holds")
    if all(_COLLECTION.fullmatch(name) for name in above):
        raise _collections_above(folder, above, below, "each holds")
    return (same_subfolders(above, below),)


def _check_collections(folder: Path, names: Sequence[str]) -> None:
    """Raise DataError where most names look like times, sites or splits, and two of them hold a subfolder of one name.

    One shared name is enough, at whatever depth, and loose pictures change nothing: a year is no class because a
    picture strayed into it. Names that divide a class, such as ``left``, are not counted.
    """
    for form, refusal in ((_COLLECTION, _collections_above), (_SPLIT_LIKE, _splits_above)):
        above = sorted(name for name in names if form.fullmatch(name))
        if len(above) < 2 or 2 * len(above) <= len(names):
            continue
        levels = {name: [folder / name] for name in above}
        for _ in range(_DEPTH):
            levels = {
                name: [place / inner for place in places for inner in _level(place)[0]]
                for name, places in levels.items()
            }
            inside = [_named(places) for places in levels.values()]
            shared = Counter(inner for found in inside for inner in found)
            if len(shared) > 1 and max(shared.values()) > 1:
                holds = "each holds" if min(shared.values()) == len(above) else "several hold"
                raise refusal(folder, above, sorted(shared), holds)


def _named(places: Sequence[Path]) -> set[str]:
    """Return the names of the folders that hold pictures and are not rather parts of a class."""
    return {composed(place.name) for place in places if not _divides(place.name) and holds_pictures(place)}


def _splits_above(folder: Path, above: Sequence[str], below: Sequence[str], holds: str) -> DataError:
    return DataError(
        f"{_quoted(above)} in '{folder}' look like splits: {holds} the same subfolders, {_quoted(below)}.",
        hint="Call the folders train, val and test. If they are the classes, give them other names.",
    )


def _collections_above(folder: Path, above: Sequence[str], below: Sequence[str], holds: str) -> DataError:
    return DataError(
        f"{_quoted(above)} in '{folder}' do not look like classes: {holds} the same subfolders, {_quoted(below)}.",
        hint=f"If these are the classes, put each above: '{folder / below[0] / above[0]}', "
        f"'{folder / below[1] / above[0]}'; or give a list with the columns path, label and group. If "
        f"{above[0]} really is a class, give it another name, such as 'class {above[0]}'.",
    )


def _measuring_below(folder: Path, names: Sequence[str]) -> tuple[Finding, ...]:
    """Return what is to be said of class folders that hold a folder called test or the like: it trains, too."""
    found = [
        f"{name}/{inner}"
        for name in names
        for inner in _level(folder / name)[0]
        if _SPLIT_LIKE.fullmatch(inner)
        and not inner.lower().startswith("train")
        and holds_pictures(folder / name / inner)
    ]
    return (splits_below(found),) if found else ()


def _perhaps_deeper(folder: Path, inside: Mapping[str, Collection[str]]) -> tuple[Finding, ...]:
    """Return what is to be said of class folders whose subfolders have names of their own, as classes would have.

    Nothing is said where the subfolders are times, sites or splits, differ in their numbers only, or come back in
    several classes: those divide a class.
    """
    named = {upper: sorted(name for name in lower if not _divides(name)) for upper, lower in inside.items()}
    everywhere = [name for lower in named.values() for name in lower]
    shapes = {re.sub(r"\d+", "0", name).casefold() for name in everywhere}
    times = all(map(_COLLECTION.fullmatch, named))  # whatever is in a year, the year is hardly a class
    if not all(named.values()) or len(set(everywhere)) < len(everywhere):
        return ()
    if not times and len(shapes) <= len(named):
        return ()
    held = {upper: [name for name in lower if holds_pictures(folder / upper / name)] for upper, lower in named.items()}
    several = [upper for upper, lower in held.items() if len(lower) > 1]
    if not all(held.values()) or (not times and 2 * len(several) < len(held)):
        return ()
    shown = several[0] if several else min(held)
    return (deeper_folders(sorted(held), [f"{shown}/{name}" for name in held[shown][:2]]),)


def _divides(name: str) -> bool:
    """Return whether a subfolder of this name is rather a part of a class than a class."""
    plain = name.strip().lower()
    return plain in _NO_CLASS or any(form.fullmatch(plain) for form in (_COLLECTION, _SPLIT_LIKE, _PARTS))


def _all_empty(folder: Path, names: Collection[str]) -> bool:
    """Return whether the folders of these names hold nothing at all."""
    return not any(level.files or level.folders for level in (scan(folder / name) for name in names))


def _quoted(names: Sequence[str]) -> str:
    return first_few([f"'{name}'" for name in names])
