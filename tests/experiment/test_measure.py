"""What a finished classifier reached on each held-out split, and what a reader must know of that. No network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import CHOICES, context_of, separable, table_of

from headstart.base.types import Floats
from headstart.bundle import Answers
from headstart.experiment.fit import fit_one
from headstart.experiment.measure import measure_splits, measured_warnings, write_predictions
from headstart.records.columns import PredictionsFile
from headstart.records.metrics import Metrics
from headstart.records.training import Epoch
from headstart.strategies.division import Division


def answers_of(division: Division, right: float, *, sure: float = 0.8) -> Answers:
    """Return answers for the held-out pictures of which this share is right, each with this probability."""
    labels = division.labels[division.held_out]
    told = np.where(np.arange(len(labels)) % 10 < 10 * right, labels, 1 - labels)
    probabilities: Floats = np.where(np.arange(2)[None] == told[:, None], sure, 1 - sure)
    return Answers(probabilities=probabilities, temperature=1.0)


def division_of(splits: str = "train test", each: int = 60) -> Division:
    return Division.of(table_of(splits, each=each), seed=0)


def measured(division: Division, right: float, **options: float) -> Metrics:
    found = measure_splits(division, answers_of(division, right, **options)).of(division.measuring)
    assert found is not None
    return found


def codes(division: Division, right: float, **options: float) -> list[str]:
    metrics = measure_splits(division, answers_of(division, right, **options))
    return [one.code for one in measured_warnings(division, metrics)]


def test_each_split_is_measured_by_its_own_pictures() -> None:
    division = division_of("train val test", each=50)
    all_right = answers_of(division, 1.0)
    of_test = division.table.splits[division.held_out] == "test"
    turned = np.where(of_test[:, None], 1 - all_right.probabilities, all_right.probabilities)
    found = measure_splits(division, replace(all_right, probabilities=turned))
    assert found.val is not None
    assert found.test is not None
    assert (found.val.n, found.val.accuracy) == (100, 1.0)
    assert (found.test.n, found.test.accuracy) == (100, 0.0)


def test_a_split_without_pictures_is_none() -> None:
    division = division_of("train test")
    found = measure_splits(division, answers_of(division, 0.9))
    assert found.val is None
    assert found.test is not None
    assert found.test.used_for_choosing is False
    assert found.test.calibration is not None


def test_val_that_chose_is_marked_and_test_never_is() -> None:
    division = division_of("train val test")
    found = measure_splits(division, answers_of(division, 0.9), chosen_on_val=True)
    assert found.val is not None
    assert found.test is not None
    assert (found.val.used_for_choosing, found.test.used_for_choosing) == (True, False)
    assert [one.code for one in measured_warnings(division, found)] == [], "test measures"


def test_that_the_measuring_pictures_chose_is_said_with_the_last_epoch() -> None:
    division = division_of("train val")
    metrics = measure_splits(division, answers_of(division, 0.8), chosen_on_val=True)
    last = Epoch(
        epoch=2,
        train_loss=0.1,
        train_accuracy=0.9,
        choosing_loss=0.4,
        choosing_accuracy=0.625,
        learning_rate=1e-3,
        seconds=1.0,
        images_per_second=10.0,
    )
    (found,) = measured_warnings(division, metrics, [last])
    assert found.code == "chosen-on-measuring"
    assert "0.625" in found.text


@pytest.mark.parametrize(
    ("right", "sure", "told"), [(0.5, 0.6, ["near-chance"]), (0.8, 0.8, []), (0.8, 0.99, ["untrue-shares"])]
)
def test_guessing_and_untrue_probabilities_are_said(right: float, sure: float, told: list[str]) -> None:
    assert codes(division_of(), right, sure=sure) == told


def test_groups_are_what_intervals_count() -> None:
    table = table_of("train test", each=60)
    groups = np.array([f"{row // 12} {row % 2}" for row in range(len(table))])
    alone, grouped = division_of(), Division.of(replace(table, groups=groups), seed=0)
    one, other = measured(alone, 0.8), measured(grouped, 0.8)
    assert (one.unit, other.unit) == ("picture", "group")
    assert one.accuracy == other.accuracy
    assert other.interval[1] - other.interval[0] > one.interval[1] - one.interval[0]


def test_answers_are_written_and_read_in_the_order_of_the_table(tmp_path: Path) -> None:
    context = context_of(table_of("train val test"))
    fitted = fit_one(context, CHOICES, context.resolved.strategies[0])
    file = PredictionsFile(tmp_path / "linear.parquet")
    write_predictions(context.division, fitted.probabilities, file)
    table = context.division.table
    for split in ("val", "test"):
        found = file.read(table.classes, split)
        rows = table.rows(split)
        assert found.paths == tuple(table.paths[row] for row in rows)
        np.testing.assert_array_equal(found.labels, table.labels[rows])
        np.testing.assert_array_equal(
            found.probabilities, fitted.model.head.probabilities(separable(table.labels)[rows])
        )
