"""Learning curves inside train: sizes, groups, few pictures, much work."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from headstart.experiment.learning_curve import Curve, curve_on, draws_for, learning_curve
from headstart.records.preprocessing import Preprocessing
from headstart.records.progress import Silent
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
    groups = [f"g{row // 4}" for row in range(80)]
    assert curve(groups=groups) is not None


@pytest.mark.parametrize(("rows", "classes", "draws"), [(400, 2, 3), (2000, 2, 1), (100_000, 1000, 0)])
def test_much_work_is_drawn_less_often(rows: int, classes: int, draws: int) -> None:
    assert draws_for(rows, 1280, classes) == draws


def test_a_curve_is_drawn_once_and_says_what_it_took() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    asked: list[int] = []

    def features(rows: np.ndarray, *_: object, **__: object) -> np.ndarray:
        asked.append(len(rows))
        return (rng.normal(size=(60, 8)) + 2 * labels[:, None]).astype(np.float32)[: len(rows)]

    ground: Any = SimpleNamespace(
        train=np.arange(60),
        looked_at=np.arange(60),
        features=features,
        table=SimpleNamespace(labels=labels),
        classes=("a", "b"),
        train_groups=np.arange(60).astype(str),
        request=SimpleNamespace(seed=0),
        progress=Silent(),
        solved={},
        network=lambda readout: SimpleNamespace(blocks=(3, 5)),
    )
    prepared = Preprocessing(input_size=8)
    first = curve_on(ground, prepared, STRATEGIES["linear"], "pool", {"C": 0.1}, few=True)
    again = curve_on(ground, prepared, STRATEGIES["linear"], "pool", {"C": 0.1})
    assert asked == [60]
    assert first.curve is again.curve is not None
    assert first.earlier == 0 < again.earlier
