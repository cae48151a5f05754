"""A backbone of two small convolutions, random but always the same, and pictures that it tells apart."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from headstart.backbones import Backbone
from headstart.backbones.held import Held
from headstart.records.preprocessing import Preprocessing

SIDE, WIDTH = 8, 6
CUT = "late"
PREPROCESSING = Preprocessing(input_size=SIDE, framing="squash", interpolation="bilinear")


class Tiny(nn.Module):
    """Two convolutions and a pool."""

    def __init__(self) -> None:
        super().__init__()
        self.early = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())
        self.late = nn.Sequential(nn.Conv2d(4, WIDTH, 3, padding=1), nn.BatchNorm2d(WIDTH), nn.ReLU())
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features, (n, WIDTH)."""
        return self.pool(self.late(self.early(x)))


def tiny_backbone(seed: int = 0) -> Backbone:
    """Return the backbone; the same seed gives the same weights."""

    def make() -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return Tiny().eval()

    return Backbone(
        name="tiny",
        held=Held(make, side=SIDE, flops=1e5),
        preprocessing=PREPROCESSING,
        source="random",
        sha256=None,
        licence="none",
        features=WIDTH,
        flops=1e5,
    )


def tiny_pictures(labels: NDArray[np.int64], *, contrast: int = 60) -> NDArray[np.uint8]:
    """Return one picture of each label, (n, 12, 12, 3): the class is the brightest colour."""
    rng = np.random.default_rng(1)
    pictures = rng.integers(0, 90, (len(labels), 12, 12, 3))
    pictures[np.arange(len(labels)), :, :, labels] += contrast
    return pictures.astype(np.uint8)
