"""What the plan expects of every kind of strategy, what fits into a time, and how it is said. No network is made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from builders import FEATURES, planned_of, table_of

from headstart.experiment import plan
from headstart.experiment.learning_curve import SHARES, curve_work
from headstart.experiment.plan import (
    CURVE,
    HEAD_COST,
    SIDE_COST,
    TRAINING_COST,
    Speed,
    describe,
    estimate,
    with_actual,
    within,
)
from headstart.experiment.prepare import Prepared
from headstart.experiment.request import Request
from headstart.experiment.resolve import AUGMENTATIONS_TRIED
from headstart.records.plan import PlanStep
from headstart.strategies.passes import fake_backbone
from headstart.table import Table
from headstart.tune.progressive import sides

SPEED = Speed(forward=0.01, scratch=0.02, smaller=True)
TABLE = table_of(each=60)  # 120 to learn from, of which 24 choose, and 120 that are held out
LEARNING, CHOOSING, HELD = 96, 24, 120
KINDS = len(AUGMENTATIONS_TRIED)
FLOPS, LATE, SIDE = 1e6, 1000.0, 224  # of the fake network, and of its last stage


def prepared(*strategies: str, table: Table = TABLE, **options: Any) -> Prepared:
    asked: dict[str, Any] = {"framing": "squash", "augment": "photo", "readout": "pool", "cut": "late", "epochs": 10}
    network = fake_backbone(FEATURES, side=SIDE, stages=("input", "middle", "late"))
    options["training"] = {"refit": False, **options.get("training", {})}  # whatever the strategies' defaults are
    return planned_of(Request(strategies=strategies, **{**asked, **options}), table, backbone=network)


def steps(*strategies: str, speed: Speed = SPEED, table: Table = TABLE, **options: Any) -> dict[str, PlanStep]:
    return {step.step: step for step in estimate(prepared(*strategies, table=table, **options), speed)}


def seconds(step: PlanStep) -> float:
    assert step.estimated_seconds is not None
    return step.estimated_seconds


def test_heads_take_one_pass_and_their_solving() -> None:
    found = steps("knn", "linear")
    assert list(found) == ["decode", "features", "knn", "linear", CURVE]
    assert [step.kind for step in found.values()] == ["shared", "shared", "strategy", "strategy", "curve"]
    assert found["decode"].pictures == found["features"].pictures == 240
    assert seconds(found["decode"]) == pytest.approx(240 * 0.002)
    assert seconds(found["features"]) == pytest.approx(240 * 0.01)
    assert (found["features"].bytes, found["features"].flops) == (240 * FEATURES * 4, 240 * FLOPS)
    assert seconds(found["knn"]) == seconds(found["linear"]) == pytest.approx(HEAD_COST * 120 * FEATURES * FEATURES)


def test_choosing_framing_and_augmentation_are_passes_of_their_own() -> None:
    found = steps("linear", "full", framing="auto", augment="auto")
    assert list(found)[:4] == ["decode", "framing", "augment", "features"]
    assert found["framing"].pictures == 120, "the other framing's pass is that of the features"
    assert found["augment"].pictures == 120 * KINDS
    slow = steps("linear", "full", framing="auto", augment="auto", speed=replace(SPEED, augment=1.0))
    assert seconds(slow["augment"]) - seconds(found["augment"]) == pytest.approx(120 * KINDS)


def test_where_some_are_looked_at_their_looks_are_no_part_of_the_features(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart.strategies.division.LOOKS", 30)
    found = steps("linear", "full", framing="auto", augment="auto")
    assert (found["framing"].pictures, found["augment"].pictures) == (60, 30 * KINDS)
    assert steps("full", augment="auto")["augment"].pictures == 30 * (KINDS + 1), "and as they are, to compare with"


def test_a_part_learns_from_activations_that_one_pass_leaves() -> None:
    found = steps("partial", "full", views=3)
    assert list(found) == ["decode", "features", "activations", "partial", "full"]
    assert found["activations"].pictures == LEARNING * 3 + 120
    assert seconds(found["activations"]) == pytest.approx((LEARNING * 3 + 120) * 0.01 * (1 - LATE / FLOPS))
    assert found["activations"].bytes == 4 * 240 * 2 * 8 * 4 * 4
    assert found["partial"].pictures == 10 * LEARNING
    share, asked = LATE / FLOPS, HELD + LEARNING + CHOOSING
    behind = TRAINING_COST["part"] * 10 * LEARNING + 10 * CHOOSING + LEARNING + asked
    assert seconds(found["partial"]) == pytest.approx(0.01 * (share * behind + (1 - share) * asked))
    assert seconds(found["partial"]) < seconds(found["full"])
    assert steps("partial", views=3, training={"refit": True})["activations"].pictures == 120 * 3 + 120


def test_several_depths_share_one_pass() -> None:
    found = steps("partial@late", "partial@middle")
    assert [name for name in found if name == "activations"] == ["activations"]
    assert found["activations"].bytes == 2 * 9 * 240 * 2 * 8 * 4 * 4


def test_activations_without_room_are_no_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart.experiment.resolve.ACTIVATION_LIMIT", 10)
    assert "activations" not in steps("partial")


def test_a_network_from_nothing_has_its_own_speed() -> None:
    found = steps("scratch")
    assert list(found) == ["decode", "scratch"]
    seen, passes = 10 * LEARNING, 10 * CHOOSING + HELD + LEARNING + CHOOSING
    assert seconds(found["scratch"]) == pytest.approx(0.02 * (seen + passes / TRAINING_COST["all"]))
    assert steps("scratch", speed=Speed())["scratch"].estimated_seconds is None


def test_small_pictures_first_take_less_of_full() -> None:
    usual, growing = steps("full")["full"], steps("full", training={"progressive": True})["full"]
    shares = np.array(sides(SIDE, 10)) / SIDE
    assert shares.min() < shares.max() == 1
    seen = 10 * LEARNING
    passes = seconds(usual) / 0.01 - TRAINING_COST["all"] * seen
    assert passes == pytest.approx(10 * CHOOSING + LEARNING + HELD + LEARNING + CHOOSING)
    assert seconds(growing) == pytest.approx(0.01 * (TRAINING_COST["all"] * seen * np.mean(shares**SIDE_COST) + passes))
    assert growing.flops == pytest.approx(FLOPS * (3 * seen * np.mean(shares**2) + passes))
    assert growing.pictures == usual.pictures == seen


def test_it_takes_as_long_where_the_network_answers_at_one_size_or_only_a_part_is_trained() -> None:
    one_size, growing = replace(SPEED, smaller=False), {"progressive": True}
    assert steps("full", speed=one_size, training=growing)["full"] == steps("full", speed=one_size)["full"]
    assert steps("partial", training=growing)["partial"] == steps("partial")["partial"]


def test_pictures_are_augmented_at_every_size_and_refitting_counts() -> None:
    slow, growing = replace(SPEED, augment=0.1), {"progressive": True}
    more = seconds(steps("full", speed=slow, training=growing)["full"]) - seconds(
        steps("full", training=growing)["full"]
    )
    assert more == pytest.approx(0.1 * 10 * LEARNING)
    stored = [seconds(steps("partial", speed=speed)["partial"]) for speed in (slow, SPEED)]
    assert stored[0] == stored[1], "whose pictures were augmented before"
    assert steps("full", training={"refit": True})["full"].pictures == 10 * LEARNING + 2 * 120
    assert steps("full", speed=Speed(smaller=True))["full"].estimated_seconds is None


def test_a_training_goes_on_only_where_it_will(monkeypatch: pytest.MonkeyPatch) -> None:
    growing = {"refit": True}
    again = steps("partial", "full", views=3, training=growing)
    assert (again["full"].pictures, again["activations"].pictures) == (10 * LEARNING + 2 * 120, 120 * 3 + 120)
    val = steps("partial", "full", views=3, training=growing, table=table_of("train val test", each=60))
    assert (val["full"].pictures, val["activations"].pictures) == (10 * 120, 120 * 3 + 120), (
        "val chooses, and stays out"
    )
    monkeypatch.setattr("headstart.strategies.division.REFIT_MOST", 119)
    many = steps("partial", "full", views=3, training=growing)
    assert (many["full"].pictures, many["activations"].pictures) == (10 * LEARNING, LEARNING * 3 + 120)


def test_where_nobody_chooses_nothing_is_asked_of_the_choosing_pictures() -> None:
    few = table_of(each=20)
    found = steps("full", table=few, training={"refit": True})["full"]
    assert found.pictures == 10 * 40
    assert seconds(found) == pytest.approx(0.01 * (TRAINING_COST["all"] * 400 + 40 + 40))


def test_the_learning_curve_is_a_step_where_there_is_a_head() -> None:
    assert CURVE not in steps("partial", "full")
    assert CURVE not in steps("scratch")
    found = steps("knn", "full")[CURVE]
    work = curve_work(120, FEATURES, 2)
    assert work is not None
    assert found.pictures == 120
    assert seconds(found) == pytest.approx(plan.CURVE_START + plan.CURVE_COST * work)


def test_the_work_of_a_learning_curve_is_that_of_its_heads() -> None:
    learned = [round(share * 0.8 * 244) for share in SHARES]
    assert curve_work(244, 1280, 2) == pytest.approx(3 * 5 * sum(n * n * 1280 * 2 for n in learned))
    assert curve_work(1_975, 1280, 196) == pytest.approx(
        2 * sum(n * min(n, 1280) * 1280 * 196 for n in (198, 395, 790, 1580)), rel=0.01
    ), "of many classes two folds are asked"
    assert curve_work(100_000, 1280, 1000) is None


@pytest.mark.parametrize(("options", "times", "share"), [({"folds": 5, "seeds": 2}, 10, 0.8), ({"seeds": 3}, 3, 0.75)])
def test_every_strategy_is_tried_again_in_each_split(options: dict[str, int], times: int, share: float) -> None:
    found = steps("linear", "partial", **options)
    own = found["partial over splits"]
    assert own.kind == "splits"
    assert own.pictures == round(times * 120 * share), "a test split that was given stays closed"
    once = seconds(found["partial"]) + seconds(found["activations"])
    assert seconds(own) == pytest.approx(once * times * share)
    assert seconds(found["linear over splits"]) == pytest.approx(seconds(found["linear"]) * times * share)


def test_without_a_speed_nothing_is_known_of_networks() -> None:
    found = steps("linear", "partial", "full", speed=Speed())
    unknown = [step.step for step in found.values() if step.estimated_seconds is None]
    assert unknown == ["features", "activations", "partial", "full"]


PLAN = tuple(
    PlanStep(step=step, kind=kind, pictures=1, estimated_seconds=taken)
    for step, kind, taken in (
        ("decode", "shared", 2.0),
        ("features", "shared", 3.0),
        ("linear", "strategy", 1.0),
        ("activations", "shared", 10.0),
        ("partial@a", "strategy", 5.0),
        ("partial@b", "strategy", 5.0),
        ("full", "strategy", 30.0),
        ("learning curve", "curve", 4.0),
    )
)


@pytest.mark.parametrize(
    ("limit", "fits"),
    [
        (1, ["linear"]),  # the first is tried in any case
        (6, ["linear"]),
        (20, ["linear"]),  # the second depth needs the activations as well
        (21, ["linear", "partial@a"]),
        (26, ["linear", "partial@a", "partial@b"]),
        (55, ["linear", "partial@a", "partial@b"]),
        (56, ["linear", "partial@a", "partial@b", "full"]),
    ],
)
def test_what_fits_into_a_time(limit: float, fits: list[str]) -> None:
    assert within(PLAN, limit) == tuple(fits)


def test_an_unknown_duration_takes_no_time() -> None:
    unknown = tuple(replace_seconds(step, None) for step in PLAN)
    assert within(unknown, 0.1) == ("linear", "partial@a", "partial@b", "full")


def replace_seconds(step: PlanStep, taken: float | None) -> PlanStep:
    return PlanStep(step=step.step, kind=step.kind, pictures=step.pictures, estimated_seconds=taken)


def test_a_plan_in_a_line() -> None:
    assert describe(PLAN, 2) == (
        "plan: decode 2 s · features 3 s · linear 1 s · activations 10 s · partial@a 5 s · partial@b 5 s · full 30 s "
        "· learning curve 4 s · about 60 s on 2 threads"
    )
    assert describe(PLAN[:2], 1).endswith("about 5 s on 1 thread")
    assert "about 2 min" in describe((replace_seconds(PLAN[0], 130.0), PLAN[1]), 1)
    assert "decode under 1 s" in describe((replace_seconds(PLAN[0], 0.2), PLAN[1]), 1)


def test_where_nothing_was_timed_only_the_strategies_are_named() -> None:
    unknown = (PLAN[0], replace_seconds(PLAN[1], None), PLAN[2], PLAN[6])
    assert describe(unknown, 2) == "plan: read each picture once, then linear, full"


def test_what_steps_took_comes_beside_what_was_expected() -> None:
    found = with_actual(PLAN, {"linear": 1.5})
    assert [step.seconds for step in found if step.step == "linear"] == [1.5]
    assert [step.estimated_seconds for step in found] == [step.estimated_seconds for step in PLAN]
    assert all(step.seconds is None for step in found if step.step != "linear")
