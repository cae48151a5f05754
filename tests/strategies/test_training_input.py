"""At which sides a network sees its pictures while it is trained."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from headstart.backbones.held import Held
from headstart.records.preprocessing import Preprocessing
from headstart.strategies.passes import fake_backbone
from headstart.strategies.training_input import _sides
from headstart.tune import TrainingSettings
from headstart.tune.progressive import sides


class Network(nn.Module):
    """Pools any picture; or refuses, or answers otherwise, where its side is not among some."""

    def __init__(self, *taken: int, refuse: bool = True) -> None:
        super().__init__()
        self.taken, self.refuse, self.seen = taken, refuse, list[int]()

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        side = batch.shape[-1]
        self.seen.append(side)
        if self.taken and side not in self.taken:
            if self.refuse:
                raise RuntimeError(f"input size {side} does not match")
            return batch.mean(dim=(1, 2))  # as many numbers as the picture is wide
        return batch.mean(dim=(2, 3))


def asked(network: Network, *, progressive: bool = True, epochs: int = 10) -> tuple[tuple[int, ...], list[str]]:
    said: list[str] = []
    held = Held(lambda: network, side=224, flops=1.0)
    backbone = replace(fake_backbone(3), name="net", held=held)
    settings = TrainingSettings(epochs=epochs, progressive=progressive)
    return _sides(backbone, Preprocessing(input_size=224), settings, said.append), said


def test_a_network_that_takes_any_size_grows() -> None:
    network = Network()
    assert asked(network) == (sides(224, 10), [])
    assert network.seen == [128, 160, 224], "each side is tried once"


@pytest.mark.parametrize("refuse", [True, False])
@pytest.mark.parametrize("taken", [(224,), (128, 224), (160, 224)])
def test_one_that_refuses_any_of_the_sides_sees_its_own_only_and_it_is_said(taken: Any, refuse: bool) -> None:
    found, said = asked(Network(*taken, refuse=refuse))
    assert found == ()
    assert said == ["net works at one picture size only, so 'progressive' changes nothing."]


def test_where_nothing_is_asked_for_nothing_is_tried() -> None:
    network = Network(224)
    assert asked(network, progressive=False) == ((), [])
    assert network.seen == []


def test_what_is_tried_leaves_the_network_as_it_was() -> None:
    network = Network().train()
    state = torch.random.get_rng_state()
    asked(network)
    assert network.training
    assert torch.equal(torch.random.get_rng_state(), state)
