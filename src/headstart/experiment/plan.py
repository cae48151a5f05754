"""What will be done and about how long it takes, from a short calibration of this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from headstart.evidence.novelty import MOST_EXAMPLES
from headstart.experiment.framing_choice import AUGMENTATIONS_TRIED, FRAMINGS_TRIED
from headstart.experiment.ground import Ground
from headstart.experiment.learning_curve import curve_work
from headstart.experiment.networks import load_scratch
from headstart.experiment.request import AUTO
from headstart.strategies.fit_head import readouts_tried
from headstart.strategies.settings import check_cut, training_settings
from headstart.strategies.strategy import Strategy, is_strategy
from headstart.strategies.trust import MOST_HELD
from headstart.tune.progressive import sides

SHARED = ("decode", "framing", "augment", "features")  # steps that come before every strategy
CURVE = "learning curve"  # the step after them
# A training step reads and writes the activations three times and keeps them, and nothing is folded in it: measured on
# two cores with EfficientNet-Lite0 as 7.1 frozen passes for all of it (184 pictures/s and 26), 5 for its last stages.
TRAINING_COST = 6.5
# A step's seconds grow with this power of the pictures' side: 15.6 pictures/s at 224 pixels, 35.7 at 128.
SIDE_COST = 1.5
# Solving a head: seconds for each row x feature x min(rows, features), and how they grow with the classes. Fitted to
# 244, 1,968 (2 classes) and 1,977 rows (196 classes) of 1,280 features on two cores.
HEAD_COST, HEAD_CLASSES = 2e-9, 0.3
# Solving one with known settings: seconds for each row x lesser of rows and features x features x class, and before the
# first. Fitted to 0.5 s for 244 rows of 2 classes and 29 s for five folds of 1,975 rows of 196.
CURVE_START, CURVE_COST = 0.4, 8e-12


@dataclass(frozen=True)
class Speed:
    """Seconds that one picture takes: forward through the backbone, trained in the scratch network, and augmented.

    None where it has not been timed. `smaller`: the backbone answers for smaller pictures too.
    """

    forward: float | None = None
    scratch: float | None = None
    augment: float = 0.0
    smaller: bool = False


def estimate(ground: Ground, speed: Speed) -> list[dict[str, Any]]:
    """Return the steps in order: pictures, seconds (None where nothing is known), bytes on disk, FLOPs."""
    steps = [_decoding(ground), *_passes(ground, speed)]
    for strategy in ground.request.rows:
        if strategy.trained == "none":
            steps.append(_step(strategy.name, len(ground.train), _head_seconds(ground)))
            continue
        if strategy == _first_part(ground):
            steps += _activations(ground, speed)
        steps.append(_training_step(ground, strategy, speed))
    return [*steps, *_over_splits(ground, steps), *_learning_curve(ground)]


def with_actual(plan: list[dict[str, Any]], seconds: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return the plan with the seconds that its steps took."""
    return [{**step, "seconds": seconds.get(step["step"], step["seconds"])} for step in plan]


def within(plan: list[dict[str, Any]], seconds: float) -> list[str]:
    """Return the strategies that are expected to end within so many seconds, in the order they are run."""
    spent = sum(step["estimated_seconds"] or 0.0 for step in plan if step["step"] in SHARED)
    fits: list[str] = []
    waiting = 0.0  # a strategy's own preparations
    for step in plan:
        if step["step"] in SHARED:
            continue
        waiting += step["estimated_seconds"] or 0.0
        if is_strategy(step["step"]):
            if spent + waiting <= seconds or not fits:  # the first is tried anyway
                spent += waiting
                fits.append(step["step"])
            waiting = 0.0
    return fits


