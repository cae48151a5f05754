"""The table of pictures: paths, labels, splits, groups and what the files' bytes are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart.base.errors import DataError
from headstart.base.executors import ordered_map
from headstart.base.files import fingerprint, sha256_of_file
from headstart.records.findings import Finding
from headstart.records.progress import Progress, Silent
from headstart.table.kinds import Skipped
from headstart.table.listing import no_pictures, what_lies_there
from headstart.table.names import MISSING, PERHAPS_MISSING, as_read, composed, look_alike, look_alikes, visible
from headstart.words.pictures import names_alike, other_forms, perhaps_missing, some_without_group
from headstart.words.skipped import is_form_of_picture, not_read

SPLITS = ("train", "val", "test")
SPLIT_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
UNREADABLE_SHARE = 0.05


def split_of(name: str) -> str | None:
    """Return the split that a folder or a cell of a list names, as people read it; None if it names none."""
    return SPLIT_NAMES.get(as_read(name))


Integers = NDArray[np.int64]
Strings = NDArray[np.str_]


class Row(NamedTuple):
    """One picture as a source names it."""

    path: str
    label: str
    split: str = ""
    group: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """Pictures in the order of their paths.

    Parameters
    ----------
    root : Path
        The folder to which the paths are relative.
    paths : tuple of str
        With forward slashes, as the names stand on disk, sorted, each once.
    labels : array of int, (pictures,)
        Index into `classes`.
    classes : tuple of str
        Sorted names; a class may have no picture.
    splits : array of str, (pictures,)
        ``"train"``, ``"val"``, ``"test"``, or ``""`` where none is assigned yet.
    groups : array of str, (pictures,)
        Pictures of one group stay on one side of every split; ``""`` is no group.
    digests : tuple of str
        SHA-256 of each file's bytes.
    skipped : tuple of Skipped
        Files and folders that take part in nothing, with the reason: pictures that cannot be read, and all else.
    findings : tuple of Finding
        What a reader must know of the pictures as they were found.

    Raises
    ------
    ValueError
        If the columns contradict each other: a fault of the calling code, never of the data.
    """

    root: Path
    paths: tuple[str, ...]
    labels: Integers
    classes: tuple[str, ...]
    splits: Strings
    groups: Strings
    digests: tuple[str, ...]
    skipped: tuple[Skipped, ...] = field(default=())
    findings: tuple[Finding, ...] = field(default=())

    def __post_init__(self) -> None:
        for name, kind in (("labels", np.int64), ("splits", np.str_), ("groups", np.str_)):
            column = np.array(getattr(self, name), dtype=kind)
            column.setflags(write=False)
            object.__setattr__(self, name, column)
        columns = (self.labels, self.splits, self.groups, self.digests)
        if any(len(column) != len(self.paths) for column in columns):
            raise ValueError("the columns of a table must be of one length")
        if any(a >= b for a, b in zip(self.paths, self.paths[1:], strict=False)):
            raise ValueError("the paths of a table must be sorted, each once")
        if list(self.classes) != sorted(set(self.classes)):
            raise ValueError("the classes of a table must be sorted, each once")
        if len(self) and not 0 <= self.labels.min() <= self.labels.max() < len(self.classes):
            raise ValueError("a label of the table is outside its classes")
        if not set(self.splits.tolist()) <= {*SPLITS, ""}:
            raise ValueError("a split of the table is none of train, val, test")

    def __repr__(self) -> str:
        return f"Table('{self.root}': {len(self)} pictures, {len(self.classes)} classes)"

    def __len__(self) -> int:
        return len(self.paths)

    def rows(self, split: str) -> Integers:
        """Return the rows of `split` (``""``: those without one), ascending."""
        return np.flatnonzero(self.splits == split).astype(np.int64)

    def file(self, row: int) -> Path:
        """Return where the picture of `row` lies."""
        return self.root / self.paths[row]

    @property
    def measured(self) -> str:
        """The split that measures: ``"test"`` if it has pictures, else ``"val"``."""
        return "test" if len(self.rows("test")) else "val"

    def counts(self) -> dict[str, dict[str, int]]:
        """Return pictures per split and class; a split without pictures is empty.

        The key ``""`` is there only while some pictures have no split.
        """
        names = [*SPLITS, ""] if (self.splits == "").any() else SPLITS
        return {name: self._counts(self.rows(name)) for name in names}

    @property
    def divided(self) -> bool:
        """Whether some pictures are held out: of val or test."""
        return bool(np.isin(self.splits, ("val", "test")).any())

    def fingerprint(self) -> str:
        """Return a SHA-256 of paths, labels (by name), splits, groups and the files' bytes."""
        labels = [self.classes[label] for label in self.labels]
        return fingerprint([self.paths, labels, self.splits.tolist(), self.groups.tolist(), self.digests])

    def without(self, reasons: Mapping[int, str], *, trainable: bool = True) -> Table:
        """Return the table without some pictures, which are listed as skipped.

        Parameters
        ----------
        reasons : mapping of row to reason
        trainable : bool
            Also check that what is left in train can be trained on (if there is a train split).

        Raises
        ------
        DataError
            If more than 5 % of all pictures are unreadable, or a class is left with too few.
        """
        if not reasons:
            return self
        gone = [Skipped(self.paths[row], reason) for row, reason in reasons.items()]
        table = self._keep(np.setdiff1d(np.arange(len(self)), np.fromiter(reasons, np.int64)), gone)
        check_readable(table)
        if trainable and len(self.rows("train")):
            check_trainable(table)
        return table

    def only(self, rows: Integers) -> Table:
        """Return the table of these rows alone; which are left out is not noted."""
        return self._keep(rows, ())

    def _keep(self, rows: Integers, gone: Iterable[Skipped]) -> Table:
        return replace(
            self,
            paths=tuple(self.paths[row] for row in rows),
            labels=self.labels[rows],
            splits=self.splits[rows],
            groups=self.groups[rows],
            digests=tuple(self.digests[row] for row in rows),
            skipped=tuple(sorted([*self.skipped, *gone], key=lambda skipped: skipped.path)),
        )

    def _counts(self, rows: Integers) -> dict[str, int]:
        if not len(rows):
            return {}
        numbers = np.bincount(self.labels[rows], minlength=len(self.classes))
        return {name: int(number) for name, number in zip(self.classes, numbers, strict=True)}


