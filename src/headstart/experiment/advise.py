"""What one frozen pass over the training pictures tells of the strategies, before any of them is tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.base.streams import stream
from headstart.evidence.advice import Profile, advise, in_short
from headstart.evidence.forecast import Forecast, forecast
from headstart.evidence.intervals import share_interval
from headstart.evidence.units import numbered
from headstart.experiment.budget import OutOfTimeError
from headstart.experiment.folder import RunFolder
from headstart.experiment.framing_choice import FRAMINGS_TRIED
from headstart.experiment.ground import Choices, Ground, Look, prepare
from headstart.experiment.learning_curve import curve_on
from headstart.experiment.plan import estimate
from headstart.experiment.request import AUTO, Request
from headstart.features.extract import BATCH
from headstart.heads.preview import MOST_ROWS, SHOTS, Preview, Told, few_shot, preview
from headstart.pixels import frame
from headstart.records.preprocessing import Preprocessing
from headstart.records.progress import Progress
from headstart.records.record import changed
from headstart.strategies.fit_head import solved
from headstart.strategies.settings import default_cut
from headstart.strategies.strategy import STRATEGIES
from headstart.table import Table, some_of

MOST_CLASSES = 300  # of more classes, so many are asked about
_EACH = SHOTS + 1  # pictures of a class that are asked about at least, where there are so many


def undecided(ground: Ground) -> Preprocessing:
    """Return how pictures are seen where nothing is chosen yet, because choosing takes a pass of its own."""
    framing = FRAMINGS_TRIED[0] if ground.request.framing == AUTO else ground.request.framing
    return changed(ground.need_backbone().preprocessing, framing=framing)


def profile_of(ground: Ground, preprocessing: Preprocessing, *, with_shift: bool = True) -> Profile:
    """Return the profile of the training pictures of `ground`, of some of them where they are very many.

    Nothing that is held out is looked at.
    """
    rows, linear = ground.looked_at, STRATEGIES["linear"]
    labels, groups = ground.table.labels[rows], ground.train_groups[np.searchsorted(ground.train, rows)]
    fitted, readout, _ = solved(ground, preprocessing, linear, few=True)
    if fitted.out_of_fold is None:
        raise RuntimeError("the logistic head was fitted without folds")
    seen, told = previewed(ground, preprocessing, readout)
    counts = np.bincount(ground.table.labels[ground.train], minlength=len(ground.classes))
    curve, _ = curve_on(ground, preprocessing, linear, readout, fitted.chosen, few=True)
    pictures, right = len(ground.train), fitted.out_of_fold.argmax(axis=1) == labels

    def at(times: float) -> Forecast | None:
        if curve is None:
            return None
        times, units = times * pictures / len(rows), numbered(groups[curve.rows])
        return forecast(
            curve.right, curve.sizes, pictures=len(rows), times=times, units=units, seed=ground.request.seed
        )

    return Profile(
        classes=len(ground.classes),
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
        shift=how_they_look(ground, preprocessing) if with_shift else None,
        linear_interval=share_interval(right, groups=groups),
        ridge_interval=share_interval(seen.ridge, groups=groups[asked_about(labels, ground.request.seed)]),
    )


def previewed(ground: Ground, preprocessing: Preprocessing, readout: str) -> tuple[Preview, Told | None]:
    """Return how all other pictures answer for each that is looked at (some, of many), and what a handful tells."""
    rows, seed = ground.looked_at, ground.request.seed
    labels, groups = ground.table.labels[rows], ground.train_groups[np.searchsorted(ground.train, rows)]
    places = asked_about(labels, seed)
    features = np.asarray(ground.features(rows, preprocessing, Look("features", "features"), readout=readout))[places]
    present, called = np.unique(labels[places], return_inverse=True)
    blocks = ground.network(readout).blocks
    return (
        preview(features, called, len(present), groups[places], blocks=blocks),
        few_shot(features, called, len(present), groups[places], seed=seed, blocks=blocks),
    )


def asked_about(labels: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Return places among the labels: about `MOST_ROWS`, some of each class, of at most `MOST_CLASSES` classes."""
    classes = stream(seed, "classes asked about").permutation(np.unique(labels))[:MOST_CLASSES]
    places = np.flatnonzero(np.isin(labels, classes))
    some = some_of(places, labels, MOST_ROWS, seed=seed)
    few = [stream(seed, "of each class", int(label)).permutation(np.flatnonzero(labels == label)) for label in classes]
    return np.unique(np.concatenate([some, *(own[:_EACH] for own in few)]))


