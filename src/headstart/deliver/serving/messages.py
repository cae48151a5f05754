"""What a server answers: records, as they become JSON."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headstart.bundle import Answers
from headstart.records.notes import Note
from headstart.records.preprocessing import Framing
from headstart.records.record import Count, Figure, Portion, Record, Share, Side, changed


class Answer(Record):
    """What one picture is; the keys are those of `headstart predict --json`, the name is what the client calls it."""

    name: str
    label: str
    probability: Share
    set: tuple[str, ...] | None
    none_of_these: bool | None
    probabilities: dict[str, Share]
    notes: tuple[Note, ...] = ()


class Unread(Record):
    """A picture of several that cannot be read, and why."""

    name: str
    error: str


class Predicted(Record):
    """Answers for the pictures of one request, in their order, all by the same version of the classifier."""

    model: str
    version: str
    answers: tuple[Answer | Unread, ...]


class HeatAnswer(Record):
    """Where in a picture the evidence for its answer lies.

    Parameters
    ----------
    cells : tuple of 8 tuples of 8 float
        What each part of the square is worth to the answer, in probability, row by row; below 0 speaks against it.
    framing : str
        How the picture became the square: ``crop``, ``squash`` or ``pad``.
    shown : float
        Of a crop: the side of the square as a share of the picture's short side; else 1.
    sentence : str
        The same in words.
    """

    model: str
    version: str
    name: str
    label: str
    probability: Share
    cells: tuple[tuple[Figure, ...], ...]
    framing: Framing
    shown: Portion
    sentence: str


class Served(Record):
    """A classifier that answers here.

    Parameters
    ----------
    engine : str
        ``onnx`` or ``torch``.
    side : int
        Pixels of the square that the network sees.
    accuracy : float, optional
        On the pictures that measured it; the interval is of 95 %.
    sets, none_of_these : bool
        Whether it knows prediction sets, and what resembles nothing that it was trained on.
    """

    name: str
    version: str
    classes: tuple[str, ...]
    strategy: str | None
    network: str
    engine: str
    side: Side
    sets: bool
    none_of_these: bool
    accuracy: Share | None = None
    interval: tuple[Figure, Figure] | None = None
    measured_on: Count | None = None


class Listed(Record):
    """The classifiers that answer here, the default one first."""

    models: tuple[Served, ...]


class State(Record):
    """Whether the server is well."""

    status: str


def rows_of(answers: Answers, classes: Sequence[str]) -> list[Answer]:
    """Return the answers for some pictures, which have no names yet."""
    sets, none = answers.sets(), answers.none_of_these()
    found = []
    for place, row in enumerate(answers.probabilities):
        order = np.argsort(-row, kind="stable")
        best = int(row.argmax())
        values = row.tolist()
        found.append(
            Answer(
                name="",
                label=classes[best],
                probability=values[best],
                set=None if sets is None else tuple(classes[k] for k in order if sets[place, k]),
                none_of_these=None if none is None else bool(none[place]),
                probabilities=dict(zip(classes, values, strict=True)),
            )
        )
    return found


def named(answer: Answer, name: str, notes: tuple[Note, ...]) -> Answer:
    """Return the answer for the picture of this name."""
    return changed(answer, name=name, notes=notes)
