"""Every open question is answered at one place: cuts, readouts, candidates, limits. No network is made for it."""

from __future__ import annotations

from typing import Any

import pytest
from builders import GIVEN, STAGES, resolved_of

from headstart.backbones.network_facts import Facts
from headstart.base.cache import set_limit
from headstart.base.errors import ConfigError
from headstart.experiment import resolve as module
from headstart.experiment.cuts import default_cut, named, resolve_strategies
from headstart.experiment.request import Request
from headstart.strategies.passes import fake_backbone
from headstart.strategies.rates import epochs_for
from headstart.strategies.resolved import Resolved
from headstart.strategies.strategy import STRATEGIES

NETWORK = fake_backbone(12, stages=STAGES)
EACH = 2 * 8 * 4 * 4  # bytes of one picture's activations


def resolved(*strategies: str, pictures: int = 80, **options: Any) -> Resolved:
    return resolved_of(Request(strategies=strategies, **{**GIVEN, **options}), NETWORK, pictures)


def cuts(*strategies: str, **options: Any) -> dict[str, str]:
    return {one.name: one.cut for one in resolved(*strategies, **options).strategies}


def test_each_strategy_has_its_cut() -> None:
    every = ("knn", "linear", "svm", "partial", "partial@middle", "scratch", "full")
    assert cuts(*every, cut="late") == {
        **dict.fromkeys(("knn", "linear", "svm"), "pool"),
        "partial": "late",
        "partial@middle": "middle",
        "scratch": "input",
        "full": "input",
    }


@pytest.mark.parametrize(
    ("options", "cut"),
    [
        ({"cut": "middle"}, "middle"),
        ({"unfreeze": 1}, "late"),
        ({"unfreeze": 2}, "middle"),
        ({"unfreeze": 3}, "input"),
        ({"cut": "input"}, "input"),
        ({}, "input"),  # the fake network's stages hold 100 weights each, and it says 1,000 in all
    ],
)
def test_the_cut_of_a_part(options: dict[str, Any], cut: str) -> None:
    found = resolved("partial", **options)
    assert found.strategies[0].cut == found.usual_cut == cut
    assert cuts("partial@late", **options) == {"partial@late": "late"}, "its own name goes first"


def test_the_usual_cut_leaves_half_of_the_weights_behind_it() -> None:
    network = fake_backbone(12, stages=STAGES)
    network.held.__dict__["facts"] = Facts(300, network.stages, (), (12,))
    assert default_cut(network) == "middle"
    network.held.__dict__["facts"] = Facts(200, network.stages, (), (12,))
    assert default_cut(network) == "late"


