"""How deep `partial` trains, as a question: which depths an open cut stands for, and that one cut has one name."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from builders import FEATURES, STAGES, planned_of

from headstart import backbones
from headstart.backbones.network_facts import Facts, Stage
from headstart.base.errors import ConfigError
from headstart.experiment import depths
from headstart.experiment.request import Request
from headstart.experiment.stored_plan import _record
from headstart.records.codec import from_plain, plain
from headstart.records.plan import ChoiceLosses, Depths, PlanRecord
from headstart.strategies.passes import fake_backbone
from headstart.strategies.resolved import Choices


@cache
def network(name: str) -> Any:
    return backbones.load(name, random=True)


@pytest.mark.network
@pytest.mark.parametrize(
    ("name", "usual", "tried"),
    [
        ("tf_efficientnet_lite0", "blocks.5", ("conv_head", "blocks.6", "blocks.5", "blocks.3")),
        ("resnet18", "layer4", ("layer4", "layer3", "layer2")),
        ("vit_tiny_patch16_224", "blocks.5", ("blocks.11", "blocks.8", "blocks.5", "blocks.3")),
        ("convnext_atto", "stages.3", ("stages.3", "stages.2", "stages.1")),
    ],
)
def test_a_few_depths_the_usual_one_among_them(name: str, usual: str, tried: tuple[str, ...]) -> None:
    found = depths.depths_of(Request(cut="auto"), network(name), 100)
    assert (found.usual, found.tried) == (usual, tried)


@pytest.mark.network
def test_depths_whose_activations_fit_are_preferred() -> None:
    lite = network("tf_efficientnet_lite0")
    tried = depths.depths_of(Request(cut="auto"), lite, 17_000).tried
    assert "blocks.3" not in tried, "0.3 MB a picture"
    assert tried[0] == "conv_head"


def staged(*stages: tuple[str, int, float], width: int = 8) -> Any:
    """Return a network of which only names, weights and operations of its stages are known."""
    network = fake_backbone(FEATURES)
    found = [Stage(name, parameters, (width, 4, 4), flops) for name, parameters, flops in stages]
    total = sum(parameters for _, parameters, _ in stages)
    facts = Facts(total, (*found, Stage("pool", 0, (FEATURES,), 0.0)), (), (FEATURES,))
    network.held.__dict__["facts"] = facts
    return replace(network, flops=sum(flops for _, _, flops in stages))


EVEN = [(f"s{place}", 10, 10.0) for place in range(10)]


def test_depths_are_at_even_distances_and_leave_a_quarter_of_the_operations_frozen() -> None:
    found = depths.depths_of(Request(cut="auto"), staged(("input", 10, 10.0), *EVEN[1:]), 10)
    assert found.usual == "s5", "half of the weights are behind it"
    assert found.tried == ("s9", "s7", "s5", "s3")


def test_the_usual_place_takes_that_of_its_neighbour() -> None:
    heavy = [(name, 200 if name == "s8" else 10, flops) for name, _, flops in EVEN]
    found = depths.depths_of(Request(cut="auto"), staged(*heavy), 10)
    assert found.usual == "s8"
    assert found.usual in found.tried
    assert len(found.tried) == depths.MOST


def test_stages_without_weights_are_no_depths() -> None:
    names = [(name, 0 if name == "s9" else weights, flops) for name, weights, flops in EVEN]
    assert depths.depths_of(Request(cut="auto"), staged(*names), 10).tried[0] == "s8"


def test_where_few_leave_enough_frozen_earlier_ones_are_tried_too() -> None:
    late = [("input", 1, 1.0), ("a", 10, 1.0), ("b", 10, 1.0), ("c", 10, 97.0)]
    assert depths.depths_of(Request(cut="auto"), staged(*late), 10).tried == ("c", "b", "a")


def test_depths_whose_activations_do_not_fit_are_left_out_if_others_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    network = staged(*EVEN)
    wide = network.stages[9]
    network.held.__dict__["facts"] = Facts(
        100, (*network.stages[:9], Stage(wide.name, 10, (800, 4, 4), 10.0), network.stages[10]), (), (FEATURES,)
    )
    each = 2 * 8 * 4 * 4 * 10 * 9
    monkeypatch.setattr(depths, "activation_limit", lambda: depths.MOST * each)
    assert "s9" not in depths.depths_of(Request(cut="auto"), network, 10).tried
    monkeypatch.setattr(depths, "activation_limit", lambda: 10)
    assert len(depths.depths_of(Request(cut="auto"), network, 10).tried) == depths.MOST, "if none fits, as ever"


def test_a_network_of_one_piece_has_one_depth() -> None:
    found = depths.depths_of(Request(cut="auto"), staged(("input", 10, 5.0)), 10)
    assert (found.usual, found.tried) == ("input", ("input",))


LITE = Depths(usual="blocks.5", tried=("conv_head", "blocks.5"))


def plan_of(*strategies: str, known: Depths | None = LITE) -> PlanRecord:
    """Return the plan of a run folder with these strategies."""
    prepared = planned_of(Request(strategies=("linear",), framing="squash", augment="none"))
    choices = Choices(prepared.resolved.need_backbone().preprocessing, "none", ChoiceLosses())
    plan = plain(_record(prepared, choices, (), "f", known, None))
    plan["request"]["strategies"] = list(strategies)
    return from_plain(plan, PlanRecord, "plan.json")


def settled(planned: tuple[str, ...] = (), **options: Any) -> tuple[str, ...]:
    found = depths.answered(Request(**options), 100, plan_of(*planned))
    assert found.request.cut != "auto"
    assert found.backbone is None, "depths that the plan knows need no network"
    return found.request.strategies


def test_an_open_cut_names_the_depths() -> None:
    both = ("linear", "partial")
    assert settled(strategies=both, cut="auto") == ("linear", "partial@conv_head", "partial@blocks.5")
    assert settled(strategies=both) == both, "nothing is open"
    assert settled(strategies=(*both, "partial@layer1")) == ("linear", "partial", "partial@layer1")


def test_one_cut_has_one_name() -> None:
    assert settled(strategies=("partial", "partial@blocks.5")) == ("partial",)
    assert settled(("partial",), strategies=("partial",), cut="auto") == ("partial@conv_head", "partial")
    assert settled(("partial@blocks.5",), strategies=("partial",)) == ("partial@blocks.5",)
    assert settled(("partial@a", "partial@b"), strategies=("linear",)) == ("linear",), "they are not asked for"


def test_the_fingerprint_knows_nothing_of_an_open_cut() -> None:
    plain, named = Request(), Request(cut="conv_head")
    assert Request(cut="auto").fingerprint("x") == plain.fingerprint("x")
    assert named.fingerprint("x") != plain.fingerprint("x")


def test_depths_that_nobody_knows_yet_are_asked_of_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = staged(*EVEN)
    monkeypatch.setattr(depths, "pretrained", lambda request: loaded)
    found = depths.answered(Request(strategies=("linear", "partial"), cut="auto"), 10)
    assert found.backbone is loaded
    assert found.depths is not None
    assert found.request.strategies == ("linear", *(f"partial@{cut}" for cut in found.depths.tried))


def test_so_many_of_the_last_stages_have_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(depths, "pretrained", lambda request: fake_backbone(FEATURES, stages=STAGES))
    assert depths.unfrozen_names(Request(), (0, 1, 3)) == ("linear", "partial@late", "partial@input")
    with pytest.raises(ConfigError, match="0 to 3"):
        depths.unfrozen_names(Request(), (0, 4))
