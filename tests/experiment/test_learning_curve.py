"""Learning curves inside train: sizes, groups, few pictures, much work; and what is told of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from builders import CHOICES, PREPROCESSING, context_of, run_of, separable, table_of

from headstart.evidence.forecast import Rising
from headstart.experiment import learning_curve as module
from headstart.experiment.learning_curve import Curve, curve_on, draws_for, learned, learning_curve
from headstart.records.forecast import RisingClass
from headstart.records.progress import Silent
from headstart.strategies.passes import FakePasses
from headstart.strategies.strategy import STRATEGIES


def curve(each: int = 40, *, groups: Any = None, draws: int = 1, **options: Any) -> Curve | None:
    """Return the curve of blobs of two classes."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], each)
    features = (rng.normal(size=(2 * each, 20)) + 0.4 * labels[:, None]).astype(np.float32)
    names = np.array([""] * len(labels)) if groups is None else np.asarray(groups)
    given: dict[str, Any] = {"head": "logistic", "chosen": {"C": 0.1}, "seed": 0, "progress": Silent()}
    return learning_curve(features, labels, names, draws=draws, **{**given, **options})


def test_sizes_are_shares_of_four_folds_and_more_pictures_help() -> None:
    found = curve(200)
    assert found is not None
    np.testing.assert_allclose(found.sizes, [40, 80, 160, 320])
    assert found.right.shape == (1, 4, 400)
    assert found.right[:, -1].mean() > found.right[:, 0].mean()


def test_the_same_seed_gives_the_same_curve() -> None:
    one, other = curve(draws=2), curve(draws=2)
    assert one is not None
    assert other is not None
    np.testing.assert_array_equal(one.right, other.right)
    assert one.right.shape[0] == 2


def test_with_few_pictures_there_are_fewer_sizes_or_none() -> None:
    ten = curve(10)
    assert ten is not None
    assert len(ten.sizes) == 3
    assert curve(5) is None


def test_few_folds_ask_about_some_pictures() -> None:
    found = curve(most_folds=2)
    assert found is not None
    assert len(found.rows) == found.right.shape[2] == 32
    np.testing.assert_allclose(found.sizes, [8, 16, 32, 64])


def test_the_answer_for_a_picture_does_not_come_from_its_group() -> None:
    """Pictures of a group look alike, and nothing but that tells the class: whoever leaks the group is right."""
    rng = np.random.default_rng(0)
    owners = np.repeat(np.arange(40), 4)
    labels = owners % 2
    features = (rng.normal(size=(40, 60))[owners] + 0.01 * rng.normal(size=(160, 60))).astype(np.float32)
    given: dict[str, Any] = {"head": "logistic", "chosen": {"C": 10.0}, "draws": 1, "seed": 0, "progress": Silent()}
    alone = learning_curve(features, labels, np.full(160, ""), **given)
    grouped = learning_curve(features, labels, np.array([f"g{owner}" for owner in owners]), **given)
    assert alone is not None
    assert grouped is not None
    assert alone.right[:, -1].mean() > 0.95
    assert grouped.right[:, -1].mean() < 0.7


@pytest.mark.parametrize(("rows", "classes", "draws"), [(400, 2, 3), (2000, 2, 1), (100_000, 1000, 0)])
def test_much_work_is_drawn_less_often(rows: int, classes: int, draws: int) -> None:
    assert draws_for(rows, 1280, classes) == draws


def test_a_curve_is_drawn_once_and_says_what_it_took() -> None:
    context = context_of()
    assert isinstance(context.passes, FakePasses)
    first = curve_on(context, PREPROCESSING, STRATEGIES["linear"], "pool", {"C": 0.1}, part="looked at")
    again = curve_on(context, PREPROCESSING, STRATEGIES["linear"], "pool", {"C": 0.1})
    assert [part for part, _, _ in context.passes.asked] == ["looked at"]
    assert first.value is again.value is not None
    assert first.earlier == 0 < again.earlier


def test_a_curve_that_would_take_minutes_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart.experiment.learning_curve._MOST_WORK", 10)
    found = curve_on(context_of(), PREPROCESSING, STRATEGIES["linear"], "pool", {"C": 0.1})
    assert found.value is None


LINEAR, FULL = run_of("linear", 35, 40), run_of("full", 36, 40)


def test_what_more_pictures_would_bring_is_told_of_a_winner_that_was_solved() -> None:
    found = learned(context_of(), CHOICES, [LINEAR, FULL], "linear")
    assert found is not None
    assert (found.run, found.winner, found.pictures, found.draws) == ("linear", "linear", 40, 3)
    assert len(found.sizes) == len(found.accuracy)
    assert (found.forecast.pictures, found.forecast.more) == (40, 80)
    assert found.seconds > 0


def test_a_trained_winner_is_judged_by_the_reference() -> None:
    found = learned(context_of(), CHOICES, [LINEAR, FULL], "full")
    assert found is not None
    assert (found.run, found.winner) == ("linear", "full")


def test_without_a_head_or_with_too_few_pictures_nothing_is_told() -> None:
    assert learned(context_of(), CHOICES, [FULL], "full") is None
    assert learned(context_of(table_of(each=4)), CHOICES, [LINEAR], "linear") is None


def test_nothing_outside_train_is_looked_at() -> None:
    table = table_of()
    wild = separable(table.labels)
    wild[table.rows("test")] = np.nan
    one, other = (
        learned(context_of(table, values=values), CHOICES, [LINEAR], "linear")
        for values in (separable(table.labels), wild)
    )
    assert one is not None
    assert other is not None
    assert (one.accuracy, one.forecast) == (other.accuracy, other.forecast)


def test_a_class_that_still_rises_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def rising(right: Any, labels: Any, *, units: Any) -> Rising:
        asked.append((right.shape[-1], labels.tolist()))
        return Rising(label=1, recall=(0.5, 0.7), p=0.01)

    monkeypatch.setattr(module, "rising_class", rising)
    context = context_of(table_of(each=20, classes=3))
    found = learned(context, CHOICES, [LINEAR], "linear")
    assert found is not None
    assert found.rising == RisingClass(name="b", recall=(0.5, 0.7), p=0.01)
    assert asked == [(60, context.division.labels[context.division.train].tolist())]