def describe(plan: list[dict[str, Any]], threads: int) -> str:
    """Return the plan in one line for a person."""
    names = [step["step"] for step in plan if is_strategy(step["step"])]
    if all(step["estimated_seconds"] is None for step in plan if step["step"] not in (*names, "decode", CURVE)):
        return "plan: one look at each picture, then " + ", ".join(names)
    parts = [
        f"{step['step']} {_duration(step['estimated_seconds'])}"
        for step in plan
        if step["estimated_seconds"] is not None
    ]
    total = sum(step["estimated_seconds"] or 0.0 for step in plan)
    return f"plan: {' · '.join(parts)} · about {_duration(total)} on {threads} thread{'s' if threads != 1 else ''}"


def _step(
    name: str, pictures: int, seconds: float | None, *, nbytes: int | None = None, flops: float | None = None
) -> dict[str, Any]:
    return {
        "step": name,
        "pictures": pictures,
        "estimated_seconds": seconds,
        "seconds": None,
        "bytes": nbytes,
        "flops": flops,
    }


def _over_splits(ground: Ground, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what trying every strategy over several splits takes: so many times what one split takes."""
    folds, seeds = ground.request.folds, ground.request.seeds
    if folds is None and seeds is None:
        return []
    times = (folds or 1) * (seeds or 1)
    share = 1 - 1 / folds if folds else 0.75
    pictures = len(ground.table) if ground.drawn else int(np.sum(ground.table.splits != "test"))
    again = {step["step"]: step for step in steps}
    found = []
    for strategy in ground.request.rows:
        name, shared = strategy.name, ["activations"] if strategy == _first_part(ground) else []
        own = [again[step] for step in (name, *shared) if step in again]
        known = [step["estimated_seconds"] for step in own if step["estimated_seconds"] is not None]
        seconds = sum(known) * times * pictures * share / len(ground.train) if known else None
        found.append(_step(f"{name} over splits", round(times * pictures * share), seconds))
    return found


def _learning_curve(ground: Ground) -> list[dict[str, Any]]:
    """Return the step in which a head is solved again on parts of train, where one is among the strategies."""
    if ground.backbone is None or not any(row.trained == "none" for row in ground.request.rows):
        return []
    rows, classes = len(ground.train), len(ground.classes)
    width = max(ground.network(readout).features for readout in readouts_tried(ground))
    work = curve_work(rows, width, classes)
    return [] if work is None else [_step(CURVE, rows, CURVE_START + CURVE_COST * work)]


def _decoding(ground: Ground) -> dict[str, Any]:
    pictures = len(ground.table)
    seconds = None if ground.decode_rate is None else pictures * ground.decode_rate
    return _step("decode", pictures, seconds, nbytes=int(pictures * ground.side**2 * 3 * 1.4))


def _passes(ground: Ground, speed: Speed) -> list[dict[str, Any]]:
    """Return the passes through the frozen network: to choose framing and augmentation, and for features."""
    if ground.backbone is None:
        return []
    request, looked_at = ground.request, len(ground.looked_at)
    few = looked_at < len(ground.train)  # the looks at a part of train are no part of the features of all of it
    numbers, augmented = {}, {}
    if request.framing == AUTO:
        numbers["framing"] = looked_at * (len(FRAMINGS_TRIED) - (not few))
    if request.augment == AUTO and request.trained:
        numbers["augment"] = augmented["augment"] = looked_at * len(AUGMENTATIONS_TRIED)
        if few and request.framing != AUTO:
            numbers["augment"] += looked_at  # and as they are, to compare with
    numbers["features"] = len(ground.train) + len(ground.held_out)
    backbone, rate = ground.backbone, speed.forward
    width = max(ground.network(readout).features for readout in readouts_tried(ground))
    return [
        _step(
            name,
            pictures,
            None if rate is None else pictures * rate + augmented.get(name, 0) * speed.augment,
            nbytes=pictures * width * 4,
            flops=pictures * backbone.flops,
        )
        for name, pictures in numbers.items()
    ]


def _activations(ground: Ground, speed: Speed) -> list[dict[str, Any]]:
    """Return the passes that leave what enters the trained part, at every cut that is asked for at once."""
    backbone, cuts = ground.need_backbone(), ground.stored_cuts()
    if not cuts:
        return []
    seen = ground.train if ground.refits("partial") else _learning(ground)
    pictures = len(seen) * ground.request.views + len(ground.train)
    rate = speed.forward
    prefix = 1 - min(_share_behind(ground, cut) for cut in cuts)
    flops = pictures * backbone.flops * prefix
    seconds = None if rate is None else pictures * rate * prefix + (pictures - len(ground.train)) * speed.augment
    nbytes = sum(map(ground.activation_bytes, cuts))
    return [_step("activations", pictures, seconds, nbytes=nbytes, flops=flops)]


def _first_part(ground: Ground) -> Strategy | None:
    """Return the first strategy that learns from activations: it needs the pass that leaves them for all."""
    return next((row for row in ground.request.rows if row.trained == "part"), None)


def _learning(ground: Ground) -> np.ndarray[Any, Any]:
    choosing, _ = ground.choosing_rows()
    return ground.train[~np.isin(ground.train, choosing)]


def _training_step(ground: Ground, strategy: Strategy, speed: Speed) -> dict[str, Any]:
    name = strategy.name
    settings = training_settings(ground.request, name)
    epochs = settings.epochs
    learning, choosing = len(_learning(ground)), len(ground.choosing_rows()[0])
    seen = epochs * learning
    if ground.refits(name):  # at most: it ends with the epoch that was chosen, and not at all where the head is kept
        seen += epochs * len(ground.train)
    # Each epoch looks at the choosing pictures; one more pass solves the head, the last ones answer and say how surely.
    area = 1.0
    asked = len(ground.held_out) + (min(learning, MOST_EXAMPLES) + min(choosing, MOST_HELD) if choosing else 0)
    passes = epochs * choosing + (0 if name == "scratch" else learning) + asked
    if name == "scratch":
        flops = load_scratch(ground.request).flops
        rate = speed.scratch
        seconds = None if rate is None else rate * (seen + passes / TRAINING_COST)
    else:
        share = 1.0 if name == "full" else _suffix_share(ground, strategy)
        flops, rate = ground.need_backbone().flops * share, speed.forward
        shares = np.ones(epochs)  # of the final side, epoch by epoch
        if name == "full" and settings.progressive and speed.smaller:
            final = ground.need_backbone().preprocessing.input_size
            shares = np.array(sides(final, epochs)) / final
        worth = float(np.mean(shares**SIDE_COST))
        area = float(np.mean(shares**2))
        seconds = None if rate is None else rate * share * (TRAINING_COST * seen * worth + passes)
        if rate is not None and seconds is not None and strategy.trained == "part":
            seconds += rate * asked * (1 - share)  # the answers come through the whole network
    if seconds is not None and strategy.trained != "part":  # which learns from stored activations
        seconds += seen * speed.augment
    return _step(name, seen, seconds, flops=flops * (3 * seen * area + passes))


def _suffix_share(ground: Ground, strategy: Strategy) -> float:
    """Return the FLOPs from the cut of a depth of `partial` on, as a share of the backbone's."""
    return _share_behind(ground, check_cut(ground.request, ground.need_backbone(), strategy.cut))


def _share_behind(ground: Ground, cut: str) -> float:
    backbone = ground.need_backbone()
    names = [stage.name for stage in backbone.stages]
    if cut not in names:
        return 1.0
    return float(sum(stage.flops for stage in backbone.stages[names.index(cut) :]) / backbone.flops)


def _head_seconds(ground: Ground) -> float:
    rows = len(ground.train)
    widths = [ground.network(readout).features for readout in readouts_tried(ground)]
    work = sum(rows * min(rows, width) * width for width in widths)
    return float(HEAD_COST * work * (len(ground.classes) / 2) ** HEAD_CLASSES)


def _duration(seconds: float) -> str:
    if seconds < 0.95:
        return "under 1 s"
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
