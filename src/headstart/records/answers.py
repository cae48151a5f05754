"""Answers of one classifier for pictures, as they are printed and handed over."""

from __future__ import annotations

from headstart.records.findings import Finding
from headstart.records.metrics import Metrics
from headstart.records.notes import Note
from headstart.records.record import Count, Record, Share
from headstart.records.results import Skipped


class Prediction(Record):
    """The answer for one picture.

    Parameters
    ----------
    probabilities : mapping of str to float
        By class.
    set : tuple of str, optional
        The classes of the 95 % prediction set, the most probable first; None where it is not known.
    none_of_these : bool, optional
        Whether the picture resembles nothing that was trained on; None where it is not known.
    notes : tuple of str
        What was done to it while it was read; see `headstart.records.notes`.
    """

    path: str
    label: str
    probability: Share
    set: tuple[str, ...] | None
    none_of_these: bool | None
    probabilities: dict[str, Share]
    notes: tuple[Note, ...] = ()


class Predictions(Record):
    """Answers for pictures, and the files that have none; `unread` are those of the skipped that are pictures."""

    rows: tuple[Prediction, ...]
    skipped: tuple[Skipped, ...]
    classes: tuple[str, ...] = ()
    unread: tuple[Skipped, ...] = ()


class EvaluatedPicture(Record):
    """One labelled picture and what was answered."""

    path: str
    label: str
    predicted: str
    probability: Share


class Evaluation(Record):
    """What a classifier reached on labelled pictures; `confusion` has a row for each true class.

    `unread` is how many pictures could not be read, of those skipped.
    `warnings`: what these pictures can't judge.
    """

    split: str
    classes: tuple[str, ...]
    trained_on: Count
    left_out: Count
    metrics: Metrics
    confusion: tuple[tuple[Count, ...], ...]
    rows: tuple[EvaluatedPicture, ...]
    skipped: tuple[Skipped, ...]
    unread: Count = 0
    warnings: tuple[Finding, ...] = ()
