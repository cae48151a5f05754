from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from headstart import backbones
from headstart.base.cache import set_limit
from headstart.experiment import Request, depths
from headstart.strategies import choose_strategies
from headstart.strategies.strategy import in_order, strategy_of


def network(name: str) -> Any:
    return backbones.load(name, random=True)


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


def test_depths_whose_activations_fit_are_preferred(monkeypatch: pytest.MonkeyPatch) -> None:
    lite = network("tf_efficientnet_lite0")
    tried = depths.depths_of(Request(cut="auto"), lite, 30_000).tried
    assert "blocks.3" not in tried, "0.3 MB a picture"
    assert tried[0] == "conv_head"
    monkeypatch.setattr(depths, "ACTIVATION_LIMIT", 10)
    assert len(depths.depths_of(Request(cut="auto"), lite, 100).tried) == depths.MOST, "if none fits, as ever"


def test_activations_never_take_more_than_the_cache_may() -> None:
    assert depths.activation_limit() == depths.ACTIVATION_LIMIT
    set_limit(10**6)
    assert depths.activation_limit() == 10**6


def test_a_network_of_one_piece_has_one_depth() -> None:
    stages = (backbones.Stage("input", 10, (3, 8, 8), 5.0), backbones.Stage("pool", 0, (4,), 0.0))
    whole = SimpleNamespace(stages=stages, flops=5.0, parameters=10)
    depths_found = depths.Depths("input", depths._spread([], "input") or ("input",))
    assert depths_found.tried == ("input",)
    assert depths.stored_cuts(Request(strategies=("knn",)), whole, 10, 10**9) == ()  # type: ignore[arg-type]


def test_cuts_are_stored_as_far_as_there_is_room() -> None:
    resnet, names = network("resnet18"), ("partial@layer4", "partial@layer2", "partial@input", "partial@conv1")
    request, pictures = Request(strategies=names), 10
    sizes = {cut: depths.activation_bytes(resnet, cut, 5 * pictures) for cut in ("layer4", "layer2", "conv1")}
    for limit, stored in (
        (sum(sizes.values()), ("layer4", "layer2", "conv1")),
        (sizes["layer4"] + sizes["conv1"], ("layer4", "conv1")),
        (sizes["layer4"] - 1, ()),
    ):
        assert depths.stored_cuts(request, resnet, pictures, limit) == stored
    assert depths.stored_cuts(request, resnet, pictures, sizes["layer2"], "layer2") == ("layer2",)


LITE = {"usual": "blocks.5", "tried": ["conv_head", "blocks.5"]}


def settled(planned: tuple[str, ...] = (), **options: Any) -> tuple[str, ...]:
    found = depths.answered(Request(**options), 100, {"request": {"strategies": list(planned)}, "depths": LITE})
    assert found.request.cut != "auto"
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


def test_names_with_a_cut() -> None:
    row = strategy_of("partial@blocks.5")
    assert (row.name, row.kind, row.cut, row.trained) == ("partial@blocks.5", "partial", "blocks.5", "part")
    names = [one.name for one in choose_strategies("full,partial@b,partial@a,linear,partial@b")]
    assert names == ["linear", "partial@b", "partial@a", "full"]
    assert in_order(["full", "partial@x", "partial"]) == ("partial@x", "partial", "full")


def test_whatever_the_depths_the_settings_are_those_of_partial() -> None:
    request = Request(strategies=("partial", "partial@b"), epochs={"partial": 3})
    assert {name: one.epochs for name, one in request.trainings().items()} == {"partial": 3, "partial@b": 3}


def test_the_fingerprint_knows_nothing_of_an_open_cut() -> None:
    plain, named = Request(), Request(cut="conv_head")
    assert Request(cut="auto").fingerprint("x") == plain.fingerprint("x")
    assert named.fingerprint("x") != plain.fingerprint("x")
