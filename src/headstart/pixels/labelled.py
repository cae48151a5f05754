"""Pictures and their labels, given side by side, as a table of pictures that have no folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.base.errors import DataError
from headstart.pixels.given import Given
from headstart.table import Table
from headstart.table.names import composed

_ONE = " If you gave an array of two dimensions, that is one grey picture."


def labels_of(labels: Any, pictures: int, *, said: str = "labels") -> NDArray[Any]:
    """Return one label for each of so many pictures, (n,): texts, whole numbers or truth values.

    Parameters
    ----------
    labels : sequence, (n,) or (n, 1)
    pictures : int
        n.
    said : str
        What the caller calls them.

    Raises
    ------
    DataError
        If there is not one for each, one is missing, or they are measurements and no names.
    """
    found = _column(labels, said)
    if len(found) != pictures:
        raise DataError(
            f"There are {pictures} pictures and {len(found)} {said}.",
            hint="Give one label for each picture." + (_ONE if pictures == 1 else ""),
        )
    missing = next((number for number, label in enumerate(found.tolist(), 1) if _is_missing(label)), None)
    if missing is not None:
        raise DataError(
            f"Label {missing} of {pictures} is missing: {said} holds {found[missing - 1]!r} there.",
            hint="Leave these pictures out, or give them a class.",
        )
    if found.dtype.kind == "f" and (found != np.floor(found)).any():
        raise DataError(
            f"{said} holds measurements such as {found[0]}, not classes.",
            hint="Give a name or a number for each class.",
        )
    kinds = sorted({type(label).__name__ for label in found.tolist()})
    if found.dtype.kind == "O" and len({"text" if kind in ("str", "str_") else "number" for kind in kinds}) > 1:
        raise DataError(f"{said} mixes {' and '.join(kinds)}.", hint="Give labels of one kind, e.g. all as texts.")
    if found.dtype.kind not in "biufUO":
        raise DataError(f"{said} holds {found.dtype}, not classes.", hint="Give a name or a number for each class.")
    names = [composed(label) if isinstance(label, str) else label for label in found.tolist()]  # as lists are read
    return np.array(names)


def table_of_labelled(pictures: Sequence[Given], labels: NDArray[Any], *, groups: Any = None, split: str) -> Table:
    """Return the table of pictures that were given; each is called by its place and what it is.

    Parameters
    ----------
    pictures : sequence of Given
    labels : array, (n,)
        Of `labels_of`.
    groups : sequence, (n,), optional
        Pictures of one group stay together wherever pictures are divided.
    split : str
        Of all of them.

    Raises
    ------
    DataError
        If a file cannot be opened, or there is not one group for each picture.
    """
    names = sorted({str(label) for label in labels})
    position = {name: k for k, name in enumerate(names)}
    width = len(str(len(pictures)))
    return Table(
        root=Path("X"),
        paths=tuple(f"picture {one.number:0{width}d} ({one.what})" for one in pictures),
        labels=np.array([position[str(label)] for label in labels], np.int64),
        classes=tuple(names),
        splits=np.full(len(pictures), split),
        groups=np.full(len(pictures), "") if groups is None else _groups_of(groups, len(pictures)),
        digests=tuple(one.digest() for one in pictures),
    )


def _is_missing(label: object) -> bool:
    """Whether there is no label: nothing, not a number, or the text that a missing one becomes."""
    if label is None or type(label).__name__ in ("NAType", "NaTType"):
        return True
    return label in ("", "nan", "<NA>", "NaT") if isinstance(label, str) else bool(label != label)


def _groups_of(groups: Any, pictures: int) -> NDArray[np.str_]:
    found = _column(groups, "groups")
    if len(found) != pictures:
        raise DataError(
            f"There are {pictures} pictures and {len(found)} groups.", hint="Give one group for each picture."
        )
    return np.array(["" if _is_missing(group) else composed(str(group)) for group in found.tolist()])


def _column(values: Any, said: str) -> NDArray[Any]:
    """Return values as an array, (n,)."""
    listed = values if hasattr(values, "__len__") else list(values) if hasattr(values, "__iter__") else values
    kind = None if hasattr(listed, "dtype") else np.object_  # NumPy makes a text of a number among texts, and of NaN
    try:
        found = np.asarray(listed, kind)
    except ValueError as error:  # lists of several lengths
        raise DataError(f"{said} cannot be read ({error}).", hint="Give one for each picture, (n,).") from error
    if found.dtype.kind == "S":
        found = found.astype(np.object_)
    if found.dtype.kind == "O":
        found = np.vectorize(lambda value: value.decode() if isinstance(value, bytes) else value, otypes="O")(found)
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if found.ndim == 1:
        return found
    hint = "Give one for each picture, (n,)."
    if found.ndim == 2:
        hint += " If they are one column for each class, give labels.argmax(axis=1)."
    if values is None:
        raise DataError(f"{said} is None.", hint=hint)
    raise DataError(f"{said} is {type(values).__name__} of shape {found.shape}.", hint=hint)
