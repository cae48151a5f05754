"""What will be done and about how long it takes, from a short calibration of this machine."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from headstart import backbones
from headstart.backbones import Backbone, forward, normalise
from headstart.strategies.choose import AUGMENTATIONS_TRIED, FRAMINGS_TRIED
from headstart.strategies.ground import Ground
from headstart.strategies.request import AUTO
from headstart.strategies.settings import check_cut, training_settings
from headstart.strategies.strategy import STRATEGIES

BATCH = 32
# A training step reads and writes the activations three times and keeps them: measured on two cores with
# EfficientNet-Lite0 (119 pictures/s forward, 26 trained) and held for others.
TRAINING_COST = 4.5
HEAD_SECONDS = 1.0  # solving one head on some hundred pictures


@dataclass(frozen=True)
class Speed:
    """Seconds that the backbone needs for one picture, forward, and its FLOPs for it."""

    seconds: float
    flops: float


def calibrate(backbone: Backbone, device: str) -> Speed:
    """Time one batch of grey pictures after a warm-up; about half a second on a laptop."""
    preprocessing = backbone.preprocessing
    side = preprocessing.input_size
    batch = normalise(np.full((BATCH, side, side, 3), 127, np.uint8), preprocessing)
    seconds = []
    for _ in range(2):
        begin = time.perf_counter()
        next(forward(backbone.network, iter([batch]), device=device))
        seconds.append(time.perf_counter() - begin)
    return Speed(min(seconds) / BATCH, backbone.flops)


def estimate(ground: Ground, speed: Speed | None) -> list[dict[str, Any]]:
    """Return the steps with estimated seconds (None where nothing is known), as results.json lists them."""
    request = ground.request
    steps: dict[str, float | None] = {"decode": None}
    if speed is not None:
        steps |= {step: pictures * speed.seconds for step, pictures in _passes(ground).items()}
        if "partial" in request.strategies:
            steps["activations"] = len(ground.train) * (request.views + 1) * speed.seconds
    for name in request.strategies:
        if STRATEGIES[name].trained == "none":
            steps[name] = HEAD_SECONDS
        else:
            steps[name] = _training(ground, name, speed)
    return [{"step": step, "estimated_seconds": seconds, "seconds": None} for step, seconds in steps.items()]


def with_actual(plan: list[dict[str, Any]], seconds: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return the plan with the seconds that its steps took."""
    return [{**step, "seconds": seconds.get(step["step"], step["seconds"])} for step in plan]


def describe(plan: list[dict[str, Any]], threads: int) -> str:
    """Return the plan in one line for a person."""
    if all(step["estimated_seconds"] is None for step in plan if step["step"] not in STRATEGIES):
        return "plan: one look at each picture, then " + ", ".join(s["step"] for s in plan if s["step"] in STRATEGIES)
    parts = [
        f"{step['step']} {_duration(step['estimated_seconds'])}"
        for step in plan
        if step["estimated_seconds"] is not None
    ]
    total = sum(step["estimated_seconds"] or 0.0 for step in plan)
    return f"plan: {' · '.join(parts)} · about {_duration(total)} on {threads} threads"


def _passes(ground: Ground) -> dict[str, int]:
    """Return how many pictures pass the frozen network in choosing framing and augmentation, and for features."""
    request, train = ground.request, len(ground.train)
    passes = {"features": train + len(ground.held_out)}
    if request.framing == AUTO:
        passes["framing"] = train * (len(FRAMINGS_TRIED) - 1)
    if request.augment == AUTO and any(STRATEGIES[name].trained != "none" for name in request.strategies):
        passes["augment"] = train * len(AUGMENTATIONS_TRIED)
    return passes


def _training(ground: Ground, name: str, speed: Speed | None) -> float | None:
    if speed is None:
        return None
    epochs = training_settings(ground.request, name).epochs
    choosing = len(ground.choosing_rows()[0])
    pictures = epochs * (TRAINING_COST * (len(ground.train) - choosing) + choosing) + len(ground.held_out)
    return pictures * speed.seconds * _share(ground, name, speed)


def _share(ground: Ground, name: str, speed: Speed) -> float:
    """Return the FLOPs of what `name` trains, as a share of the backbone's."""
    if name == "full":
        return 1.0
    if name == "scratch":
        return _scratch_flops(ground) / speed.flops
    backbone = ground.need_backbone()
    cut = check_cut(ground.request, backbone)
    names = [stage.name for stage in backbone.stages]
    if cut not in names:
        return 1.0
    return sum(stage.flops for stage in backbone.stages[names.index(cut) :]) / speed.flops


def _scratch_flops(ground: Ground) -> float:
    with torch.random.fork_rng(devices=[]):
        return backbones.load(ground.request.scratch, random=True, seed=0).flops


def _duration(seconds: float) -> str:
    if seconds < 0.95:
        return "under 1 s"
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
