"""The two small networks that are always trained from random weights."""

from __future__ import annotations

from collections import OrderedDict
from itertools import pairwise

from torch import nn

from headstart.records.preprocessing import Preprocessing


def convnet4() -> nn.Module:
    """Return four blocks of convolution 5x5, ReLU and max-pool with 16, 32, 64 and 128 channels.

    The last activation is flattened, not averaged: at 224 pixels 14 x 14 x 128 = 25,088 features. That is
    the network of the source experiments, in which the head sees *where* something is. The price is a
    head of 25,088 weights a class, and a number of features that changes with the picture's size.
    `convnet64` averages instead.
    """
    channels = (3, 16, 32, 64, 128)
    blocks = [(f"block{i}", _block4(before, after)) for i, (before, after) in enumerate(pairwise(channels), 1)]
    return nn.Sequential(OrderedDict([*blocks, ("flatten", nn.Flatten())]))


def convnet64() -> nn.Module:
    """Return a network for 64 pixels: 32 to 256 channels, batch norm, average pool, dropout; 256 features."""
    channels = (3, 32, 64, 128, 256)
    blocks = [(f"block{i}", _block64(before, after)) for i, (before, after) in enumerate(pairwise(channels), 1)]
    tail = [("pool", nn.AdaptiveAvgPool2d(1)), ("flatten", nn.Flatten()), ("dropout", nn.Dropout(0.2))]
    return nn.Sequential(OrderedDict([*blocks, *tail]))


def _block4(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2))


def _block64(before: int, after: int) -> nn.Sequential:
    convolution = nn.Conv2d(before, after, 3, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2))


SCRATCH = {"convnet4": convnet4, "convnet64": convnet64}

# They were never trained on anything, so the plainest numbers do: values between -1 and 1, whole picture.
SCRATCH_PREPROCESSING = {
    name: Preprocessing(
        input_size=size, crop=0.875, interpolation="bilinear", mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)
    )
    for name, size in (("convnet4", 224), ("convnet64", 64))
}
