"""What a reader must know of the pictures as they were found: names that look alike, folders set aside, other forms."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote

from headstart.records.findings import Finding
from headstart.words.numbers import counted, joined
from headstart.words.skipped import by_kind

_MOST = 5  # names in one sentence


def names_alike(what: str, alike: Sequence[Sequence[str]]) -> Finding:
    """Tell that names differ only in capitals, blanks or unseen signs.

    Parameters
    ----------
    what : str
        ``"classes"`` or ``"groups"``.
    alike : sequence of sequences of str
        The names that look alike, together, with their unseen signs written out.
    """
    pairs = [joined([f"'{name}'" for name in same]) for same in alike]
    told = "; ".join(pairs[:_MOST]) + (f"; and {len(pairs) - _MOST:,} more" if len(pairs) > _MOST else "")
    return Finding(
        code="names-alike",
        subject=alike[0][0],
        numbers={"names": sum(map(len, alike))},
        text=(
            f"These names count as different {what}, although they differ only in capitals, blanks, unseen signs or "
            f"the way a number is written: {told}. If they mean the same, give them one name."
        ),
    )


def perhaps_missing(names: Sequence[str], pictures: int) -> Finding:
    """Tell that classes have names that programs write where a label is missing."""
    is_, it = ("is a class", "it") if len(names) == 1 else ("are classes", "they")
    mean = "means" if len(names) == 1 else "mean"
    return Finding(
        code="perhaps-missing",
        subject=names[0],
        numbers={"pictures": pictures},
        text=(
            f"{joined([repr(name) for name in names])} {is_} here, with {counted(pictures, 'picture')}. If {it} {mean} "
            "that the label is missing, leave these pictures out."
        ),
    )


def other_forms(kinds: Sequence[str], read: int) -> Finding:
    """Tell that many pictures have a form that is not read, beside so many that are `read`."""
    return Finding(
        code="other-forms",
        numbers={"pictures": len(kinds), "read": read},
        text=(
            f"{counted(len(kinds), 'picture')} could not be used, beside {read:,} that were: {by_kind(kinds)}. What is "
            "left may not be typical of all your pictures."
        ),
    )


def set_aside(split: str, place: str, pictures: int, *, instead: str) -> Finding:
    """Tell that the folder of a split has pictures without class folders; `instead` says what measures now."""
    are = "is" if pictures == 1 else "are"
    return Finding(
        code="set-aside",
        severity="note",
        subject=split,
        numbers={"pictures": pictures},
        text=(
            f"The {counted(pictures, 'picture')} in '{place}' {are} in no class folder, so nothing can be measured "
            f"with them: {instead} To classify them afterwards, type: headstart predict BUNDLE {quote(place)}"
        ),
    )


def beside_splits(splits: Sequence[str], folders: Sequence[str]) -> Finding:
    """Tell that folders with pictures lie next to those of the splits."""
    return Finding(
        code="beside-splits",
        numbers={"folders": len(folders)},
        text=(
            f"Only {_names(splits)} {'was' if len(splits) == 1 else 'were'} read. Next to that lie pictures that were "
            f"not used, in {_names(folders)}."
        ),
    )


def class_called(name: str) -> Finding:
    """Tell that a folder with the name of a split is read as a class."""
    return Finding(
        code="class-called-as-split",
        subject=name,
        text=(
            f"'{name}' is read as a class, like the folders next to it. If its pictures are not a class, move the "
            "folder away, or put the class folders into a folder called train."
        ),
    )


def same_subfolders(upper: Sequence[str], lower: Sequence[str]) -> Finding:
    """Tell that the class folders hold the same subfolders."""
    return Finding(
        code="same-subfolders",
        numbers={"folders": len(upper)},
        text=(
            f"{_names(upper)} are the classes here, and each holds the same subfolders: {_names(lower)}. If the "
            "subfolders are the classes, put all pictures of one class into one folder, and start again."
        ),
    )


def splits_below(places: Sequence[str]) -> Finding:
    """Tell that class folders hold folders named like a measuring split; `places` names them, with their class."""
    return Finding(
        code="splits-below",
        numbers={"folders": len(places)},
        text=(
            f"{_names(places)} {'is' if len(places) == 1 else 'are'} read as part of the class above, like every "
            "folder in a class folder, so these pictures may train. If they are meant to measure, put the splits above "
            "the classes, such as test/ants."
        ),
    )


def deeper_folders(upper: Sequence[str], inside: Sequence[str]) -> Finding:
    """Tell that the class folders hold subfolders that may be the classes; `inside` names some, with their folder."""
    return Finding(
        code="deeper-folders",
        severity="note",
        numbers={"folders": len(upper)},
        text=(
            f"The classes here are the upper folders, {_names(upper)}: all pictures in the subfolders of one, such as "
            f"{joined([repr(name) for name in inside])}, count as one class. If the subfolders are the classes, put "
            "them side by side into one folder, and give that."
        ),
    )


def some_without_group(without: int, pictures: int) -> Finding:
    """Tell that some pictures of a list have no group while others have one."""
    return Finding(
        code="some-without-group",
        severity="note",
        numbers={"without": without, "pictures": pictures},
        text=(
            f"{without:,} of {counted(pictures, 'picture')} {'has' if without == 1 else 'have'} no group: each counts "
            "as a group of its own. If some of them belong together, fill in their group."
        ),
    )


def _names(names: Sequence[str]) -> str:
    quoted = [f"'{name}'" for name in names[:_MOST]]
    return joined(quoted) if len(names) <= _MOST else f"{', '.join(quoted)} and {len(names) - _MOST:,} more"
