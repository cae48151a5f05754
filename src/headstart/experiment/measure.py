"""From a finished classifier to its record: probabilities of the held-out pictures, and what they are worth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headstart.base.types import Floats
from headstart.bundle import Answers
from headstart.evidence.judging import Balanced, Judges, against_guessing
from headstart.evidence.metrics import measure
from headstart.evidence.reliability import untrue
from headstart.records.columns import PredictionsFile
from headstart.records.findings import Finding
from headstart.records.metrics import Metrics, MetricsBySplit, SplitName
from headstart.records.record import changed
from headstart.records.training import Epoch
from headstart.strategies.division import Division
from headstart.table import group_ids
from headstart.words import findings


def measure_splits(
    division: Division, answers: Answers, *, interval: str = "wilson", chosen_on_val: bool = False
) -> MetricsBySplit:
    """Return metrics by split; `answers` are for the held-out pictures, in their order."""
    return MetricsBySplit(
        val=_measured(division, answers, "val", interval, used=chosen_on_val),
        test=_measured(division, answers, "test", interval, used=False),
    )


def _measured(division: Division, answers: Answers, split: SplitName, interval: str, *, used: bool) -> Metrics | None:
    """Return the metrics of one split, with what is stated beside the answers; None where it has no pictures."""
    here = division.table.splits[division.held_out] == split
    if not here.any():
        return None
    labels = division.labels[division.held_out][here]
    groups = group_ids(division.table, division.held_out[here])
    own = answers.part(here)
    measured = measure(labels, own.probabilities, groups=groups, interval=interval)
    stated = own.stated(labels, groups=groups, interval=interval)
    return changed(
        measured,
        used_for_choosing=used,
        calibration=stated.calibration,
        sets=stated.sets,
        none_of_these=stated.none_of_these,
    )


def measured_warnings(division: Division, metrics: MetricsBySplit, epochs: Sequence[Epoch] = ()) -> tuple[Finding, ...]:
    """Return what a reader must know about the measured accuracy: that it is optimistic, or that it is chance."""
    found = metrics.of(division.measuring)
    if found is None:
        return ()
    warnings = []
    if found.used_for_choosing:
        warnings.append(
            findings.chosen_on_measuring(division.measuring, epochs[-1].choosing_accuracy if epochs else None)
        )
    judges, chose = division.judges(), division.judges(division.choosing)
    if epochs and division.choosing_in == "val" and chose.absent:
        warnings.append(findings.chosen_without("val", chose.absent))
    if judges.absent:
        warnings.append(findings.not_judged(division.measuring, judges.absent))
    told = _guessing(division, judges, found) or _shares(judges, found)
    return (*warnings, told) if told else tuple(warnings)


def _shares(judges: Judges, found: Metrics) -> Finding | None:
    """Return a warning if the stated probabilities are off by far more than luck explains."""
    if judges.only is not None or found.calibration is None or not untrue(found.calibration):
        return None
    return findings.untrue_shares(found.calibration.ece, found.calibration.ece_by_luck_at_most)


def _guessing(division: Division, judges: Judges, found: Metrics) -> Finding | None:
    """Return a warning if the accuracy is no better than naming one class always; with causes where that is sure."""
    told = against_guessing(judges.pictures, judges.chance, found.accuracy, found.interval, Balanced.of(found))
    if told not in ("no better", "unclear") or found.accuracy > judges.chance:
        return None
    counts = np.bincount(division.labels[division.measured_rows()], minlength=len(division.classes))
    common = division.classes[int(counts.argmax())]
    return findings.near_chance(found.accuracy, most_common=common, chance=judges.chance, sure=told == "no better")


def write_predictions(division: Division, probabilities: Floats, file: PredictionsFile) -> None:
    """Write one row per held-out picture: path, label, split, and one column of probabilities per class."""
    table, rows = division.table, division.held_out
    file.write(
        table.classes,
        paths=[table.paths[row] for row in rows],
        labels=table.labels[rows],
        splits=[str(table.splits[row]) for row in rows],
        probabilities=probabilities,
    )
