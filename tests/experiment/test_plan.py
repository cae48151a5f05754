"""What the plan expects of a training, and of the learning curve."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from headstart.experiment import plan
from headstart.experiment.learning_curve import SHARES, curve_work
from headstart.experiment.plan import SIDE_COST, TRAINING_COST, Speed
from headstart.experiment.request import Request
from headstart.records.preprocessing import Preprocessing
from headstart.strategies.strategy import STRATEGIES
from headstart.tune.progressive import sides

SPEED = Speed(forward=0.01, smaller=True)
STAGES = [SimpleNamespace(name="input", flops=6e8, parameters=100), SimpleNamespace(name="late", flops=2e8)]


def ground(**options: Any) -> Any:
    """Return 60 pictures to learn from, of which 10 choose, and 20 that are held out."""
    request = Request(strategies=("partial", "full"), epochs=10, cut="late", **options)
    backbone = SimpleNamespace(flops=8e8, stages=STAGES, preprocessing=Preprocessing(input_size=224), features=1280)
    return SimpleNamespace(
        request=request,
        train=np.arange(60),
        held_out=np.arange(60, 80),
        classes=("a", "b"),
        backbone=backbone,
        need_backbone=lambda: backbone,
        network=lambda readout: SimpleNamespace(features=1280, readout=readout),
        choosing_rows=lambda: (np.arange(10), "train"),
        refits=lambda name: bool(request.training.get("refit")),
    )


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "check_cut", lambda request, backbone, cut=None: cut or request.cut)


def step(name: str, speed: Speed = SPEED, **training: Any) -> dict[str, Any]:
    return plan._training_step(ground(training=training), STRATEGIES[name], speed)


def test_small_pictures_first_take_less_of_full() -> None:
    usual, growing = step("full"), step("full", progressive=True)
    shares = np.array(sides(224, 10)) / 224
    assert shares.min() < shares.max() == 1
    seen = 10 * 50
    passes = (usual["estimated_seconds"] / 0.01) - TRAINING_COST * seen
    assert passes == pytest.approx(10 * 10 + 50 + 20 + 50 + 10)
    assert growing["estimated_seconds"] == pytest.approx(
        0.01 * (TRAINING_COST * seen * np.mean(shares**SIDE_COST) + passes)
    )
    assert growing["flops"] == pytest.approx(8e8 * (3 * seen * np.mean(shares**2) + passes))
    assert growing["pictures"] == usual["pictures"] == seen


def test_it_takes_as_long_where_the_network_answers_at_one_size_or_only_a_part_is_trained() -> None:
    one_size = replace(SPEED, smaller=False)
    assert step("full", one_size, progressive=True) == step("full", one_size)
    assert step("partial", progressive=True) == step("partial")


def test_pictures_are_augmented_at_every_size_and_refitting_counts() -> None:
    slow = replace(SPEED, augment=0.1)
    more = (
        step("full", slow, progressive=True)["estimated_seconds"] - step("full", progressive=True)["estimated_seconds"]
    )
    assert more == pytest.approx(0.1 * 500)
    assert step("full", progressive=True, refit=True)["pictures"] == 10 * 50 + 10 * 60
    assert step("full", Speed(smaller=True), progressive=True)["estimated_seconds"] is None


def test_the_learning_curve_is_a_step_where_there_is_a_head() -> None:
    assert plan._learning_curve(ground()) == []
    heads = ground()
    heads.request = replace(heads.request, strategies=("knn", "full"))
    (found,) = plan._learning_curve(heads)
    assert (found["step"], found["pictures"]) == ("learning curve", 60)
    assert found["estimated_seconds"] == pytest.approx(plan.CURVE_START + plan.CURVE_COST * curve_work(60, 1280, 2))
    heads.backbone = None
    assert plan._learning_curve(heads) == []


def test_the_work_of_a_learning_curve_is_that_of_its_heads() -> None:
    learned = [round(share * 0.8 * 244) for share in SHARES]
    assert curve_work(244, 1280, 2) == pytest.approx(3 * 5 * sum(n * n * 1280 * 2 for n in learned))
    assert curve_work(1_975, 1280, 196) == pytest.approx(
        2 * sum(n * min(n, 1280) * 1280 * 196 for n in (198, 395, 790, 1580)), rel=0.01
    ), "of many classes two folds are asked"
    assert curve_work(100_000, 1280, 1000) is None
