"""Splits, hold-outs and folds: seeded, stratified, and never tearing apart what belongs together.

The unit is the *component*: pictures of one group, and pictures whose files have the same bytes, joined as
far as these ties reach. Components are placed one after the other, the largest first and equal ones in
seeded order; so single pictures, which come last, even out what the large ones left uneven. Where only some pictures
have a group, these and the others are held out in proportion.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from headstart.base.errors import DataError
from headstart.base.params import check_integer, check_number
from headstart.base.streams import stream
from headstart.table.table import Integers, Strings, Table, check_trainable, counted, first_few

Flags = NDArray[np.bool_]

_LEAST_IN_TRAIN = 2  # below it no class can be cross-validated
_MOST_FOLDS = 5


@dataclass(frozen=True)
class _Component:
    """Rows that stay together, and how many of each class they are."""

    rows: tuple[int, ...]
    classes: dict[int, int]


def with_splits(table: Table, *, seed: int, share: float = 0.25) -> Table:
    """Return the table split into train and test, unless something is held out already.

    Every class gets its share of test to within one picture where no groups or equal files forbid it, at
    least one test picture from three on, and keeps two in train. A table with train pictures only counts
    as not split.

    Parameters
    ----------
    table : Table
    seed : int
        The same seed and pictures give the same split, on every machine.
    share : float
        Share of test, above 0 and below 1.

    Raises
    ------
    DataError
        If no classifier can be trained on the table.
    ConfigError
        If the share is out of range.
    """
    check_number("share", "with_splits", share, least=0.01, most=0.99)
    check_trainable(table)
    if table.divided:
        return table
    ids = group_ids(table, np.arange(len(table)))
    held = _hold(table.labels, ids, table.groups != "", seed=seed, name="split", share=share)
    if not held.any():
        raise DataError(f"No picture of '{table.root}' can be held out for testing.", hint=_why_none(table))
    return replace(table, splits=np.where(held, "test", "train"))


def _why_none(table: Table) -> str:
    """Return the hint for a table of which nothing can be held out; copies of one file are named, nobody sees them."""
    told = []
    for label, name in enumerate(table.classes):
        digests = [table.digests[row] for row in np.flatnonzero(table.labels == label)]
        if len(digests) > len(set(digests)):
            told.append(
                f"'{name}' has {len(digests):,} files, but {counted(len(set(digests))).replace(' ', ' different ')}"
            )
    what = "different pictures" if told else "pictures"
    needed = f"Every class needs three {what} or more" + (", in two groups or more." if table.groups.any() else ".")
    if not told:
        return needed
    return (
        f"Many files are exact copies of each other: {first_few(told)}. Copies stay together, so that no picture is "
        f"tested on itself. {needed}"
    )


def hold_out(
    labels: Integers,
    groups: Strings,
    named: Flags | None = None,
    *,
    seed: int,
    share: float = 0.2,
    least: int = 10,
) -> Flags | None:
    """Return which training pictures are held out for choosing, or None if too few would be, or too many.

    Where large groups leave no other way than to hold out more than a third, nothing is: what is left to learn from
    counts for more than the choice of an epoch.

    Parameters
    ----------
    labels : array of int, (n,)
    groups : array of str, (n,)
        As from `group_ids`; ``""`` is a picture of its own.
    named : array of bool, (n,), optional
        Which pictures have a group in the list; where only some do, both kinds are held out in proportion.
    seed : int
    share : float
        Share of the pictures that is held out.
    least : int
        So many pictures of every class must be in the hold-out.
    """
    held = _hold(labels, groups, named, seed=seed, name="hold-out", share=share)
    numbers = np.bincount(labels[held], minlength=int(labels.max(initial=-1)) + 1)
    present = np.bincount(labels, minlength=len(numbers)) > 0
    enough = present.any() and (numbers[present] >= least).all()
    return held if enough and 3 * held.sum() <= len(labels) else None


def folds(labels: Integers, groups: Strings, *, seed: int, n: int | None = None) -> Integers:
    """Return the fold, 0 to n - 1, of every picture: stratified, groups together.

    No class lies wholly in one fold, unless all of its pictures belong together, or a component mixes as
    many classes as there are folds.

    Parameters
    ----------
    labels : array of int, (pictures,)
    groups : array of str, (pictures,)
        As from `group_ids`; ``""`` is a picture of its own.
    seed : int
    n : int, optional
        How many; by default min(5, pictures of the smallest class).

    Raises
    ------
    DataError
        If the smallest class has a single picture.
    """
    smallest = min(Counter(labels.tolist()).values(), default=0)
    if smallest < 2:
        raise DataError(
            f"The smallest class has {smallest} training pictures; folds need two or more.",
            hint="Add pictures of it, or remove the class.",
        )
    number = min(_MOST_FOLDS, smallest) if n is None else check_integer("n", "folds", n, least=2)
    counts = np.zeros((number, int(labels.max()) + 1), dtype=np.int64)
    answer = np.zeros(len(labels), dtype=np.int64)
    for component in _components(labels, groups, seed=seed, name="folds"):
        fold = _best_fold(counts, component)
        answer[list(component.rows)] = fold
        for label, pictures in component.classes.items():
            counts[fold, label] += pictures
    return answer


def group_ids(table: Table, rows: Integers | Sequence[int]) -> Strings:
    """Return what belongs together: one name per component of equal groups and equal bytes, for `rows`.

    Ties reach through the whole table, also through pictures that are not among `rows`. The name is the
    first path of the component.
    """
    first: dict[tuple[str, str], int] = {}
    leader = list(range(len(table)))
    for row, (group, digest) in enumerate(zip(table.groups.tolist(), table.digests, strict=True)):
        for key in (("group", group), ("digest", digest)):
            if key[1]:
                _join(leader, first.setdefault(key, row), row)
    names = [table.paths[_leader(leader, int(row))] for row in rows]
    return np.array(names, dtype=np.str_)


def _leader(leader: list[int], row: int) -> int:
    while leader[row] != row:
        leader[row] = leader[leader[row]]  # halves the way for the next one
        row = leader[row]
    return row


def _join(leader: list[int], a: int, b: int) -> None:
    a, b = _leader(leader, a), _leader(leader, b)
    leader[max(a, b)] = min(a, b)


def _components(labels: Integers, groups: Strings, *, seed: int, name: str) -> list[_Component]:
    """Return the components, the largest first, equal ones in seeded order."""
    members: dict[str | int, list[int]] = {}
    for row, group in enumerate(groups.tolist()):
        members.setdefault(group or row, []).append(row)
    found = [_Component(tuple(rows), Counter(labels[rows].tolist())) for rows in members.values()]
    order = stream(seed, "table", name).permutation(len(found))
    return sorted((found[place] for place in order), key=lambda component: -len(component.rows))


def _hold(
    labels: Integers, groups: Strings, named: Flags | None = None, *, seed: int, name: str, share: float
) -> Flags:
    """Return which pictures are held out: components that bring the classes nearer to their share.

    Where some pictures are `named` in groups and others are not, the largest-first order would take the named ones
    only. So each side gets its own share, where that comes nearer to both shares.
    """
    target = _targets(np.bincount(labels), share)
    components = _components(labels, groups, seed=seed, name=name)
    plain = _filled_up(labels, target, [(components, target)])
    if named is None or named.all() or not named.any():
        return plain
    together = [component for component in components if named[list(component.rows)].any()]
    apart = [component for component in components if not named[list(component.rows)].any()]
    inside = np.zeros(len(labels), dtype=np.bool_)
    inside[[row for component in together for row in component.rows]] = True
    numbers = np.bincount(labels)
    own = np.rint(target * np.bincount(labels[inside], minlength=len(numbers)) / np.maximum(numbers, 1))
    of_groups = own.astype(np.int64)

    def missed(held: Flags) -> int:
        here, there = (np.bincount(labels[held & side], minlength=len(target)) for side in (inside, ~inside))
        return int(np.abs(here - of_groups).sum() + np.abs(there - (target - of_groups)).sum())

    both = _filled_up(labels, target, [(together, of_groups), (apart, target), (components, target)])
    return both if missed(both) < missed(plain) else plain


def _filled_up(labels: Integers, target: Integers, stages: Sequence[tuple[list[_Component], Integers]]) -> Flags:
    """Return which pictures are held out if components are taken stage by stage, each up to the stage's own target."""
    numbers = np.bincount(labels)
    most = np.maximum(numbers - _LEAST_IN_TRAIN, 0)
    held = np.zeros(len(numbers), dtype=np.int64)
    answer = np.zeros(len(labels), dtype=np.bool_)

    def take(component: _Component) -> None:
        answer[list(component.rows)] = True
        for label, pictures in component.classes.items():
            held[label] += pictures

    def fits(component: _Component) -> bool:
        free = not answer[component.rows[0]]
        return free and all(held[label] + pictures <= most[label] for label, pictures in component.classes.items())

    for components, enough in stages:
        for component in components:
            if fits(component) and _gain(component, held, enough) > 0:
                take(component)
    for label in np.flatnonzero((held == 0) & (target > 0)):
        # Only large groups are left of this class; the smallest, if it is not most of the class.
        for component in reversed(stages[-1][0]):
            part = component.classes.get(int(label), 0)
            if part and fits(component) and 2 * part <= numbers[label]:
                take(component)
                break
    return answer


