"""Answers of one classifier for pictures, as they are printed and handed over."""

from __future__ import annotations

from typing import Literal, get_args

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


Form = Literal["csv", "jsonl", "parquet"]
FORMS: tuple[Form, ...] = get_args(Form)


class AnswersAsked(Record):
    """Content of ``answers.json`` in a folder of answers: what was asked, so that only the same goes on there.

    Parameters
    ----------
    classifier : str
        Fingerprint of the bundle.
    bundle : str
        What it was called.
    form : str
        Of the files of answers.
    top : int
        Of how many classes a row tells the probability; 0: of all.
    mark : bool
        Whether a CSV begins with a byte order mark.
    asked : tuple of str
        Folders, lists and the like; pictures that were named one by one are one of them.
    where : str
        The current folder as seen from that of the answers, if anything asked is relative to it.
    """

    schema: Count
    headstart: str
    classifier: str
    bundle: str
    form: Form
    top: Count
    mark: bool
    asked: tuple[str, ...]
    where: str


class Answered(Record):
    """What `predict_many` has done; the answers themselves are in `folder`.

    Parameters
    ----------
    pictures : int
        Rows written now.
    unread : int
        Those of all rows that say why a picture could not be read; the first few of now are `examples`.
    before : int
        Rows that were there already.
    repeated : int
        How often a file was named that had its row already, from before or because it was named twice.
    passed : mapping of str to int
        By kind, what is no picture and has no row.
    files : tuple of str
        Written now.
    """

    folder: str
    pictures: Count
    unread: Count
    before: Count
    repeated: Count
    passed: dict[str, Count]
    files: tuple[str, ...]
    examples: tuple[Skipped, ...]


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
