"""What one frozen pass over the training pictures tells of the strategies, before any of them is tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.base.progress import Progress
from headstart.base.streams import stream
from headstart.base.types import Preprocessing
from headstart.evidence.advice import Profile, advise, in_short
from headstart.evidence.learning import Forecast, forecast
from headstart.evidence.units import numbered
from headstart.features.extract import BATCH
from headstart.heads.preview import MOST_ROWS, Preview, few_shot, preview
from headstart.pixels import frame
from headstart.strategies.choose import FRAMINGS_TRIED
from headstart.strategies.fit_head import solved
from headstart.strategies.folder import RunFolder
from headstart.strategies.ground import LOOKS, Choices, Ground, Look, prepare
from headstart.strategies.learning import curve_on
from headstart.strategies.plan import estimate
from headstart.strategies.request import AUTO, Request
from headstart.strategies.settings import check_cut
from headstart.strategies.strategy import STRATEGIES
from headstart.table import Table, some_of, with_splits

MOST_DECODED = 20_000  # pictures of a table that are all decoded for an advice; of larger ones, some


def undecided(ground: Ground) -> Preprocessing:
    """Return how pictures are seen where nothing is chosen yet, because choosing takes a pass of its own."""
    framing = FRAMINGS_TRIED[0] if ground.request.framing == AUTO else ground.request.framing
    return replace(ground.need_backbone().preprocessing, framing=framing)


def profile_of(ground: Ground, preprocessing: Preprocessing, *, with_shift: bool = True) -> Profile:
    """Return the profile of the training pictures of `ground`, of some of them where they are very many.

    Nothing that is held out is looked at.
    """
    rows, linear = ground.looked_at, STRATEGIES["linear"]
    labels, groups = ground.table.labels[rows], ground.train_groups[np.searchsorted(ground.train, rows)]
    fitted, readout, _ = solved(ground, preprocessing, linear, few=True)
    if fitted.out_of_fold is None:
        raise RuntimeError("the logistic head was fitted without folds")
    places, seen = seen_by_all_others(ground, preprocessing, readout)
    features = np.asarray(ground.features(rows, preprocessing, Look("features", "features"), readout=readout))
    told = few_shot(features[places], labels[places], len(ground.classes), groups[places], seed=ground.request.seed)
    counts = np.bincount(ground.table.labels[ground.train], minlength=len(ground.classes))
    curve = curve_on(ground, preprocessing, linear, readout, fitted.chosen, few=True)
    pictures = len(ground.train)

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
        linear=float((fitted.out_of_fold.argmax(axis=1) == labels).mean()),
        neighbours=float(seen.neighbours.mean()),
        ridge=float(seen.ridge.mean()),
        told=told,
        now=at(1.0),
        doubled=at(2.0),
        shift=_shift(ground, preprocessing) if with_shift else None,
    )


def seen_by_all_others(ground: Ground, preprocessing: Preprocessing, readout: str) -> tuple[NDArray[np.int64], Preview]:
    """Return places among the pictures that are looked at (some, of many), and how all others answer for them."""
    rows = ground.looked_at
    labels, groups = ground.table.labels[rows], ground.train_groups[np.searchsorted(ground.train, rows)]
    places = some_of(np.arange(len(rows)), labels, MOST_ROWS, seed=ground.request.seed)
    features = np.asarray(ground.features(rows, preprocessing, Look("features", "features"), readout=readout))
    return places, preview(features[places], labels[places], len(ground.classes), groups[places])


def _shift(ground: Ground, preprocessing: Preprocessing) -> float | None:
    from headstart.backbones.forward import normalise  # torch, which heads need not
    from headstart.backbones.shift import PICTURES, shift

    some = stream(ground.request.seed, "shift").permutation(ground.looked_at)[:PICTURES]
    squares = np.stack([frame(ground.pictures[int(row)], preprocessing) for row in some])
    batches = (normalise(squares[at : at + BATCH], preprocessing) for at in range(0, len(squares), BATCH))
    return shift(ground.need_backbone().network, batches, device=ground.device)


def advise_table(
    table: Table, request: Request, *, threads: int | None, progress: Progress, split_file: Path | None = None
) -> dict[str, Any]:
    """Return the advice for the training pictures of a table; see `advice_on`.

    Of a table so large that its pictures are no matter of minutes only some training pictures are decoded.
    """
    if len(table) > MOST_DECODED and split_file is None:
        table = table if table.divided else with_splits(table, seed=request.seed)
        few = some_of(table.rows("train"), table.labels, LOOKS, seed=request.seed)
        ground = prepare(table.only(few), request, files=None, threads=threads, progress=progress, must_measure=False)
    else:
        ground = prepare(table, request, files=None, threads=threads, progress=progress, split_file=split_file)
    ground.engine = ground.preferred_engine()
    from headstart.strategies.pace import calibrate  # torch

    return advice_on(ground, undecided(ground), estimate(ground, calibrate(ground)))


def advised(ground: Ground, folder: RunFolder, plan: dict[str, Any], choices: Choices) -> dict[str, Any]:
    """Return the plan with the advice, told and written before any strategy is tried; what stands is kept.

    How the pictures look to the network is not asked here: it decides nothing, and for heads alone no network is made.
    """
    if plan.get("advice") or ground.backbone is None:
        return plan
    advice = advice_on(ground, choices.preprocessing, plan["steps"], with_shift=False)
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
    cut = check_cut(ground.request, ground.need_backbone())
    costs = {name: _seconds(steps, ground.seconds, name) for name in STRATEGIES}
    return {**advise(profile, costs).to_dict(), "cut": cut}


def _seconds(steps: Sequence[Mapping[str, Any]], spent: Mapping[str, float], name: str) -> float | None:
    """Return what a strategy takes alone: the steps it needs, as long as they took where they are done, and its own."""
    needed = {"decode", "framing", "features", name}
    needed |= {"augment"} if STRATEGIES[name].trained != "none" else set()
    needed |= {"activations"} if STRATEGIES[name].trained == "part" else set()
    found = [step["estimated_seconds"] or spent.get(step["step"]) for step in steps if step["step"] in needed]
    return None if None in found or not found else float(sum(filter(None, found)))
