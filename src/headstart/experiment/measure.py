"""From a finished classifier to its record: probabilities of the held-out pictures, and what they are worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from headstart.base.errors import StoreError
from headstart.base.files import durable_writer
from headstart.base.types import Floats
from headstart.bundle import Answers
from headstart.evidence.metrics import measure
from headstart.evidence.reliability import untrue
from headstart.experiment.ground import Ground
from headstart.table import group_ids

SPLITS = ("val", "test")


def measure_splits(
    ground: Ground, probabilities: Floats, *, chosen_on_val: bool, answers: Answers | None = None
) -> dict[str, Any]:
    """Return metrics by split, null where there are no pictures; `probabilities` belong to `ground.held_out`.

    With `answers`, also what they state beside the probabilities, and what came true of it.
    """
    splits, labels = ground.table.splits[ground.held_out], ground.table.labels[ground.held_out]
    metrics: dict[str, Any] = {}
    for split in SPLITS:
        here = splits == split
        if not here.any():
            metrics[split] = None
            continue
        used = split == "val" and chosen_on_val
        groups = group_ids(ground.table, ground.held_out[here])
        measured = measure(labels[here], probabilities[here], groups=groups, interval=ground.request.interval)
        metrics[split] = {**measured, "used_for_choosing": used}
        if answers is not None:
            said = answers.part(here)
            metrics[split] |= said.record(labels[here], groups=groups, interval=ground.request.interval)
    return metrics


def measured_warnings(
    ground: Ground, metrics: Mapping[str, Any], epochs: Sequence[Mapping[str, Any]] = ()
) -> list[str]:
    """Return what a reader must know about the measured accuracy: that it is optimistic, or that it is chance."""
    warnings: list[str] = []
    if metrics[ground.measured] is None:
        return warnings
    if metrics[ground.measured]["used_for_choosing"]:
        last = f" (the last epoch, which nobody chose, had {epochs[-1]['val_accuracy']:.3f})" if epochs else ""
        warnings.append(
            f"the epoch was chosen on the val pictures that also measure, so this accuracy is optimistic{last}; "
            "choosing inside train (the default) gives one that is not."
        )
    told = _chance_warning(ground, metrics) or _shares_warning(ground, metrics)
    return [*warnings, told] if told else warnings


def _shares_warning(ground: Ground, metrics: Mapping[str, Any]) -> str | None:
    """Return a sentence if the stated shares are off by far more than luck explains."""
    said = metrics[ground.measured].get("calibration")
    if said is None or not untrue(said):
        return None
    return (
        f"the stated probabilities are off by {said['ece']:.2f} on average, more than luck alone would explain "
        f"({said['ece_by_luck_at_most']:.2f} at most): do not take a stated percentage for a chance."
    )


def _chance_warning(ground: Ground, metrics: Mapping[str, Any]) -> str | None:
    """Return a sentence with the likely causes if the accuracy is no better than naming one class always."""
    split = ground.measured
    labels = ground.table.labels[ground.table.rows(split)]
    counts = np.bincount(labels, minlength=len(ground.classes))
    chance = counts.max() / len(labels)
    guessed = 1 / np.count_nonzero(counts)  # of each class on average
    if metrics[split]["accuracy"] > chance or metrics[split]["balanced_accuracy_interval"][0] > guessed:
        return None
    return (
        f"accuracy {metrics[split]['accuracy']:.3f} is no better than always answering "
        f"'{ground.classes[int(counts.argmax())]}' ({chance:.3f}). Likely causes: too few pictures or epochs, a "
        "learning rate that is too high or too low, labels that do not belong to the pictures, or classes that "
        "this network cannot see apart."
    )


def write_predictions(ground: Ground, probabilities: Floats, path: Path) -> None:
    """Write one row per held-out picture: path, label, split, and one column of probabilities per class."""
    table, rows = ground.table, ground.held_out
    columns: dict[str, Any] = {
        "path": [table.paths[row] for row in rows],
        "label": [table.classes[table.labels[row]] for row in rows],
        "split": [str(table.splits[row]) for row in rows],
    }
    columns |= {f"p_{name}": np.asarray(probabilities[:, k], np.float64) for k, name in enumerate(table.classes)}
    with durable_writer(path) as temporary:
        pq.write_table(pa.table(columns), temporary)


def read_correct(path: Path, classes: tuple[str, ...], split: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return which pictures of a split a stored run answered right, in stored order.

    Raises
    ------
    StoreError
        If the file is missing or damaged.
    """
    try:
        rows = pq.read_table(path).to_pydict()
        here = [row for row, name in enumerate(rows["split"]) if name == split]
        scores = np.column_stack([np.asarray(rows[f"p_{name}"])[here] for name in classes])
        labels = np.array([classes.index(rows["label"][row]) for row in here])
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        raise StoreError(
            f"'{path}' cannot be read ({error}).", hint="Remove that file and run the same command: it is made anew."
        ) from error
    correct: np.ndarray[Any, np.dtype[np.bool_]] = scores.argmax(axis=1) == labels
    return correct
