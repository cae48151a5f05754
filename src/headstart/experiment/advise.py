"""What one frozen pass over the training pictures tells of the strategies, before any of them is tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headstart.base.streams import stream
from headstart.evidence.advice import Profile, advise
from headstart.evidence.forecast import forecast
from headstart.evidence.intervals import share_interval
from headstart.evidence.units import numbered
from headstart.experiment.budget import OutOfTimeError
from headstart.experiment.folder import RunFolder
from headstart.experiment.framing_choice import undecided
from headstart.experiment.learning_curve import curve_on
from headstart.experiment.plan import estimate
from headstart.experiment.prepare import Prepared, prepare
from headstart.experiment.request import Request
from headstart.features.extract import BATCH
from headstart.heads.preview import MOST_ROWS, SHOTS, Preview, Told, few_shot, preview
from headstart.heads.share_done import PARTS, heard_by, portion
from headstart.pixels import frame
from headstart.records.forecast import AdviceRecord, Forecast
from headstart.records.plan import PlanRecord, PlanStep
from headstart.records.preprocessing import Preprocessing
from headstart.records.progress import Progress
from headstart.records.record import changed
from headstart.strategies.context import FitContext
from headstart.strategies.fit_head import Solved, solved
from headstart.strategies.resolved import ResolvedStrategy
from headstart.strategies.strategy import BY_WHAT_IS_TRAINED, REFERENCE, STRATEGIES, strategy_of
from headstart.table import Table, some_of, tell_skipped
from headstart.words.advice import advice_record, in_short

MOST_CLASSES = 300  # of more classes, so many are asked about
_EACH = SHOTS + 1  # pictures of a class that are asked about at least, where there are so many


def reference_head(context: FitContext, preprocessing: Preprocessing) -> Solved:
    """Return the reference head on the pictures that are looked at."""
    return solved(context, preprocessing, ResolvedStrategy(REFERENCE, "pool"), part="looked at").value


def profile_of(context: FitContext, preprocessing: Preprocessing, *, with_shift: bool = True) -> Profile:
    """Return the profile of the training pictures, of some of them where they are very many.

    Nothing that is held out is looked at.
    """
    division = context.division
    rows, seed = division.looked_at, division.seed
    labels, groups = division.labels[rows], division.groups_of(rows)
    head = reference_head(context, preprocessing)
    seen, told = previewed(context, preprocessing, head.readout)
    counts = np.bincount(division.labels[division.train], minlength=len(division.classes))
    chosen = head.fitted.chosen
    curve = curve_on(context, preprocessing, REFERENCE, head.readout, chosen, part="looked at").value
    pictures, right = len(division.train), head.out_of_fold.argmax(axis=1) == labels

    def at(times: float) -> Forecast | None:
        if curve is None:
            return None
        times, units = times * pictures / len(rows), numbered(groups[curve.rows])
        return forecast(curve.right, curve.sizes, pictures=len(rows), times=times, units=units, seed=seed)

    return Profile(
        classes=len(division.classes),
        pictures=pictures,
        least=int(counts.min()),
        chance=float(counts.max() / counts.sum()),
        linear=float(right.mean()),
        neighbours=float(seen.neighbours.mean()),
        ridge=float(seen.ridge.mean()),
        told=None if told is None else told.share,
        told_error=0.0 if told is None else told.error,
        now=at(1.0),
        doubled=at(2.0),
        shift=how_they_look(context, preprocessing) if with_shift else None,
        linear_interval=share_interval(right, groups=groups),
        ridge_interval=share_interval(seen.ridge, groups=groups[asked_about(labels, seed)]),
    )


def previewed(context: FitContext, preprocessing: Preprocessing, readout: str) -> tuple[Preview, Told | None]:
    """Return how all other pictures answer for each that is looked at (some, of many), and what a handful tells."""
    division = context.division
    rows, seed = division.looked_at, division.seed
    labels, groups = division.labels[rows], division.groups_of(rows)
    places = asked_about(labels, seed)
    features = np.asarray(context.passes.features("looked at", preprocessing, readout=readout))[places]
    present, called = np.unique(labels[places], return_inverse=True)
    blocks = context.passes.network(readout).blocks
    with context.progress.step("advice: preview", PARTS, "steps") as step, heard_by(step):
        with portion(0.0, 0.5):
            seen = preview(features, called, len(present), groups[places], blocks=blocks)
        with portion(0.5, 1.0):
            told = few_shot(features, called, len(present), groups[places], seed=seed, blocks=blocks)
    return seen, told


def asked_about(labels: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Return places among the labels: about `MOST_ROWS`, some of each class, of at most `MOST_CLASSES` classes."""
    classes = stream(seed, "classes asked about").permutation(np.unique(labels))[:MOST_CLASSES]
    places = np.flatnonzero(np.isin(labels, classes))
    some = some_of(places, labels, MOST_ROWS, seed=seed)
    few = [stream(seed, "of each class", int(label)).permutation(np.flatnonzero(labels == label)) for label in classes]
    return np.unique(np.concatenate([some, *(own[:_EACH] for own in few)]))


