"""How fast this machine is: drawn pictures through the networks of an experiment, in less than a second."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch

from headstart.backbones import Backbone, answers_at, normalise
from headstart.backbones.forward import forward
from headstart.experiment.plan import Speed
from headstart.pixels import augment
from headstart.records.preprocessing import Preprocessing
from headstart.records.record import changed
from headstart.strategies.resolved import Resolved
from headstart.tune.progressive import sides

BATCH = 16
CALIBRATION = 0.35  # seconds for each of the two networks
AUGMENTED = 8  # pictures
MANY_EPOCHS = 100  # the first of which sees the smallest pictures that any epoch does


def calibrate(resolved: Resolved) -> Speed:
    """Time drawn pictures in the networks that the strategies need; less than a second on a laptop."""
    augment_seconds = _augmenting(resolved)  # by one thread: the network works on the others meanwhile
    forward_seconds = scratch_seconds = None
    smaller, backbone = False, resolved.backbone
    if backbone is not None:
        least = sides(backbone.preprocessing.input_size, MANY_EPOCHS)[0]
        smaller = answers_at(backbone.network, least, backbone.features)
        forward_seconds = _timed(_passing(backbone, resolved.device))
    if any(one.row.weights == "random" for one in resolved.strategies):
        with torch.random.fork_rng(devices=[]):
            scratch_seconds = _timed(_training(resolved.scratch(), resolved.device))
    return Speed(forward_seconds, scratch_seconds, augment_seconds, smaller)


def _augmenting(resolved: Resolved) -> float:
    """Return the seconds that augmenting one picture takes, with the strongest augmentation that is asked for."""
    kind = resolved.augmentations[-1]
    prepared = changed((resolved.backbone or resolved.scratch()).preprocessing, stored_side=resolved.side)
    noise = np.random.default_rng(0).integers(0, 256, (resolved.side, resolved.side * 4 // 3, 3), dtype=np.uint8)
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