@pytest.mark.parametrize(
    ("strategy", "options", "said"),
    [
        ("partial", {"cut": "lat"}, "Did you mean 'late'"),
        ("partial@nowhere", {}, "has no stage 'nowhere'"),
        ("partial", {"cut": "pool"}, "Nothing of the network would be trained"),
        ("partial@pool", {}, "Nothing of the network would be trained"),
        ("partial", {"unfreeze": 0}, "Nothing of the network would be trained"),
        ("partial", {"unfreeze": 4}, "a whole number from 0 to 3"),
    ],
)
def test_a_cut_that_cannot_be_is_said_before_the_work(strategy: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve_strategies(Request(strategies=(strategy,), **options), NETWORK)
    assert said in f"{caught.value} {caught.value.hint}"


def test_an_open_cut_leaves_the_usual_one_where_the_name_says_none() -> None:
    request = Request(strategies=("partial",), cut="auto", **GIVEN)
    assert [one.cut for one in resolve_strategies(request, NETWORK)] == ["input"]


def test_a_strategy_can_be_named_later_as_the_same_request_would_have_it() -> None:
    request = Request(strategies=("linear", "partial"), cut="late", epochs={"partial": 3})
    assert named("partial", request, NETWORK) == resolve_strategies(request, NETWORK)[1]
    assert named("partial@middle", request, NETWORK).training == named("partial", request, NETWORK).training


def test_how_each_is_trained() -> None:
    asked = resolved("linear", "partial", "scratch", "full", epochs={"full": 3}, training={"gamma": 0.5})
    found = {one.name: one for one in asked.strategies}
    assert found["linear"].training is None
    for name in ("partial", "scratch", "full"):
        settings, own = found[name].settings_for(200), STRATEGIES[name].training
        assert settings.gamma == 0.5
        assert {key: getattr(settings, key) for key in own if key != "epochs"} == {
            key: value for key, value in own.items() if key != "epochs"
        }
    assert found["full"].settings_for(200).epochs == found["full"].settings_for(9000).epochs == 3, "as it was given"
    assert found["scratch"].settings_for(200).epochs == STRATEGIES["scratch"].training["epochs"]
    assert found["partial"].steps == STRATEGIES["partial"].steps
    assert resolved("full", training={"gamma": 0.5}).given == {"gamma"}
    with pytest.raises(RuntimeError, match="'linear' is not trained"):
        found["linear"].settings_for(200)


@pytest.mark.parametrize("learning", [20, 400, 10_000])
def test_where_nobody_says_how_many_epochs_follow_from_the_steps(learning: int) -> None:
    (open_, given) = (resolved("full", **options).strategies[0] for options in ({}, {"epochs": 4}))
    assert open_.steps is not None
    settings = open_.settings_for(learning)
    assert settings.epochs == epochs_for(open_.steps, learning, settings.batch_size)
    assert (given.steps, given.settings_for(learning).epochs) == (None, 4)


@pytest.mark.parametrize(
    ("asked", "found"), [("auto", ("squash", "crop")), ("pad", ("pad",)), ("crop", ("crop",)), ("squash", ("squash",))]
)
def test_framings_are_candidates_where_none_is_asked_for(asked: str, found: tuple[str, ...]) -> None:
    assert resolved("linear", framing=asked).framings == found


@pytest.mark.parametrize(
    ("strategies", "asked", "found"),
    [
        (("linear",), "auto", ("none",)),  # nobody would see them
        (("linear", "full"), "auto", ("photo", "gentle", "any-orientation")),
        (("scratch",), "auto", ("photo",)),  # no frozen network to ask
        (("full",), "gentle", ("gentle",)),
        (("linear",), "photo", ("photo",)),
    ],
)
def test_augmentations(strategies: tuple[str, ...], asked: str, found: tuple[str, ...]) -> None:
    assert resolved(*strategies, augment=asked).augmentations == found


@pytest.mark.parametrize(
    ("asked", "too", "said"), [("auto", True, False), ("pool", False, False), ("stages", True, True)]
)
def test_readouts_are_those_that_the_network_has(asked: str, too: bool, said: bool) -> None:
    found = resolved("linear", readout=asked)
    assert found.readouts == ("pool",), "this network has no places to read"
    assert (found.stages_too, found.stages_asked) == (too, said)


def test_a_network_with_places_to_read_gives_two_candidates() -> None:
    network = fake_backbone(12, stages=STAGES)
    network.held.__dict__["facts"] = Facts(1000, network.stages, ("late",), (16, 12))
    both = resolved_of(Request(strategies=("linear",), framing="squash"), network)
    assert both.readouts == ("pool", "stages")
    assert [both.network(readout).features for readout in both.readouts] == [12, 28]
    asked = resolved_of(Request(strategies=("linear",), readout="stages"), network)
    assert asked.readouts == ("stages",)


@pytest.mark.parametrize(("room", "stored"), [(12, ("late", "middle")), (5, ("late",)), (4, ())])
def test_cuts_are_stored_as_far_as_there_is_room(room: int, stored: tuple[str, ...], monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "ACTIVATION_LIMIT", room * 80 * EACH)
    found = resolved("partial@late", "partial@middle", "full", views=4)  # four views, and the pictures as they are
    assert found.stored_cuts == stored
    assert found.activation_limit == room * 80 * EACH


def test_nothing_is_stored_where_no_part_is_trained() -> None:
    assert resolved("linear", "full").stored_cuts == ()
    assert resolved("scratch").stored_cuts == ()


def test_activations_never_take_more_than_the_cache_may() -> None:
    assert module.activation_limit() == module.ACTIVATION_LIMIT
    set_limit(10**6)
    assert module.activation_limit() == resolved("linear").activation_limit == 10**6


def test_a_plan_that_stands_keeps_its_engine_and_its_limit() -> None:
    class Plan:
        engine, activation_limit = "onnx", 7

    request = Request(strategies=("linear",), **GIVEN)
    found = resolved_of(request, NETWORK, plan=Plan())
    assert (found.engine, found.activation_limit) == ("onnx", 7)
    assert (resolved("linear").engine, resolved("linear").activation_limit) == ("torch", module.ACTIVATION_LIMIT)


def test_the_rest_is_handed_down_as_it_was_asked() -> None:
    found = resolved(
        "linear", "scratch", seed=3, views=2, head="pool-bn", interval="clopper-pearson", scratch="resnet18"
    )
    assert (found.seed, found.views, found.trained_head, found.interval) == (3, 2, "pool-bn", "clopper-pearson")
    assert (found.scratch_name, found.device, found.pictures) == ("resnet18", "cpu", 80)
