"""The same picture in several places: in two splits it spoils what is measured, with two labels what is learned."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headstart.base.errors import DataError
from headstart.table.table import Table, counted

Integers = NDArray[np.int64]


def warn_of_copies(table: Table) -> list[str]:
    """Return warnings about copies, byte for byte: on both sides of a given split, or inside one under two labels.

    Raises
    ------
    DataError
        If a group is divided between two splits: its pictures would be measured on themselves, or on what chose.
    """
    warnings, digests = list[str](), np.array(table.digests)
    for one, other in (("train", "val"), ("train", "test"), ("val", "test")):
        near, far = table.splits == one, table.splits == other
        divided = set(table.groups[near].tolist()) & set(table.groups[far].tolist()) - {""}
        if divided:
            raise DataError(
                f"The group '{min(divided)}' is divided between {one} and {other}.",
                hint="Give all pictures of a group the same split, or leave the split out.",
            )
        copies = np.flatnonzero(far & np.isin(digests, digests[near]))
        if len(copies):
            warnings.append(_across(table, copies, np.flatnonzero(near), one, other))
    return [*warnings, *_contradictions(table)]


def _across(table: Table, copies: Integers, near: Integers, one: str, other: str) -> str:
    """Return a warning about pictures of `other` that are in `one` too, and whether their labels agree."""
    labels: dict[str, set[int]] = {}
    for row in near:
        labels.setdefault(table.digests[row], set()).add(int(table.labels[row]))
    differ = [row for row in copies if labels[table.digests[row]] != {int(table.labels[row])}]
    found = f"{counted(len(copies))} of {other}, first '{table.paths[copies[0]]}', byte for byte also in {one}"
    if not differ:
        return f"{found}: the accuracies are too good by that."
    there = table.classes[min(labels[table.digests[differ[0]]] - {int(table.labels[differ[0]])})]
    said = f"{len(differ)} with another label ('{table.paths[differ[0]]}' is '{there}' there)"
    return f"{found}; {said}: check these labels."


def _contradictions(table: Table) -> list[str]:
    """Return a warning for each split in which a picture stands twice with different labels."""
    warnings = []
    for split in dict.fromkeys(table.splits.tolist()):
        first: dict[str, int] = {}
        pairs = [
            (first[table.digests[row]], int(row))
            for row in table.rows(split)
            if table.labels[first.setdefault(table.digests[row], int(row))] != table.labels[row]
        ]
        if pairs:
            (before, after), classes = pairs[0], table.classes
            warnings.append(
                f"{counted(len(pairs))} of {split} byte for byte the same as another with another label: "
                f"'{table.paths[before]}' is '{classes[table.labels[before]]}', "
                f"'{table.paths[after]}' is '{classes[table.labels[after]]}'. Check these labels."
            )
    return warnings
