"""Answers of a classifier as one record for each picture: what is printed, written and served."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from headstart.bundle.trust import Answers
from headstart.records.answer_tables import Columns
from headstart.records.answers import Prediction


def predictions(names: Sequence[str], answers: Answers, columns: Columns) -> Iterator[Prediction]:
    """Yield the answer for each picture, with the probabilities of the classes that `columns` tell of."""
    sets, none = answers.sets(), answers.none_of_these()
    classes = columns.classes
    for place, (name, row) in enumerate(zip(names, answers.probabilities, strict=True)):
        order = np.argsort(-row, kind="stable")
        best, told = int(order[0]), order[: columns.top] if columns.top else range(len(classes))
        yield Prediction(
            path=name,
            label=classes[best],
            probability=float(row[best]),
            set=None if sets is None else tuple(classes[k] for k in order if sets[place, k]),
            none_of_these=None if none is None else bool(none[place]),
            probabilities={classes[k]: float(row[k]) for k in told},
            notes=answers.notes[place],
        )
