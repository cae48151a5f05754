"""How fast this machine is: grey pictures through the networks of a request, in less than a second."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch

from headstart.backbones import Backbone, normalise
from headstart.backbones.forward import forward
from headstart.base.types import Preprocessing
from headstart.strategies.ground import Ground
from headstart.strategies.networks import load_scratch
from headstart.strategies.plan import Speed

BATCH = 16
CALIBRATION = 0.35  # seconds for each of the two calibrations


def calibrate(ground: Ground) -> Speed:
    """Time grey pictures in the networks that the request needs; less than a second on a laptop."""
    request = ground.request
    forward_seconds = scratch_seconds = None
    if ground.backbone is not None:
        forward_seconds = _timed(_passing(ground.backbone, ground.device))
    if "scratch" in request.strategies:
        with torch.random.fork_rng(devices=[]):
            scratch_seconds = _timed(_training(load_scratch(request), ground.device))
    return Speed(forward_seconds, scratch_seconds)


def _timed(work: Callable[[], int]) -> float:
    """Return seconds a picture: after one round to warm up, rounds until the time is over, the best of them."""
    work()
    begin, rounds = time.perf_counter(), list[float]()
    while not rounds or time.perf_counter() - begin < CALIBRATION:
        start = time.perf_counter()
        pictures = work()
        rounds.append((time.perf_counter() - start) / pictures)
    return min(rounds)


def _grey(preprocessing: Preprocessing) -> torch.Tensor:
    side = preprocessing.input_size
    return normalise(np.full((BATCH, side, side, 3), 127, np.uint8), preprocessing)


def _passing(backbone: Backbone, device: str) -> Callable[[], int]:
    batch = _grey(backbone.preprocessing)
    network = backbone.frozen.network

    def work() -> int:
        return len(next(forward(network, iter([batch]), device=device)))

    return work


def _training(backbone: Backbone, device: str) -> Callable[[], int]:
    network = backbone.network.train().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    batch = _grey(backbone.preprocessing).to(device)

    def work() -> int:
        loss = network(batch).square().mean()
        loss.backward()
        loss.item()  # a graphics card answers when it is done
        return len(batch)

    return work