def how_they_look(context: FitContext, preprocessing: Preprocessing) -> float | None:
    """Return how far some of the pictures are from those of the network's first training."""
    from headstart.backbones.forward import normalise  # torch, which heads need not
    from headstart.backbones.shift import PICTURES, shift

    some = stream(context.division.seed, "shift").permutation(context.division.looked_at)[:PICTURES]
    squares = np.stack([frame(context.pixels[int(row)], preprocessing) for row in some])
    batches = (normalise(squares[at : at + BATCH], preprocessing) for at in range(0, len(squares), BATCH))
    return shift(context.resolved.need_backbone().network, batches, device=context.resolved.device)


def advise_table(
    table: Table, request: Request, *, threads: int | None, progress: Progress, split_file: Path | None = None
) -> AdviceRecord:
    """Return the advice for the training pictures of a table; see `advice_on`."""
    prepared = prepare(table, request, threads=threads, progress=progress, split_file=split_file)
    tell_skipped(prepared.table, progress)
    prepared = prepared.with_preferred_engine()
    from headstart.experiment.calibrate import calibrate  # torch

    steps = estimate(prepared, calibrate(prepared.resolved))
    return advice_on(prepared, undecided(prepared.context), steps)


def advised(prepared: Prepared, folder: RunFolder, plan: PlanRecord, preprocessing: Preprocessing) -> PlanRecord:
    """Return the plan with the advice, told and written before any strategy is tried; what stands is kept.

    How the pictures look to the network is not asked here: it decides nothing, and for heads alone no network is made.
    """
    if plan.advice is not None or prepared.resolved.backbone is None:
        return plan
    try:
        advice = advice_on(prepared, preprocessing, plan.steps, with_shift=False)
    except OutOfTimeError:  # a budget is for strategies: the first is tried without advice
        return plan
    prepared.context.progress.message(in_short(advice))
    plan = changed(plan, advice=advice)
    folder.write_plan(plan)
    return plan


def advice_on(
    prepared: Prepared, preprocessing: Preprocessing, steps: Sequence[PlanStep], *, with_shift: bool = True
) -> AdviceRecord:
    """Return what to use, what to expect of it, and why.

    Parameters
    ----------
    prepared : Prepared
    preprocessing : Preprocessing
        How the pictures are seen.
    steps : sequence of PlanStep
        The plan, for what each strategy costs.
    with_shift : bool
        Also ask the network how unlike the pictures are; for that it must be there.
    """
    profile = profile_of(prepared.context, preprocessing, with_shift=with_shift)
    costs = {name: _seconds(steps, prepared.passes.seconds, name) for name in STRATEGIES}
    advice = advise(profile, BY_WHAT_IS_TRAINED, costs)
    partly = strategy_of(advice.strategy).trains == "part"
    return advice_record(advice, cut=(prepared.resolved.usual_cut or "input") if partly else "pool")


def _seconds(steps: Sequence[PlanStep], spent: Mapping[str, float], name: str) -> float | None:
    """Return what a strategy takes alone: the steps it needs, as long as they took where they are done, and its own."""
    needed = {"decode", "framing", "features", name}
    needed |= set() if STRATEGIES[name].solves else {"augment"}
    needed |= {"activations"} if STRATEGIES[name].trains == "part" else set()
    if name not in {step.step for step in steps}:
        return None
    found = [step.estimated_seconds or spent.get(step.step) for step in steps if step.step in needed]
    return None if None in found or not found else float(sum(filter(None, found)))
