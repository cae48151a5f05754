"""How unlike pictures are, on networks small enough to know the answer."""

import numpy as np
import pytest
import torch
from torch import nn

from headstart.backbones.shift import shift


def network_that_learned_from(pictures: torch.Tensor) -> nn.Module:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8, momentum=None), nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8))
    network[3].momentum = None  # the mean over all batches
    network.train()
    with torch.no_grad():
        network(pictures)
    return network.eval()


@pytest.fixture
def pictures() -> torch.Tensor:
    return torch.randn(16, 3, 12, 12, generator=torch.Generator().manual_seed(0))


def test_the_pictures_it_learned_from_are_not_shifted(pictures):
    network = network_that_learned_from(pictures)
    assert shift(network, [pictures[:10], pictures[10:]]) == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize("contrast", [0.5, 3.0])
def test_contrast_shifts_by_its_square(pictures, contrast):
    network = network_that_learned_from(pictures)
    assert shift(network, [contrast * pictures]) == pytest.approx(abs(np.log(contrast**2)), abs=0.02)


class Aside(nn.Module):
    """A network with one norm more, at its beginning, which remembers other pictures and changes nothing."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.early, self.network = nn.BatchNorm2d(3), network
        self.early.running_var.fill_(1e-4)

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        self.early(batch)
        return self.network(batch)


def test_only_late_norms_are_asked(pictures):
    assert shift(Aside(network_that_learned_from(pictures)).eval(), [pictures]) == pytest.approx(0.0, abs=0.02)


def test_batches_and_brightness_play_no_part(pictures):
    network = network_that_learned_from(pictures)
    whole = shift(network, [2 * pictures])
    assert shift(network, [2 * pictures[:1], 2 * pictures[1:7], 2 * pictures[7:]]) == pytest.approx(whole, abs=1e-4)
    assert shift(network, [2 * pictures + 5]) == pytest.approx(whole, abs=1e-3)


def test_the_network_is_left_as_it_was(pictures):
    network = network_that_learned_from(pictures)
    network.train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    shift(network, [pictures])
    assert network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not any(module._forward_pre_hooks for module in network.modules())


def test_a_network_without_batch_norms_remembers_nothing(pictures):
    assert shift(nn.Sequential(nn.Conv2d(3, 8, 3), nn.GroupNorm(2, 8)), [pictures]) is None