def _gain(component: _Component, held: Integers, target: Integers) -> int:
    """Return by how many pictures, over all classes, taking the component comes nearer to the target."""
    return sum(
        abs(int(target[label] - held[label])) - abs(int(target[label] - held[label]) - pictures)
        for label, pictures in component.classes.items()
    )


def apportion(numbers: Integers, total: int) -> Integers:
    """Return whole numbers that sum to `total`, in proportion to `numbers`, each within one of its quota.

    The largest remainders are rounded up (Hamilton's method); of equal ones the first.
    """
    quota = numbers * (total / max(1, int(numbers.sum())))
    parts = np.floor(quota + 1e-9).astype(np.int64)
    missing = total - int(parts.sum())
    parts[np.argsort(parts - quota, kind="stable")[:missing]] += 1
    whole: Integers = parts
    return whole


def _targets(numbers: Integers, share: float) -> Integers:
    """Return how many pictures of each class are to be held out."""
    parts = apportion(numbers, round(share * int(numbers.sum())))
    parts = np.where((parts == 0) & (numbers > _LEAST_IN_TRAIN), 1, parts)
    capped: Integers = np.minimum(parts, np.maximum(numbers - _LEAST_IN_TRAIN, 0))
    return capped


def _best_fold(counts: Integers, component: _Component) -> int:
    """Return the fold for a component: one that keeps its classes apart, has few of them, and is small."""
    labels = np.fromiter(component.classes, np.int64)
    here = counts[:, labels]
    whole = here.sum(axis=0)
    alone = ((here == whole) & (whole > 0)).any(axis=1)  # a class would lie in this fold only
    crowd = here @ np.fromiter(component.classes.values(), np.int64)
    return int(np.lexsort((counts.sum(axis=1), crowd, alone))[0])


