"""How right the answers are: accuracy, log loss, recall and F1 per class, and all of them in one record.

Throughout, `labels` and `predicted` are whole numbers from 0 to ``classes - 1``. A class without a single
held-out picture has no recall: it is left out of the means instead of being counted as 0 or 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.base.params import bad_parameter
from headstart.base.types import Floats
from headstart.evidence.bootstrap import mean_intervals
from headstart.evidence.intervals import share_interval
from headstart.evidence.units import numbered
from headstart.records.metrics import Metrics
from headstart.records.record import Interval

Labels = NDArray[np.integer[Any]]

# A probability of exactly 0 would make the loss infinite; scikit-learn stops at the same place.
_LEAST_PROBABILITY = float(np.finfo(np.float64).eps)


def accuracy(labels: Labels, predicted: Labels) -> float:
    """Return the share of `predicted`, (n,), that equals `labels`, (n,)."""
    _check_pair("accuracy", labels, predicted)
    return float(np.mean(np.asarray(labels) == np.asarray(predicted)))


def log_loss(labels: Labels, probabilities: Floats) -> float:
    """Return the mean of ``-log p(true class)`` in nats; `probabilities`, (n, classes), stay above 2e-16."""
    return float(np.mean(log_losses(labels, probabilities)))


def log_losses(labels: Labels, probabilities: Floats) -> Floats:
    """Return ``-log p(true class)`` of each row in nats, (n,); `probabilities`, (n, classes), stay above 2e-16."""
    _check_pair("log_loss", labels, probabilities)
    true = np.asarray(probabilities, np.float64)[np.arange(len(labels)), labels]
    return np.asarray(-np.log(np.clip(true, _LEAST_PROBABILITY, 1.0)))


def bounded_log_losses(labels: Labels, probabilities: Floats, *, among: int | None = None) -> Floats:
    """Return the log losses by which something is chosen, (n,): none so large that one picture alone decides.

    Parameters
    ----------
    labels : array of int, (n,)
    probabilities : array, (n, classes)
    among : int, optional
        How many pictures choose together; by default n.

    Notes
    -----
    A picture that is answered surely and wrongly has a loss without bound. Here none has more than log(classes x
    (n + 1)): what it has where, of n + 1 answers, one is a guess. The mean then moves by no more than that over n.
    """
    most = loss_bound(probabilities.shape[1], len(labels) if among is None else among)
    return np.asarray(np.minimum(log_losses(labels, probabilities), most))


def loss_bound(classes: int, pictures: int) -> float:
    """Return the most that one of so many pictures may lose where they choose together, see `bounded_log_losses`."""
    return float(np.log(classes * (pictures + 1)))


def confusion(labels: Labels, predicted: Labels, classes: int) -> NDArray[np.int64]:
    """Return how often each true class (row) was answered with each class (column), (classes, classes)."""
    _check_pair("confusion", labels, predicted)
    cells = np.asarray(labels, np.int64) * classes + np.asarray(predicted, np.int64)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes).astype(np.int64)


def per_class_recall(labels: Labels, predicted: Labels, classes: int) -> Floats:
    """Return the share of each class's pictures that was answered right, (classes,); NaN without pictures."""
    table = confusion(labels, predicted, classes)
    pictures = table.sum(axis=1)
    return np.where(pictures > 0, np.diag(table) / np.maximum(pictures, 1), np.nan)


def balanced_accuracy(labels: Labels, predicted: Labels, classes: int) -> float:
    """Return the mean recall of the classes that have pictures."""
    return float(np.nanmean(per_class_recall(labels, predicted, classes)))


def macro_f1(labels: Labels, predicted: Labels, classes: int) -> float:
    """Return the mean F1 of the classes that have pictures.

    F1 = 2 hits / (pictures of the class + answers that name it), so a class that is never answered gets 0.
    """
    table = confusion(labels, predicted, classes)
    pictures, answers = table.sum(axis=1), table.sum(axis=0)
    present = pictures > 0
    return float(np.mean(2.0 * np.diag(table)[present] / (pictures + answers)[present]))


def measure(
    labels: Labels, probabilities: Floats, *, groups: NDArray[np.generic] | None = None, interval: str = "wilson"
) -> Metrics:
    """Return every measure of one set of answers; what these state besides is `answer_quality.stated`.

    Parameters
    ----------
    labels : array of int, (n,)
    probabilities : array, (n, classes)
        The answer for a picture is the class of its largest probability.
    groups : array, (n,), optional
        What each picture belongs to; None, or every group a single picture: each stands for itself.
    interval : str
        How shares get their intervals: ``"wilson"`` or ``"clopper-pearson"``.

    Raises
    ------
    ConfigError
        If there is no picture, the lengths differ, or the kind of interval is unknown.
    """
    _check_pair("measure", labels, probabilities)
    classes = probabilities.shape[1]
    predicted = np.argmax(probabilities, axis=1)
    correct = predicted == np.asarray(labels)
    means = mean_intervals(labels, predicted, classes, groups=groups)
    recalls, recall_intervals = _recalls(labels, correct, classes, groups, interval)
    return Metrics(
        n=len(labels),
        loss=log_loss(labels, probabilities),
        accuracy=int(correct.sum()) / len(labels),
        interval=share_interval(correct, groups=groups, kind=interval),
        interval_kind=interval,
        unit="picture" if groups is None or numbered(groups) is None else "group",
        macro_f1=macro_f1(labels, predicted, classes),
        macro_f1_interval=means["macro_f1"],
        balanced_accuracy=balanced_accuracy(labels, predicted, classes),
        balanced_accuracy_interval=means["balanced_accuracy"],
        per_class_recall=recalls,
        per_class_recall_intervals=recall_intervals,
    )


def _recalls(
    labels: Labels, correct: NDArray[np.bool_], classes: int, groups: NDArray[np.generic] | None, interval: str
) -> tuple[tuple[float | None, ...], tuple[Interval | None, ...]]:
    """Return the share of right answers of each class and its interval, None for a class without pictures."""
    recalls: list[float | None] = []
    intervals: list[Interval | None] = []
    for label in range(classes):
        own = np.asarray(labels) == label
        if not own.any():
            recalls.append(None)
            intervals.append(None)
            continue
        recalls.append(float(np.mean(correct[own])))
        among = None if groups is None else groups[own]
        intervals.append(share_interval(correct[own], groups=among, kind=interval))
    return tuple(recalls), tuple(intervals)


def _check_pair(owner: str, labels: Labels, answers: NDArray[Any]) -> None:
    if len(labels) == 0 or len(labels) != len(answers):
        raise bad_parameter(
            "labels", owner, "as many as there are answers, and at least one", (len(labels), len(answers))
        )
