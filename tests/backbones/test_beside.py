"""A trained network beside the frozen one: what either says, the common part once, and made again from its tensors."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from headstart.backbones import load, read_out
from headstart.backbones.beside import beside
from headstart.backbones.engine import arrays_of
from headstart.backbones.folding import folded
from headstart.backbones.onnx import OnnxNetwork, export
from headstart.backbones.rebuild import rebuild, rebuild_alone
from headstart.backbones.stages import Plan
from headstart.base.errors import WeightsError

# network, cut late, reads stages
WAYS = [
    ("tf_efficientnet_lite0", True, True),
    ("resnet18", False, True),
    ("resnet18", True, False),
    ("vit_tiny_patch16_224", True, True),
]


def asked(network: nn.Module, side: int) -> torch.Tensor:
    with torch.inference_mode():
        said: torch.Tensor = network.eval()(pictures_of(side))
    return said


def pictures_of(side: int) -> torch.Tensor:
    return torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(1))


def trained_from(network: nn.Module, names: list[str], cut: str) -> nn.Module:
    """Return a copy in which everything behind the cut is a little different."""
    trained = copy.deepcopy(network)
    behind = names[names.index(cut) :] if cut != "input" else []
    with torch.no_grad():
        for name, value in trained.named_parameters():
            if cut == "input" or any(name.startswith(f"{stage}.") for stage in behind):
                value.mul_(1.05)
    return trained


@pytest.mark.network
@pytest.mark.parametrize(("name", "late", "stages"), WAYS)
def test_it_says_what_either_says_and_is_made_again_from_its_tensors(name: str, late: bool, stages: bool) -> None:
    side = 64 if "vit" not in name else 224
    backbone = load(name, random=True, image_size=side)
    names = [stage.name for stage in backbone.stages]
    cut = names[-3] if late else "input"
    trained = trained_from(backbone.network, names, cut)
    reading = read_out(backbone, "stages" if stages else "pool")
    both = beside(backbone.network, trained, backbone.plan, cut=cut, stages=reading.read)
    expected = torch.cat([asked(trained, side), asked(reading.network, side)], dim=1)
    said = asked(both, side)
    torch.testing.assert_close(said, expected)
    assert not torch.allclose(said[:, : backbone.features], expected[:, -backbone.features :])
    tensors = arrays_of(both)
    own = sum(value.size for value in arrays_of(backbone.network).values())
    held = sum(value.size for value in tensors.values())
    assert held < 2 * own if late else held == 2 * own, "what is common is there once"
    again = rebuild(name, tensors, side=side, read=reading.read, beside=cut)
    assert torch.equal(asked(again, side), said)
    assert torch.equal(asked(rebuild_alone(name, tensors, side=side, beside=cut), side), asked(trained, side))


def test_the_two_stay_as_they_are_whatever_becomes_of_it() -> None:
    backbone = load("resnet18", random=True, image_size=64)
    before = asked(backbone.network, 64)
    trained = copy.deepcopy(backbone.network)
    both = beside(backbone.network, trained, backbone.plan, cut="layer4", stages=())
    with torch.no_grad():
        for value in both.parameters():
            value.zero_()
    assert torch.equal(asked(backbone.network, 64), before)
    assert torch.equal(asked(trained, 64), before)


def test_a_network_without_a_graph_runs_twice() -> None:
    one, other = nn.Sequential(nn.Flatten(), nn.Linear(12, 3)), nn.Sequential(nn.Flatten(), nn.Linear(12, 3))
    both = beside(one, other, Plan((), None), cut="input", stages=())
    assert torch.equal(asked(both, 2), torch.cat([asked(other, 2), asked(one, 2)], dim=1))


@pytest.mark.network
def test_it_answers_folded_and_as_a_graph(tmp_path: Path) -> None:
    backbone = load("tf_efficientnet_lite0", random=True, image_size=64)
    names = [stage.name for stage in backbone.stages]
    reading = read_out(backbone, "stages")
    trained = trained_from(backbone.network, names, "blocks.5")
    both = beside(backbone.network, trained, backbone.plan, cut="blocks.5", stages=reading.read)
    said = asked(both, 64)
    narrow = folded(both, pictures_of(64)[:1])
    assert narrow is not both
    torch.testing.assert_close(asked(narrow, 64), said, rtol=1e-4, atol=1e-4)
    export(both, 64, tmp_path / "both.onnx")
    graph = OnnxNetwork(tmp_path / "both.onnx", threads=1)
    np.testing.assert_allclose(graph(pictures_of(64).numpy()), said.numpy(), rtol=1e-3, atol=1e-4)


def test_other_tensors_are_refused() -> None:
    backbone = load("resnet18", random=True, image_size=64)
    both = arrays_of(beside(backbone.network, backbone.network, backbone.plan, cut="layer4", stages=()))
    del both["trained.layer4.0.conv1.weight"]
    with pytest.raises(WeightsError, match="do not fit"):
        rebuild("resnet18", both, side=64, beside="layer4")
    with pytest.raises(WeightsError, match="does not have"):
        rebuild("resnet18", both, side=64, read=("nowhere",), beside="layer4")
