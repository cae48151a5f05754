"""What a fitted strategy learns of its own limits from training pictures that its answers were not learned from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from headstart.base.types import Floats, Head, softmax
from headstart.bundle import Trust
from headstart.evidence.conformal import fit_sets
from headstart.evidence.novelty import MOST_EXAMPLES, fit_familiar
from headstart.experiment.ground import Ground
from headstart.table import group_ids, some_of

RowNumbers = NDArray[np.int64]
MOST_HELD = 4000  # held-out pictures that set thresholds; more would hardly change one


def trust_of_head(ground: Ground, features: Floats, out_of_fold: Floats, temperature: float) -> Trust:
    """Return what is known of a head on a frozen network.

    Parameters
    ----------
    ground : Ground
    features : array, (train, d)
        What the head reads of the training pictures; the network has learned from none of them.
    out_of_fold : array, (train, classes)
        Scores of each from a head that was solved without its fold.
    temperature : float
    """
    labels, groups = ground.table.labels, ground.train_groups
    asked = np.searchsorted(ground.train, some_of(ground.train, labels, MOST_HELD, seed=ground.request.seed))
    said = softmax(out_of_fold[asked] / temperature)
    places = np.searchsorted(ground.train, examples_of(ground, ground.train))
    return Trust(
        sets=fit_sets(said, labels[ground.train[asked]], groups=groups[asked]),
        familiar=fit_familiar(features[places], groups=groups[places]),
    )


def trust_of_network(
    ground: Ground, learned: RowNumbers, held: RowNumbers, head: Head, features_of: Callable[[RowNumbers], Floats]
) -> Trust:
    """Return what is known of a trained network and its head.

    Parameters
    ----------
    ground : Ground
    learned, held : arrays of int
        Rows of the table from which it learned by gradients, and those that chose its epoch; of the second alone it is
        known how it answers new pictures. Where nothing was held out, nothing is known.
    head : Head
    features_of : callable
        Returns what the network says of some rows, (rows, d).
    """
    labels = ground.table.labels
    held = some_of(np.sort(held), labels, MOST_HELD, seed=ground.request.seed)
    if not len(held):
        return Trust(sets=fit_sets(np.zeros((0, len(ground.classes))), labels[held]))
    unseen, groups = features_of(held), group_ids(ground.table, held)
    return Trust(
        sets=fit_sets(head.probabilities(unseen), labels[held], groups=groups),
        familiar=fit_familiar(features_of(examples_of(ground, learned)), unseen=unseen, unseen_groups=groups),
    )


def examples_of(ground: Ground, rows: RowNumbers) -> RowNumbers:
    """Return the rows that a bundle remembers, in ascending order: all, or of each class its share."""
    return some_of(np.sort(rows), ground.table.labels, MOST_EXAMPLES, seed=ground.request.seed)
