"""The same picture in several places: in two splits it spoils what is measured, with two labels what is learned."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headstart.base.errors import DataError
from headstart.records.findings import Finding
from headstart.table.table import Table
from headstart.words.findings import contradicting_labels, copies_across

Integers = NDArray[np.int64]


def warn_of_copies(table: Table) -> tuple[Finding, ...]:
    """Return findings about exact copies: on both sides of a given split, or inside one under two labels.

    Raises
    ------
    DataError
        If a group is divided between two splits: its pictures would be measured on themselves, or on what chose.
    """
    found, digests = list[Finding](), np.array(table.digests)
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
            found.append(_across(table, copies, np.flatnonzero(near), one, other))
    return (*found, *_contradictions(table))


def _across(table: Table, copies: Integers, near: Integers, one: str, other: str) -> Finding:
    """Return the finding about pictures of `other` that are in `one` too, and whether their labels agree."""
    labels: dict[str, set[int]] = {}
    for row in near:
        labels.setdefault(table.digests[row], set()).add(int(table.labels[row]))
    differ = [row for row in copies if labels[table.digests[row]] != {int(table.labels[row])}]
    paths, relabelled = [table.paths[row] for row in copies], [table.paths[row] for row in differ]
    if not differ:
        return copies_across(one, other, paths)
    there = table.classes[min(labels[table.digests[differ[0]]] - {int(table.labels[differ[0]])})]
    return copies_across(one, other, paths, relabelled=relabelled, label_there=there)


def _contradictions(table: Table) -> list[Finding]:
    """Return a finding for each split in which a picture stands twice with different labels."""
    found = []
    for split in dict.fromkeys(table.splits.tolist()):
        first: dict[str, int] = {}
        pairs = [
            (first[table.digests[row]], int(row))
            for row in table.rows(split)
            if table.labels[first.setdefault(table.digests[row], int(row))] != table.labels[row]
        ]
        if pairs:
            one, other = (table.classes[table.labels[row]] for row in pairs[0])
            paths = [(table.paths[before], table.paths[after]) for before, after in pairs]
            found.append(contradicting_labels(split, paths, labels=(one, other)))
    return found
