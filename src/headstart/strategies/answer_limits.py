"""What a fitted strategy learns of its own limits from training pictures that its answers were not learned from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from headstart.base.types import Floats, Head, softmax
from headstart.bundle import Trust
from headstart.evidence.conformal import fit_sets
from headstart.evidence.novelty import MOST_EXAMPLES, fit_familiar
from headstart.strategies.division import Division, Rows
from headstart.table import group_ids

MOST_HELD = 4000  # held-out pictures that set thresholds; more would hardly change one


def trust_of_head(division: Division, features: Floats, out_of_fold: Floats, temperature: float) -> Trust:
    """Return what is known of a head on a frozen network.

    Parameters
    ----------
    division : Division
    features : array, (train, d)
        What the head reads of the training pictures; the network has learned from none of them.
    out_of_fold : array, (train, classes)
        Scores of each from a head that was solved without its fold.
    temperature : float
    """
    train, groups = division.train, division.groups
    asked = np.searchsorted(train, division.some(train, MOST_HELD))
    said = softmax(out_of_fold[asked] / temperature)
    places = np.searchsorted(train, examples_of(division, train))
    return Trust(
        sets=fit_sets(said, division.labels[train[asked]], groups=groups[asked]),
        familiar=fit_familiar(features[places], groups=groups[places]),
    )


def trust_of_network(
    division: Division,
    learned: Rows,
    held: Rows,
    head: Head,
    features_of: Callable[[Rows], Floats],
    unseen_scores: Floats | None = None,
) -> Trust:
    """Return what is known of a trained network and its head.

    Parameters
    ----------
    division : Division
    learned, held : arrays of int
        Rows of the table from which it learned by gradients, and those that chose its epoch; of the second alone it is
        known how it answers new pictures. Where nothing was held out, nothing is known.
    head : Head
    features_of : callable
        Returns what the network says of some rows, (rows, d).
    unseen_scores : array, (held, classes), optional
        How a classifier answers them that had not seen them, where a part of `head` has.
    """
    labels, given = division.labels, held
    held = division.some(np.sort(held), MOST_HELD)
    if not len(held):
        return Trust(sets=fit_sets(np.zeros((0, len(division.classes))), labels[held]))
    unseen, groups = features_of(held), group_ids(division.table, held)
    if unseen_scores is None:
        answers = head.probabilities(unseen)
    else:
        order = np.argsort(given)
        answers = softmax(unseen_scores[order[np.searchsorted(given[order], held)]])
    return Trust(
        sets=fit_sets(answers, labels[held], groups=groups),
        familiar=fit_familiar(features_of(examples_of(division, learned)), unseen=unseen, unseen_groups=groups),
    )


def examples_of(division: Division, rows: Rows) -> Rows:
    """Return the rows that a bundle remembers, in ascending order: all, or of each class its share."""
    return division.some(np.sort(rows), MOST_EXAMPLES)