def how_they_look(ground: Ground, preprocessing: Preprocessing) -> float | None:
    """Return how far some of the pictures are from those of the network's first training."""
    from headstart.backbones.forward import normalise  # torch, which heads need not
    from headstart.backbones.shift import PICTURES, shift

    some = stream(ground.request.seed, "shift").permutation(ground.looked_at)[:PICTURES]
    squares = np.stack([frame(ground.pictures[int(row)], preprocessing) for row in some])
    batches = (normalise(squares[at : at + BATCH], preprocessing) for at in range(0, len(squares), BATCH))
    return shift(ground.need_backbone().network, batches, device=ground.device)


def advise_table(
    table: Table, request: Request, *, threads: int | None, progress: Progress, split_file: Path | None = None
) -> dict[str, Any]:
    """Return the advice for the training pictures of a table; see `advice_on`."""
    ground = prepare(table, request, files=None, threads=threads, progress=progress, split_file=split_file)
    ground.engine = ground.preferred_engine()
    from headstart.experiment.calibrate import calibrate  # torch

    return advice_on(ground, undecided(ground), estimate(ground, calibrate(ground)))


def advised(ground: Ground, folder: RunFolder, plan: dict[str, Any], choices: Choices) -> dict[str, Any]:
    """Return the plan with the advice, told and written before any strategy is tried; what stands is kept.

    How the pictures look to the network is not asked here: it decides nothing, and for heads alone no network is made.
    """
    if plan.get("advice") or ground.backbone is None:
        return plan
    try:
        advice = advice_on(ground, choices.preprocessing, plan["steps"], with_shift=False)
    except OutOfTimeError:  # a budget is for strategies: the first is tried without advice
        return plan
    ground.progress.message(in_short(advice))
    plan = {**plan, "advice": advice}
    folder.write_plan(plan)
    return plan


def advice_on(
    ground: Ground, preprocessing: Preprocessing, steps: Sequence[Mapping[str, Any]], *, with_shift: bool = True
) -> dict[str, Any]:
    """Return the entry `advice` of results.json: what to take, what to expect of it, and why.

    Parameters
    ----------
    ground : Ground
    preprocessing : Preprocessing
        How the pictures are seen.
    steps : sequence of mapping
        The plan, for what each strategy costs.
    with_shift : bool
        Also ask the network how unlike the pictures are; for that it must be there.
    """
    profile = profile_of(ground, preprocessing, with_shift=with_shift)
    costs = {name: _seconds(steps, ground.seconds, name) for name in STRATEGIES}
    advice = advise(profile, costs)
    cut = _usual_cut(ground) if STRATEGIES[advice.strategy].trained == "part" else "pool"
    return {**advice.to_dict(), "cut": cut}


def _usual_cut(ground: Ground) -> str:
    """Return where `partial` would be cut, from what is known of the network without making it."""
    return ground.request.cut or default_cut(ground.need_backbone())


def _seconds(steps: Sequence[Mapping[str, Any]], spent: Mapping[str, float], name: str) -> float | None:
    """Return what a strategy takes alone: the steps it needs, as long as they took where they are done, and its own."""
    needed = {"decode", "framing", "features", name}
    needed |= {"augment"} if STRATEGIES[name].trained != "none" else set()
    needed |= {"activations"} if STRATEGIES[name].trained == "part" else set()
    if name not in {step["step"] for step in steps}:
        return None
    found = [step["estimated_seconds"] or spent.get(step["step"]) for step in steps if step["step"] in needed]
    return None if None in found or not found else float(sum(filter(None, found)))
