"""How fast this machine is: drawn pictures through the networks of a request, in less than a second."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch

from headstart.backbones import Backbone, answers_at, normalise
from headstart.backbones.forward import forward
from headstart.experiment.framing_choice import AUGMENTATIONS_TRIED
from headstart.experiment.ground import Ground
from headstart.experiment.networks import load_scratch
from headstart.experiment.plan import Speed
from headstart.experiment.request import AUTO
from headstart.pixels import augment
from headstart.records.preprocessing import Preprocessing
from headstart.records.record import changed
from headstart.tune.progressive import sides

BATCH = 16
CALIBRATION = 0.35  # seconds for each of the two networks
AUGMENTED = 8  # pictures
MANY_EPOCHS = 100  # the first of which sees the smallest pictures that any epoch does


def calibrate(ground: Ground) -> Speed:
    """Time drawn pictures in the networks that the request needs; less than a second on a laptop."""
    request = ground.request
    augment_seconds = _augmenting(ground)  # by one thread: the network works on the others meanwhile
    forward_seconds = scratch_seconds = None
    smaller = False
    if ground.backbone is not None:
        least = sides(ground.backbone.preprocessing.input_size, MANY_EPOCHS)[0]
        smaller = answers_at(ground.backbone.network, least, ground.backbone.features)
        forward_seconds = _timed(_passing(ground.backbone, ground.device))
    if "scratch" in request.strategies:
        with torch.random.fork_rng(devices=[]):
            scratch_seconds = _timed(_training(load_scratch(request), ground.device))
    return Speed(forward_seconds, scratch_seconds, augment_seconds, smaller)


def _augmenting(ground: Ground) -> float:
    """Return the seconds that augmenting one picture takes, with the strongest augmentation that is asked for."""
    asked = ground.request.augment
    kind = AUGMENTATIONS_TRIED[-1] if asked == AUTO else asked
    prepared = (ground.backbone or load_scratch(ground.request)).preprocessing
    prepared = changed(prepared, stored_side=ground.side)
    noise = np.random.default_rng(0).integers(0, 256, (ground.side, ground.side * 4 // 3, 3), dtype=np.uint8)
    begin = time.perf_counter()
    for number in range(AUGMENTED):
        augment(noise, prepared, kind, np.random.default_rng(number))
    return (time.perf_counter() - begin) / AUGMENTED


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
