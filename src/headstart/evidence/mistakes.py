"""What is worth looking at: mistakes, confused pairs, labels that may be wrong. Answers in, rows out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.base.types import Floats
from headstart.evidence.judging import LEAST_PER_CLASS
from headstart.evidence.metrics import confusion
from headstart.records.held_out import HeldOutAnswers

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Pair:
    """Pictures of one class that were mistaken for another: how many, of how many, and which rows, the surest first."""

    truth: int
    answer: int
    count: int
    of: int
    rows: tuple[int, ...]


def counted(answers: HeldOutAnswers, run: str) -> Integers:
    """Return the confusion matrix of a run, (classes, classes), a row for each true class."""
    return confusion(answers.labels, answers.answered(run), len(answers.classes))


def worst_mistakes(answers: HeldOutAnswers, run: str) -> Integers:
    """Return the rows that `run` answered wrong, the surest of its wrong answer first."""
    probabilities = answers.probabilities[run]
    wrong = np.flatnonzero(answers.answered(run) != answers.labels)
    return wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")].astype(np.int64)


def confused_pairs(answers: HeldOutAnswers, run: str, most: int = 6) -> list[Pair]:
    """Return the pairs of true class and wrong answer that occur most often, by count, then by the classes' order."""
    matrix = counted(answers, run)
    sizes = matrix.sum(axis=1)
    np.fill_diagonal(matrix, 0)
    mistakes, named = worst_mistakes(answers, run), answers.answered(run)
    found = []
    for flat in np.argsort(-matrix, axis=None, kind="stable")[:most]:
        truth, answer = divmod(int(flat), len(answers.classes))
        if matrix[truth, answer] == 0:
            break
        rows = [int(row) for row in mistakes if answers.labels[row] == truth and named[row] == answer]
        found.append(Pair(truth, answer, int(matrix[truth, answer]), int(sizes[truth]), tuple(rows)))
    return found


def likely_label_errors(answers: HeldOutAnswers, run: str, runs: Sequence[str]) -> list[tuple[int, int]]:
    """Return rows whose label may be wrong with how many of `runs` name the other class, most suspicious first.

    A picture is suspected when `run` gives another class at least the probability that it gives that class's own
    pictures on average, and more than half, and most of the runs name that same class.

    Notes
    -----
    The threshold for each class is that of confident learning (Northcutt, Jiang, Chuang 2021, "Confident Learning:
    Estimating Uncertainty in Dataset Labels", section 3.1); asking for agreement of several runs is an addition.
    """
    probabilities, named = answers.probabilities[run], answers.answered(run)
    classes = len(answers.classes)
    usual, truly = np.full(classes, np.inf), probabilities[np.arange(len(answers)), answers.labels]
    for label in np.unique(answers.labels):
        own = truly[answers.labels == label]
        # One picture that is hard to tell must not make every label suspect that might be of its class.
        usual[label] = own.mean() if len(own) >= LEAST_PER_CLASS else max(own.mean(), truly.mean())
    rows = np.flatnonzero((named != answers.labels) & (probabilities.max(axis=1) >= np.maximum(usual[named], 0.5)))
    agreeing = {int(row): sum(int(answers.answered(other)[row] == named[row]) for other in runs) for row in rows}
    suspected = [(row, count) for row, count in agreeing.items() if 2 * count > len(runs)]
    margin = probabilities.max(axis=1) - truly
    return sorted(suspected, key=lambda one: (-one[1], -margin[one[0]]))


def seriated(matrix: Integers) -> Integers:
    """Return an order of the classes in which those that are confused stand near each other.

    Classes that are confused, directly or through others, form a part; the largest comes first, and within it the
    order is that of the Fiedler vector of the symmetric confusions (Atkins, Boman, Hendrickson 1998, "A Spectral
    Algorithm for Seriation"). Classes that are confused with none come last, in their own order.
    """
    both = (matrix + matrix.T).astype(np.float64)
    np.fill_diagonal(both, 0.0)
    parts = sorted(_joined_parts(both > 0), key=lambda part: (-len(part), part[0]))
    return np.array([label for part in parts for label in _by_fiedler(part, both)], np.int64)


def _joined_parts(touching: NDArray[np.bool_]) -> list[list[int]]:
    """Return the connected parts of a graph, each in ascending order."""
    left, parts = set(range(len(touching))), []
    while left:
        part, border = set[int](), {min(left)}
        while border:
            part |= border
            border = {int(at) for at in np.flatnonzero(touching[sorted(border)].any(axis=0))} - part
        left -= part
        parts.append(sorted(part))
    return parts


def _by_fiedler(part: list[int], weights: Floats) -> list[int]:
    """Return a connected part in the order of the second eigenvector of its Laplacian."""
    if len(part) < 3:
        return part
    own = weights[np.ix_(part, part)]
    vector = np.linalg.eigh(np.diag(own.sum(axis=1)) - own)[1][:, 1]
    vector = vector * np.sign(vector[np.abs(vector).argmax()])  # the sign is arbitrary
    return [part[at] for at in np.argsort(np.round(vector, 9), kind="stable")]