def some_of(rows: Integers, labels: Integers, most: int, *, seed: int) -> Integers:
    """Return about `most` of `rows`, in their order: of each class its share, and two at least; all if they are fewer.

    Parameters
    ----------
    rows : array of int
        Rows of a table, in ascending order.
    labels : array of int
        Of all rows of the table.
    """
    if len(rows) <= most:
        return rows
    order = stream(seed, "some of").permutation(len(rows))
    taken, called = np.zeros(len(rows), bool), labels[rows[order]]
    for label in np.unique(called):
        own = order[called == label]
        taken[own[: max(2, round(most * len(own) / len(rows)))]] = True
    return rows[taken]


def growing_parts(labels: Integers, groups: Strings, shares: Sequence[float], *, seed: int) -> list[Integers]:
    """Return rows of parts that grow, each within the next: of every class its share, and two pictures of it.

    Whole groups are taken, each counted for its commonest class, in seeded order; so a part can be larger than its
    share by the group that was taken last.

    Parameters
    ----------
    labels : array of int, (n,)
    groups : array of str, (n,)
        As from `group_ids`; ``""`` is a picture of its own.
    shares : sequence of float
        Ascending, above 0 and at most 1.
    seed : int
    """
    components = _components(labels, groups, seed=seed, name="parts")
    begin, counts = np.zeros(len(labels), np.int64), Counter[int]()
    called = np.zeros(len(labels), np.int64)
    for place in stream(seed, "table", "order of parts").permutation(len(components)):
        rows, classes = list(components[place].rows), components[place].classes
        label = min(classes, key=lambda one: (-classes[one], one))
        begin[rows], called[rows] = counts[label], label
        counts[label] += len(rows)
    numbers = np.array([counts[label] for label in range(int(labels.max(initial=-1)) + 1)])
    targets = [np.maximum(np.rint(share * numbers).astype(np.int64), 2) for share in shares]
    return [np.flatnonzero(begin < target[called]) for target in targets]
