"""What will be done and about how long it takes, from a short calibration of this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from headstart.evidence.novelty import MOST_EXAMPLES
from headstart.experiment.learning_curve import curve_work
from headstart.experiment.prepare import Prepared
from headstart.records.plan import PlanStep, StepKind
from headstart.records.record import changed
from headstart.strategies.answer_limits import MOST_HELD
from headstart.strategies.rates import going_on
from headstart.strategies.resolved import ResolvedStrategy
from headstart.strategies.strategy import strategy_of
from headstart.tune.progressive import sides

CURVE = "learning curve"  # the last step
# A training step reads and writes the activations three times and keeps them: 7 frozen passes, with EfficientNet-Lite0
# on two cores. Behind a cut, where maps are small, it costs less: 3 passes of that part.
TRAINING_COST = {"all": 6.5, "part": 3.2}
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


def estimate(prepared: Prepared, speed: Speed) -> tuple[PlanStep, ...]:
    """Return the steps in order: pictures, seconds (None where nothing is known), bytes on disk, FLOPs."""
    steps = [_decoding(prepared), *_passes(prepared, speed)]
    partly = prepared.resolved.partly_trained
    for strategy in prepared.resolved.strategies:
        if strategy.solves:
            steps.append(_step(strategy.name, "strategy", len(prepared.division.train), _head_seconds(prepared)))
            continue
        if partly and strategy == partly[0]:  # the first needs the pass that leaves activations for all
            steps += _activations(prepared, speed)
        steps.append(_training_step(prepared, strategy, speed))
    return (*steps, *_over_splits(prepared, steps), *_learning_curve(prepared))


def with_actual(plan: Sequence[PlanStep], seconds: Mapping[str, float]) -> tuple[PlanStep, ...]:
    """Return the plan with the seconds that its steps took."""
    return tuple(changed(step, seconds=seconds.get(step.step, step.seconds)) for step in plan)


def within(plan: Sequence[PlanStep], seconds: float) -> tuple[str, ...]:
    """Return the strategies that are expected to end within so many seconds, in the order they are run."""
    spent = sum(step.estimated_seconds or 0.0 for step in plan if _comes_first(step))
    fits: list[str] = []
    activations = 0.0  # the pass that the first of those that learn from it pays for
    for step in plan:
        if _comes_first(step) or step.kind not in ("shared", "strategy"):
            continue
        if step.kind == "shared":
            activations = step.estimated_seconds or 0.0
            continue
        partly = strategy_of(step.step).trains == "part"
        needed = (step.estimated_seconds or 0.0) + (activations if partly else 0.0)
        if spent + needed <= seconds or not fits:  # the first is tried in any case
            spent += needed
            fits.append(step.step)
            activations = 0.0 if partly else activations
    return tuple(fits)


def describe(plan: Sequence[PlanStep], threads: int) -> str:
    """Return the plan in one line for a person."""
    names = [step.step for step in plan if step.kind == "strategy"]
    if all(step.estimated_seconds is None for step in plan if step.kind == "shared" and step.step != "decode"):
        return "plan: read each picture once, then " + ", ".join(names)
    parts = [f"{step.step} {_duration(step.estimated_seconds)}" for step in plan if step.estimated_seconds is not None]
    total = sum(step.estimated_seconds or 0.0 for step in plan)
    return f"plan: {' · '.join(parts)} · about {_duration(total)} on {threads} thread{'s' if threads != 1 else ''}"


def _comes_first(step: PlanStep) -> bool:
    """Return whether a step comes before every strategy."""
    return step.kind == "shared" and step.step != "activations"


def _step(
    name: str,
    kind: StepKind,
    pictures: int,
    seconds: float | None,
    *,
    nbytes: int | None = None,
    flops: float | None = None,
) -> PlanStep:
    return PlanStep(step=name, kind=kind, pictures=pictures, estimated_seconds=seconds, bytes=nbytes, flops=flops)


def over_splits_name(strategy: str) -> str:
    """Return the name of the step in which a strategy is tried over several splits."""
    return f"{strategy} over splits"


def _over_splits(prepared: Prepared, steps: Sequence[PlanStep]) -> list[PlanStep]:
    """Return what trying every strategy over several splits takes: so many times what one split takes."""
    folds, seeds, division = prepared.request.folds, prepared.request.seeds, prepared.division
    if folds is None and seeds is None:
        return []
    times = (folds or 1) * (seeds or 1)
    share = 1 - 1 / folds if folds else 0.75
    pictures = len(division.table) if division.drawn else int(np.sum(division.table.splits != "test"))
    again, partly = {step.step: step for step in steps}, prepared.resolved.partly_trained
    found = []
    for strategy in prepared.resolved.strategies:
        shared = ["activations"] if partly and strategy == partly[0] else []
        own = [again[step] for step in (strategy.name, *shared) if step in again]
        known = [step.estimated_seconds for step in own if step.estimated_seconds is not None]
        seconds = sum(known) * times * pictures * share / len(division.train) if known else None
        found.append(_step(over_splits_name(strategy.name), "splits", round(times * pictures * share), seconds))
    return found


def _learning_curve(prepared: Prepared) -> list[PlanStep]:
    """Return the step in which a head is solved again on parts of train, where one is among the strategies."""
    if prepared.resolved.backbone is None or not prepared.resolved.solves_heads:
        return []
    rows, classes = len(prepared.division.train), len(prepared.division.classes)
    work = curve_work(rows, _width(prepared), classes)
    return [] if work is None else [_step(CURVE, "curve", rows, CURVE_START + CURVE_COST * work)]


def _width(prepared: Prepared) -> int:
    """Return how many features the widest readout has."""
    return max(prepared.context.passes.network(readout).features for readout in prepared.resolved.readouts)


def _decoding(prepared: Prepared) -> PlanStep:
    pictures, rate = len(prepared.table), prepared.decode_rate
    seconds = None if rate is None else pictures * rate
    return _step("decode", "shared", pictures, seconds, nbytes=int(pictures * prepared.resolved.side**2 * 3 * 1.4))


def _passes(prepared: Prepared, speed: Speed) -> list[PlanStep]:
    """Return the passes through the frozen network: to choose framing and augmentation, and for features."""
    resolved, division = prepared.resolved, prepared.division
    if resolved.backbone is None:
        return []
    looked_at, chosen = len(division.looked_at), len(resolved.framings) > 1
    few = looked_at < len(division.train)  # the looks at a part of train are no part of the features of all of it
    numbers, augmented = {}, {}
    if chosen:
        numbers["framing"] = looked_at * (len(resolved.framings) - (not few))
    if len(resolved.augmentations) > 1:
        numbers["augment"] = augmented["augment"] = looked_at * len(resolved.augmentations)
        if few and not chosen:
            numbers["augment"] += looked_at  # and as they are, to compare with
    numbers["features"] = len(division.train) + len(division.held_out)
    rate, width = speed.forward, _width(prepared)
    return [
        _step(
            name,
            "shared",
            pictures,
            None if rate is None else pictures * rate + augmented.get(name, 0) * speed.augment,
            nbytes=pictures * width * 4,
            flops=pictures * resolved.backbone.flops,
        )
        for name, pictures in numbers.items()
    ]


def _activations(prepared: Prepared, speed: Speed) -> list[PlanStep]:
    """Return the passes that leave what enters the trained part, at every cut that is asked for at once."""
    resolved, division = prepared.resolved, prepared.division
    cuts = resolved.stored_cuts
    if not cuts:
        return []
    seen = division.train if _refits(prepared, resolved.partly_trained[0]) else division.learning
    pictures = len(seen) * resolved.views + len(division.train)
    rate = speed.forward
    prefix = 1 - min(_share_behind(prepared, cut) for cut in cuts)
    flops = pictures * resolved.need_backbone().flops * prefix
    seconds = None if rate is None else pictures * rate * prefix + (pictures - len(division.train)) * speed.augment
    nbytes = sum(map(resolved.activation_bytes, cuts))
    return [_step("activations", "shared", pictures, seconds, nbytes=nbytes, flops=flops)]


def _refits(prepared: Prepared, strategy: ResolvedStrategy) -> bool:
    return strategy.training is not None and prepared.division.refits(strategy.training)


def _training_step(prepared: Prepared, strategy: ResolvedStrategy, speed: Speed) -> PlanStep:
    division = prepared.division
    settings = strategy.settings_for(len(division.learning))
    epochs, learning, choosing = settings.epochs, len(division.learning), len(division.choosing)
    seen = epochs * learning
    if _refits(prepared, strategy):  # at most: not at all where the head is kept
        seen += going_on(settings).epochs * len(division.train)
    # Each epoch looks at the choosing pictures; one more pass solves the head, the last ones answer and say how surely.
    asked = len(division.held_out) + (min(learning, MOST_EXAMPLES) + min(choosing, MOST_HELD) if choosing else 0)
    random = strategy.row.weights == "random"
    passes = epochs * choosing + (0 if random else learning) + asked
    if random:
        seconds = None if speed.scratch is None else speed.scratch * (seen + passes / TRAINING_COST["all"])
        flops, area = prepared.resolved.scratch().flops, 1.0
    else:
        seconds, flops, area = _fine_tuning(prepared, strategy, speed, seen, passes, asked)
    if seconds is not None and strategy.row.trains != "part":  # which learns from stored activations
        seconds += seen * speed.augment
    return _step(strategy.name, "strategy", seen, seconds, flops=flops * (3 * seen * area + passes))


def _fine_tuning(
    prepared: Prepared, strategy: ResolvedStrategy, speed: Speed, seen: int, passes: int, asked: int
) -> tuple[float | None, float, float]:
    """Return seconds, FLOPs of the trained part for a picture, and the mean area of the pictures."""
    settings, backbone = strategy.settings_for(len(prepared.division.learning)), prepared.resolved.need_backbone()
    epochs, rate = settings.epochs, speed.forward
    share = 1.0 if strategy.row.trains == "all" else _share_behind(prepared, strategy.cut)
    shares = np.ones(epochs)  # of the final side, epoch by epoch
    if strategy.row.trains == "all" and settings.progressive and speed.smaller:
        final = backbone.preprocessing.input_size
        shares = np.array(sides(final, epochs)) / final
    worth, area = float(np.mean(shares**SIDE_COST)), float(np.mean(shares**2))
    seconds = None if rate is None else rate * share * (TRAINING_COST[strategy.row.trains] * seen * worth + passes)
    if rate is not None and seconds is not None and strategy.row.trains == "part":
        seconds += rate * asked * (1 - share)  # the answers come through the whole network
    return seconds, backbone.flops * share, area


def _share_behind(prepared: Prepared, cut: str) -> float:
    """Return the FLOPs from a cut on, as a share of the backbone's."""
    backbone = prepared.resolved.need_backbone()
    names = [stage.name for stage in backbone.stages]
    if cut not in names:
        return 1.0
    return float(sum(stage.flops for stage in backbone.stages[names.index(cut) :]) / backbone.flops)


def _head_seconds(prepared: Prepared) -> float:
    rows = len(prepared.division.train)
    widths = [prepared.context.passes.network(readout).features for readout in prepared.resolved.readouts]
    work = sum(rows * min(rows, width) * width for width in widths)
    return float(HEAD_COST * work * (len(prepared.division.classes) / 2) ** HEAD_CLASSES)


def _duration(seconds: float) -> str:
    if seconds < 0.95:
        return "under 1 s"
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
