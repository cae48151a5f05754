"""What is active in a network: counted behind the last activation function of each stage, whoever calls it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from headstart.backbones import create
from headstart.backbones.activity import NEAR, Meter, channel_axis, chosen_channels, layers_of
from headstart.backbones.stages import Plan, noise, plan_stages
from headstart.base.errors import ConfigError

SIDE = 64


def planned(network: nn.Module, side: int = SIDE) -> Plan:
    return plan_stages(network.eval(), noise(side), flops=1.0)


def metered(network: nn.Module, *batches: torch.Tensor) -> Meter:
    plan = planned(network)
    meter = Meter(network, plan, layers_of(network, plan, SIDE))
    meter.calibrate(batches[0])
    for batch in batches:
        meter.count(batch)
    return meter


@pytest.mark.parametrize(
    ("name", "module"),
    [("tf_efficientnet_lite0", "bn2.act"), ("resnet18", "layer4.1.act2"), ("mobilenetv2_050", "bn2")],
)
def test_shares_are_those_that_a_hook_sees(name: str, module: str) -> None:
    network, pictures = create(name, image_size=SIDE), torch.randn(6, 3, SIDE, SIDE)
    counted = metered(network, pictures[:4], pictures[4:]).counted()
    seen: list[torch.Tensor] = []
    network.get_submodule(module).register_forward_hook(lambda module, given, out: seen.append(out.clone()))
    with torch.inference_mode():
        network(pictures)
    zero = seen[0] == 0
    assert counted.inactive[:, -1] == pytest.approx(zero.flatten(1).double().mean(dim=1).numpy())
    assert counted.dead_units[-1] == int(zero.all(dim=0).sum())
    assert counted.dead_channels[-1] == int(zero.all(dim=0).flatten(1).all(dim=1).sum())
    assert counted.layers[-1].exact


def test_the_upper_end_of_relu6_is_told_apart() -> None:
    network, pictures = create("tf_efficientnet_lite0", image_size=SIDE), torch.randn(2, 3, SIDE, SIDE) * 4
    with torch.no_grad():
        network.bn2.bias.add_(5.0)
    counted = metered(network, pictures).counted()
    seen: list[torch.Tensor] = []
    network.bn2.register_forward_hook(lambda module, given, out: seen.append(out.clone()))
    with torch.inference_mode():
        network(pictures)
    assert counted.capped[:, -1].min() > 0
    assert counted.capped[:, -1] == pytest.approx((seen[0] >= 6).flatten(1).double().mean(dim=1).numpy())


class Plain(nn.Module):
    """Two stages that call their activation functions without modules; the second one and the gate work in place."""

    def __init__(self, function: str = "relu") -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(4, 8, 3, 2, 1)
        self.gate, self.function = nn.Conv2d(8, 8, 1), function
        self.behind = nn.Conv2d(8, 8, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.relu(self.first(x))
        x = getattr(functional, self.function)(self.second(x), inplace=True)
        gate = functional.relu(self.gate(x.mean((2, 3), keepdim=True)))
        return self.behind(x.mul_(gate - 5)).mean((2, 3))  # into the memory of what was just active


def test_plain_calls_count_and_gates_do_not() -> None:
    network = Plain()
    plan = planned(network)
    layers = layers_of(network, plan, SIDE)
    assert [(layer.stage, layer.call, layer.channels, layer.places) for layer in layers] == [
        ("first", 0, 4, 1024),
        ("second", 1, 8, 256),
    ]
    pictures = torch.randn(3, 3, SIDE, SIDE)
    meter = metered(network, pictures)
    with torch.inference_mode():
        expected = functional.relu(network.second(functional.relu(network.first(pictures))))
    share = (expected == 0).flatten(1).double().mean(dim=1).numpy()
    assert meter.counted().inactive[:, 1] == pytest.approx(share)
    maps = meter.maps(pictures)
    assert maps is not None
    np.testing.assert_allclose(maps, expected.numpy(), rtol=1e-5, atol=1e-6)


def test_without_exact_zeros_a_twentieth_of_the_layers_own_size_is_the_limit() -> None:
    network, pictures = Plain("silu"), torch.randn(5, 3, SIDE, SIDE)
    counted = metered(network, pictures).counted()
    with torch.inference_mode():
        said = functional.silu(network.second(functional.relu(network.first(pictures))))
    limit = NEAR * said.square().mean().sqrt()
    assert not counted.layers[1].exact
    assert counted.layers[1].limit == pytest.approx(float(limit))
    assert counted.inactive[:, 1] == pytest.approx((said.abs() <= limit).flatten(1).double().mean(dim=1).numpy())
    assert counted.layers[0].limit == 0


def test_tokens_have_maps_without_their_class_token() -> None:
    network = create("vit_tiny_patch16_224")
    plan = planned(network, 224)
    layers = layers_of(network, plan, 224)
    assert len(layers) == 12
    assert (layers[-1].function, layers[-1].channels, layers[-1].places) == ("GELU", 768, 197)
    maps = Meter(network, plan, layers).maps(torch.randn(1, 3, 224, 224))
    assert maps is not None
    assert maps.shape == (1, 64, 14, 14)


@pytest.mark.parametrize(
    ("shape", "axis"),
    [((2, 8, 7, 7), 1), ((2, 7, 7, 8), 3), ((2, 8, 1, 1), None), ((2, 1, 1, 8), None), ((2, 50, 8), 2), ((2, 8), None)],
)
def test_where_the_channels_stand(shape: tuple[int, ...], axis: int | None) -> None:
    assert channel_axis(shape) == axis


def test_channels_are_chosen_evenly() -> None:
    assert chosen_channels(5) == [0, 1, 2, 3, 4]
    found = chosen_channels(1280)
    assert (len(found), found[:3]) == (64, [0, 20, 40])


class Unknown(Plain):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.second(torch.tanh(self.first(x)))).mean((2, 3))


class Untraceable(Plain):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x if float(x.sum()) > 0 else -x)


@pytest.mark.parametrize(("network", "says"), [(Unknown(), "No stage"), (Untraceable(), "divided into stages")])
def test_what_cannot_be_watched_is_said(network: nn.Module, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        layers_of(network, planned(network), SIDE)


def test_watching_leaves_the_network_as_it_was() -> None:
    network = create("resnet18", image_size=SIDE).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    plan = plan_stages(network, noise(SIDE), flops=1.0)
    meter = Meter(network, plan, layers_of(network, plan, SIDE))
    meter.count(torch.randn(2, 3, SIDE, SIDE))
    assert network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
