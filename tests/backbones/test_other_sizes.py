"""Which networks answer for pictures of another size than their own."""

import pytest
import torch
from torch import nn

from headstart.backbones import answers_at

POOLED = nn.Sequential(nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5), nn.AdaptiveAvgPool2d(1), nn.Flatten())
A_WEIGHT_FOR_EACH_PIXEL = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.Flatten(), nn.Linear(5 * 16 * 16, 5))
AS_MANY_AS_PIXELS = nn.Sequential(nn.Conv2d(3, 1, 3, padding=1), nn.Flatten())


class Refuses(nn.Module):
    """As timm's transformers do."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        assert x.shape[-1] == 16, "input size must be 16"
        return x.mean(dim=(2, 3))


@pytest.mark.parametrize(
    ("network", "side", "answers"),
    [
        (POOLED, 16, True),
        (POOLED, 8, True),
        (A_WEIGHT_FOR_EACH_PIXEL, 16, True),
        (A_WEIGHT_FOR_EACH_PIXEL, 8, False),
        (AS_MANY_AS_PIXELS, 8, False),
        (Refuses(), 8, False),
    ],
)
def test_it_is_tried(network: nn.Module, side: int, answers: bool) -> None:
    features = 3 if isinstance(network, Refuses) else 5
    network.train()
    before, state = [value.clone() for value in network.state_dict().values()], torch.random.get_rng_state()
    assert answers_at(network, side, features) is answers
    assert network.training
    assert torch.equal(state, torch.random.get_rng_state())
    assert all(torch.equal(*pair) for pair in zip(before, network.state_dict().values(), strict=True))
