"""Nearest neighbours by cosine similarity of standardised features: the cheap preview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.base.types import MOST_NUMBERS, Floats, Neighbours, softmax, unit_rows
from headstart.evidence.calibration import cautious_temperature
from headstart.evidence.metrics import bounded_log_losses
from headstart.heads.share_done import done, one_of
from headstart.heads.training import (
    Fitted,
    HeadData,
    Labels,
    RowNumbers,
    Size,
    Standard,
    check_training,
    in_floats,
    number_among,
    pieces,
)
from headstart.records.record import Scalar

_NUMBERS = (1, 3, 5, 10, 20)


def fit(
    X: Floats,
    y: Labels,
    classes: int,
    *,
    folds: NDArray[np.integer[Any]],
    seed: int = 0,  # noqa: ARG001 - nothing here is random; every head takes one
    blocks: Sequence[int] = (),
) -> Fitted:
    """Return the k nearest neighbours, k and one temperature chosen on out-of-fold scores.

    Of 1, 3, 5, 10 and 20 neighbours those with the least log loss, each at its best temperature, are
    taken; where there are fewer rows, numbers above them are left out.

    Parameters
    ----------
    X : array, (n, D)
        Features.
    y : array of int, (n,)
        Labels from 0 to ``classes - 1``, every class among them.
    classes : int
    folds : array of int, (n,)
        Fold of each row. Rows that belong together (views of one picture, groups) have the same number.
    seed : int
        Nothing here is random; every head takes one.
    blocks : sequence of int
        How many features each part of a readout has, in order; without them all are one part.

    Returns
    -------
    Fitted
        The head is a `Neighbours`; ``chosen["k"]`` is how many vote.

    Raises
    ------
    ConfigError
        If shapes do not fit, a feature is not finite, a class has no row, or all rows are in one fold.
    """
    training = check_training("knn", X, y, classes, folds, blocks=blocks, exact=False)
    fewest = min(len(train) for train, _ in training.splits())
    numbers = [number for number in _NUMBERS if number <= max(fewest, 1)]
    candidates = []
    for k, scores in zip(numbers, _out_of_fold(training, numbers), strict=True):
        temperature = cautious_temperature(scores, training.labels)
        loss = float(bounded_log_losses(training.labels, softmax(scores / temperature)).mean())
        candidates.append((loss, k, temperature, scores))
    _, k, temperature, scores = min(candidates, key=lambda candidate: candidate[:2])
    return Fitted(
        head=_neighbours(training, training.rows, k, temperature),
        chosen={"k": k},
        out_of_fold=scores,
        converged=True,
    )


def solve(
    X: Floats, y: Labels, classes: int, chosen: Mapping[str, Scalar], *, blocks: Sequence[int] = ()
) -> Neighbours:
    """Return the nearest neighbours with a number of them that was chosen before, ``chosen["k"]``.

    Parameters
    ----------
    X : array, (n, D)
    y : array of int, (n,)
        From 0 to ``classes - 1``.
    classes : int
    chosen : mapping
        As in `Fitted`.
    blocks : sequence of int
        How many features each part of a readout has, in order; without them all are one part.
    """
    training = HeadData(in_floats(X), np.asarray(y, np.int64), classes, (), tuple(blocks))
    return _neighbours(training, training.rows, int(number_among(chosen, "k")))


def memory(size: Size) -> int:
    """Return the bytes that `fit` and `solve` take at the most: see `headstart.heads.HeadMethod`."""
    pairs = 3 * 8 * min(MOST_NUMBERS, size.rows * max(size.rows, size.features))
    return 2 * size.matrix + pairs + (len(_NUMBERS) + 2) * size.answers


def _out_of_fold(training: HeadData, numbers: Sequence[int]) -> Floats:
    """Return the scores of each row from the other folds, (numbers, n, classes): one look at them serves all."""
    scores = np.empty((len(numbers), len(training.labels), training.classes))
    for place, (train, held) in enumerate(training.splits()):
        with one_of(place, len(training.folds) + 1):
            head = _neighbours(training, train, max(numbers))
            at_once = max(1, MOST_NUMBERS // max(len(train), training.features.shape[1]))
            for begin in range(0, len(held), at_once):
                done(begin / len(held))
                some = held[begin : begin + at_once]
                scores[:, some] = head.scores_by(numbers, training.features[some])
    return scores


def _neighbours(training: HeadData, rows: RowNumbers, k: int, temperature: float = 1.0) -> Neighbours:
    features = training.features
    standard = Standard.of(features[rows], training.blocks)
    examples = np.empty((len(rows), features.shape[1]), np.float32)
    for at in pieces(slice(0, len(rows)), features.shape[1]):
        examples[at] = unit_rows(standard.rows(features, rows[at]))
    return Neighbours(
        examples=examples,
        labels=training.labels[rows],
        mean=standard.mean,
        scale=standard.scale,
        k=k,
        classes=training.classes,
        temperature=temperature,
    )