def build_table(
    root: Path,
    rows: Iterable[Row],
    *,
    classes: Collection[str] = (),
    skipped: Sequence[Skipped] = (),
    findings: Sequence[Finding] = (),
    threads: int = 1,
    progress: Progress | None = None,
) -> Table:
    """Return the table of `rows` in the order of their paths, with the digests of the files.

    Files that cannot be opened, and empty ones, go to the skipped.

    Parameters
    ----------
    root : Path
    rows : iterable of Row
        Each path once.
    classes : collection of str
        Names that are classes even if no picture of theirs is left.
    skipped, findings
        What the source has passed over already, and what it has to say.
    threads : int
        How many files are read at a time.
    progress : Progress, optional
        A listener: every byte of every file is read once.

    Raises
    ------
    DataError
        If more than 5 % of the pictures are unreadable, or none is left.
    """
    ordered, contents = sorted(rows, key=lambda row: row.path), list[tuple[str, str]]()
    with (progress or Silent()).step("read", len(ordered)) as step:
        for content in ordered_map(_digest, (root / row.path for row in ordered), threads=threads):
            contents.append(content)
            step.advance()
    good = [(row, digest) for row, (digest, _) in zip(ordered, contents, strict=True) if digest]
    bad = [Skipped(row.path, why) for row, (_, why) in zip(ordered, contents, strict=True) if why]
    names = sorted({*classes, *(row.label for row, _ in good)})
    index = {name: number for number, name in enumerate(names)}
    table = Table(
        root=root,
        paths=tuple(row.path for row, _ in good),
        labels=np.array([index[row.label] for row, _ in good], dtype=np.int64),
        classes=tuple(names),
        splits=np.array([row.split for row, _ in good], dtype=np.str_),
        groups=np.array([row.group for row, _ in good], dtype=np.str_),
        digests=tuple(digest for _, digest in good),
        skipped=tuple(sorted([*skipped, *bad], key=lambda skipped: skipped.path)),
    )
    check_readable(table)
    if not len(table):
        raise no_pictures(f"'{root}'", table.skipped)
    return replace(table, findings=(*findings, *_found_in(table)))


def _found_in(table: Table) -> list[Finding]:
    """Return what is to be said of the names of classes and groups, and of pictures in forms that are not read."""
    found = []
    for what, names in (("classes", table.classes), ("groups", set(table.groups.tolist()) - {""})):
        if alike := look_alikes(names):
            found.append(names_alike(what, [tuple(map(visible, same)) for same in alike]))
    if doubtful := [at for at, name in enumerate(table.classes) if name.casefold() in MISSING | PERHAPS_MISSING]:
        pictures = int(np.isin(table.labels, doubtful).sum())
        found.append(perhaps_missing([table.classes[at] for at in doubtful], pictures))
    if (alone := int((table.groups == "").sum())) and alone < len(table):
        found.append(some_without_group(alone, len(table)))
    kinds = [entry.kind for entry in table.skipped if is_form_of_picture(entry.kind)]
    if len(kinds) > UNREADABLE_SHARE * (len(table) + len(kinds)):
        found.append(other_forms(kinds, len(table)))
    return found


def tell_findings(table: Table, progress: Progress | None) -> None:
    """Tell a listener what must be known of the pictures."""
    for finding in table.findings:
        (progress or Silent()).message(finding.text)


def tell_skipped(table: Table, progress: Progress | None) -> None:
    """Tell a listener what was not read, in a line or two."""
    faulty = [f"'{entry.path}' ({entry.reason})" for entry in table.skipped if not entry.kind]
    told = [f"{counted(len(faulty))} skipped: {first_few(faulty, 3)}."] if faulty else []
    for text in filter(None, [*told, not_read(entry.kind for entry in table.skipped)]):
        (progress or Silent()).message(text)


def counted(pictures: int) -> str:
    """Return "1 picture" or "12 pictures"."""
    return "1 picture" if pictures == 1 else f"{pictures:,} pictures"


def check_readable(table: Table) -> None:
    """Raise DataError if more than 5 % of all pictures are unreadable, with the first few of them."""
    faulty = [skipped for skipped in table.skipped if skipped.unreadable]
    whole = len(table) + len(faulty)
    if len(faulty) <= UNREADABLE_SHARE * whole:
        return
    raise DataError(
        f"{len(faulty)} of {whole} pictures cannot be read, more than 5 %: "
        + first_few([f"'{skipped.path}' ({skipped.reason})" for skipped in faulty])
        + ".",
        hint="Repair, replace or remove these files, then run the same command again.",
    )


def check_trainable(table: Table) -> None:
    """Raise DataError if no classifier can be trained on the table; pictures without a split count as train.

    At least two classes; every class with two pictures or more in train, also those that occur elsewhere.
    """
    training = np.isin(table.splits, ("train", ""))
    numbers = np.bincount(table.labels[training], minlength=len(table.classes))
    elsewhere = np.bincount(table.labels[~training], minlength=len(table.classes))
    named = list(zip(table.classes, numbers.tolist(), elsewhere.tolist(), strict=True))
    if not training.any():
        raise DataError(
            f"There is no picture to train on in '{table.root}'.",
            hint="Give a folder with train/ and its class folders, or a single folder of class folders.",
        )
    if unknown := [name for name, here, there in named if there and not here]:
        raise DataError(
            f"{_classes(unknown)} pictures in {_splits_of(table, unknown[0])} but not in train.",
            hint="Put pictures of it into train, or remove it there; names must agree letter for letter"
            + f"{_meant(unknown[0], [name for name, here, _ in named if here])}.",
        )
    if empty := [name for name, here, _ in named if not here]:
        held = what_lies_there(_skipped_of(table, empty[0]))
        raise DataError(
            f"{_classes(empty)} no readable picture" + (f": its folder holds {held}." if held else "."),
            hint="Put pictures that can be read into its folder, or remove the folder.",
        )
    if len(named) < 2:
        raise DataError(f"There is only one class, '{named[0][0]}', in '{table.root}'.", hint=_deeper(table))
    if single := [name for name, here, _ in named if here < 2]:
        raise DataError(
            f"{_classes(single)} only one picture to train on.",
            hint="Every class needs at least two, better twenty, pictures: add some, or remove the class.",
        )


def first_few(texts: Sequence[str], most: int = 5) -> str:
    """Return the first texts, and how many more there are."""
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def _digest(path: Path) -> tuple[str, str]:
    """Return (digest, "") of a file, or ("", reason)."""
    try:
        if path.stat().st_size == 0:
            return "", "the file is empty (0 bytes)"
        return sha256_of_file(path), ""
    except OSError as error:
        return "", f"it cannot be opened: {error.strerror or error}"


def _classes(names: Sequence[str]) -> str:
    """Return the beginning of a sentence about classes, up to its verb."""
    quoted = [f"'{name}'" for name in names]
    return f"Class {quoted[0]} has" if len(names) == 1 else f"Classes {first_few(quoted)} have"


def _splits_of(table: Table, name: str) -> str:
    splits = set(table.splits[table.labels == table.classes.index(name)].tolist())
    return " and ".join(split for split in SPLITS if split in splits)


def _skipped_of(table: Table, name: str) -> list[Skipped]:
    """Return what was skipped in the folder of class `name`."""
    return [entry for entry in table.skipped if name in map(composed, entry.path.rstrip("/").split("/")[:-1])]


def _meant(name: str, names: Sequence[str]) -> str:
    """Return the end of a sentence that names a class which looks like `name`, if there is one."""
    other = look_alike(name, names)
    if other is None:
        return ""
    return f" ('{visible(name)}' and '{visible(other)}' differ only in capitals, blanks or unseen signs)"


def _deeper(table: Table) -> str:
    """Return the hint for a single class; often the class folders lie one level further down."""
    hint = "A classifier needs two classes or more, each in a folder of its own."
    firsts: Any = {tuple(path.split("/")[:2]) for path in table.paths if path.count("/") >= 2}
    if len({first for first, _ in firsts}) == 1 and len(firsts) > 1:
        hint += f" If the class folders lie one level deeper, give '{table.root / next(iter(firsts))[0]}'."
    return hint
