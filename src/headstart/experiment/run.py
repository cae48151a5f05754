"""One experiment: prepare, choose, fit every strategy, measure, keep; killed at any moment, it continues."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart.base.errors import ConfigError, DataError
from headstart.base.files import sha256_of_file
from headstart.base.process import settle_threads
from headstart.bundle import Model
from headstart.experiment.advise import advised
from headstart.experiment.budget import Budget, OutOfTimeError
from headstart.experiment.conclude import conclude, header, run_record, versions
from headstart.experiment.depths import answered
from headstart.experiment.folder import Logged, RunFolder
from headstart.experiment.framing_choice import choose
from headstart.experiment.ground import Choices, Ground, prepare
from headstart.experiment.measure import measure_splits, measured_warnings, write_predictions
from headstart.experiment.networks import EngineCandidate
from headstart.experiment.plan import CURVE, with_actual
from headstart.experiment.repeated_splits import asked_for, described, noted, resample
from headstart.experiment.request import AUTO, Request
from headstart.experiment.stored_plan import planned, stored_side
from headstart.experiment.training_cache import told, training_of
from headstart.explain.feature_map import write_map
from headstart.records.progress import Progress
from headstart.strategies.fit_head import fit_head
from headstart.strategies.fitted import FittedRun
from headstart.strategies.strategy import Strategy
from headstart.table import Table


class Ended(NamedTuple):
    """An experiment that came to its end: results.json, and its network if nothing of it is kept for the next one."""

    results: dict[str, Any]
    engine_candidate: EngineCandidate | None


def run_experiment(
    table: Table,
    request: Request,
    folder: RunFolder,
    *,
    command: Callable[[Request], str],
    progress: Progress,
    threads: int | None = None,
    split_file: Path | None = None,
    title: str | None = None,
    note: Mapping[str, Any] | None = None,
    clock: Budget | None = None,
) -> Ended:
    """Run or continue an experiment in `folder`.

    Strategies that stand in the folder already stay in it: those of `request` come beside them.

    Parameters
    ----------
    table : Table
        As read from the user's data.
    command : callable
        Says of a request how to reproduce it, for the report.
    split_file : Path, optional
        Divide the pictures as this file says.
    title : str, optional
        What the pictures are, in a few words.
    note : mapping, optional
        Further keys for results.json, such as a recipe's expectations.
    clock : Budget, optional
        Only strategies that are expected to end in time are run, the cheapest first. The others are named in
        ``not_run``, and the same call without a budget goes on with them.
    """
    clock = clock or Budget(None)
    settle_threads(threads)
    fingerprint = request.fingerprint(table.fingerprint() + _digest(split_file))
    folder.claim(fingerprint, request.to_dict())
    request, depths, loaded = answered(request, len(table), folder.plan())
    results, runs = folder.results() or {}, folder.standing_runs()
    wanted = request.joined(run["id"] for run in results.get("runs", []))  # also what stood here and is gone
    everything = wanted.joined(folder.planned())
    asked = asked_for(request, folder)
    if _nothing_to_do(results, runs, request, everything) and _divided_as(results, asked):
        return Ended(results, None)
    listener = Logged(progress, folder.path / "log.jsonl")
    watched = clock.over(listener)
    try:
        side = stored_side(folder)
        ground = prepare(
            table, everything, threads=threads, progress=watched, split_file=split_file, side=side, loaded=loaded
        )
        plan, choices = planned(ground, folder, fingerprint, depths)
        plan = noted(ground, folder, advised(ground, folder, plan, choices), asked)
    except OutOfTimeError as error:
        raise _too_short(clock.seconds, "for the first look at the pictures") from error
    base = {**header(ground, command(wanted), title), "engine": plan["engine"], **(note or {})}
    not_run = [late for late in results.get("not_run", []) if late["strategy"] not in wanted.strategies]
    for standing in runs:  # a run that goes on shows what stands already
        progress.result(standing)
    for strategy in wanted.rows:
        if any(one["id"] == strategy.name for one in runs):
            folder.drop_checkpoint(strategy.name)
            continue
        run = _run_in_time(ground, choices, strategy, folder, clock, plan, at_least_one=not runs)
        if isinstance(run, Late):
            not_run.append({"strategy": strategy.name, "estimated_seconds": run.seconds, "begun": run.begun})
            continue
        # Another process may have put a strategy beside them meanwhile.
        runs = folder.in_order([*folder.standing_runs(), run])
        listener.result(run)
        folder.write_results(_assemble(ground, folder, base, plan, runs, not_run))
        folder.drop_checkpoint(strategy.name)
    if not runs:
        raise _too_short(clock.seconds, "for the first strategy")
    complete = {one["id"] for one in runs}.issuperset(everything.strategies)
    resampling = None
    if asked is not None and complete:
        resampling = _over_splits(ground, choices, folder, asked)
        not_run += [] if resampling else [{"strategy": described(asked), "estimated_seconds": None, "begun": True}]
        complete = resampling is not None
    ground.progress = listener  # the last look takes about a second: no budget is too short for it
    end = _assemble(ground, folder, base, plan, runs, not_run, choices, resampling, complete=complete)
    return Ended(folder.write_results(end), ground.engine_candidate())


def _nothing_to_do(
    results: Mapping[str, Any], runs: Sequence[Mapping[str, Any]], request: Request, everything: Request
) -> bool:
    """Return whether all that was asked for stands, and results.json was written to its end."""
    finished = {run["id"] for run in runs}
    whole = len(runs) == len(results.get("runs", [])) and finished.issuperset(request.strategies)
    return whole and (bool(results.get("complete")) or not finished.issuperset(everything.strategies))


def _over_splits(
    ground: Ground, choices: Choices, folder: RunFolder, asked: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return what several splits say, None where the time was too short for all of them."""
    try:
        return resample(ground, choices, folder, asked)
    except OutOfTimeError:
        return None


def _divided_as(results: Mapping[str, Any], asked: Mapping[str, Any] | None) -> bool:
    """Return whether every strategy that was to be tried over several splits was."""
    found = results.get("resampling") or {}
    return asked is None or {one["strategy"] for one in found.get("strategies", [])}.issuperset(asked["strategies"])


def _too_short(budget: float | None, what: str) -> ConfigError:
    return ConfigError(
        f"The budget of {budget:.0f} s is not enough {what}; finished steps are kept.",
        hint="Give more with --budget, or leave it out; headstart plan DATA says how long each step takes.",
    )


@dataclass(frozen=True)
class Late:
    """A strategy for which the time was too short: what it was expected to take, and whether it was begun."""

    seconds: float | None
    begun: bool


def _run_in_time(
    ground: Ground,
    choices: Choices,
    strategy: Strategy,
    folder: RunFolder,
    clock: Budget,
    plan: Mapping[str, Any],
    *,
    at_least_one: bool,
) -> dict[str, Any] | Late:
    """Return the record of a strategy, or `Late` if the budget does not allow it; the first is tried anyway."""
    before = training_of(ground, choices, strategy) if strategy.trained != "none" else None
    kept = before.restore(folder, strategy.name) if before else None
    if kept is not None:
        ground.progress.message(told(strategy.name))
        return kept
    seconds = _expected(ground, plan, strategy)
    if not at_least_one and not clock.fits(seconds):
        return Late(seconds, begun=False)
    try:
        run = _run(ground, choices, strategy, folder)
    except OutOfTimeError:
        return Late(seconds, begun=True)
    if before:
        before.keep(folder, run, ground.progress.message)
    return run


def _expected(ground: Ground, plan: Mapping[str, Any], strategy: Strategy) -> float | None:
    """Return the seconds that a strategy will take, the plan's estimate corrected by how the looks went."""
    estimates = {step["step"]: step["estimated_seconds"] for step in plan["steps"]}
    own = estimates.get(strategy.name)
    if own is None:
        return None
    looks = [step for step in ("framing", "augment", "features") if estimates.get(step) and ground.seconds.get(step)]
    expected = sum(estimates[step] for step in looks)
    pace = sum(ground.seconds[step] for step in looks) / expected if expected else 1.0
    stored = strategy.trained != "part" or ground.seconds.get("activations")  # one pass for all depths
    shared = 0.0 if stored else estimates.get("activations") or 0.0
    return float((own + shared) * min(max(pace, 0.5), 3.0))


def fit_one(ground: Ground, choices: Choices, strategy: Strategy, *, checkpoint: Path | None = None) -> FittedRun:
    """Fit one strategy on prepared ground."""
    if strategy.trained == "none":
        return fit_head(ground, choices, strategy)
    from headstart.strategies.fit_network import fit_network  # torch, which heads need not

    return fit_network(ground, choices, strategy, checkpoint=checkpoint)


def fit_table(
    table: Table,
    request: Request,
    *,
    progress: Progress,
    files: Sequence[Path | NDArray[np.uint8]] | None = None,
    threads: int | None = None,
    split_file: Path | None = None,
    must_measure: bool = True,
) -> tuple[Model, dict[str, Any]]:
    """Fit the one strategy of `request` without a run folder; return the model and its metrics by split."""
    (strategy,) = request.rows
    if request.cut == AUTO:
        raise ConfigError(
            "'cut' is 'auto', which tries several depths, and this makes one classifier.",
            hint="headstart compare DATA --strategies partial --cut auto tries them and keeps each; or name one stage.",
        )
    ground = prepare(
        table,
        request,
        files=files,
        threads=threads,
        progress=progress,
        split_file=split_file,
        must_measure=must_measure,
    )
    ground.engine = ground.preferred_engine()
    fitted = fit_one(ground, choose(ground), strategy)
    metrics = measure_splits(ground, fitted.probabilities, chosen_on_val=fitted.chosen_on_val, answers=fitted.answers)
    fitted = _warned(ground, fitted, metrics, strategy.name)
    return explained(ground, fitted, strategy, metrics), metrics


def explained(ground: Ground, fitted: FittedRun, strategy: Strategy, metrics: Mapping[str, Any]) -> Model:
    """Return the fitted model with everything that its bundle should say about it."""
    backbone = ground.backbone.describe() if strategy.weights == "pretrained" and ground.backbone else None
    architecture = backbone["name"] if backbone else ground.request.scratch
    info = {
        "architecture": architecture,
        "read": list(fitted.read),
        "strategy": {
            "strategy": strategy.kind,
            "weights": strategy.weights,
            "cut": fitted.cut,
            "head": fitted.settings.get("head", strategy.head),
            "settings": dict(fitted.settings),
        },
        "backbone": backbone or {"name": architecture, "source": "random weights", "sha256": None, "licence": None},
        "calibration": {"temperature": fitted.model.head.temperature},
        "versions": versions(),
        "measured": dict(metrics),
        "data_fingerprint": ground.table.fingerprint(),
        "flops": fitted.flops,
        "pictures": len(ground.table),
        "warnings": [*ground.warnings, *fitted.warnings],
        "trained_on": sorted(ground.table.digests[row][:16] for row in ground.train),
    }
    return fitted.model.told(info=info)


def _digest(split_file: Path | None) -> str:
    """Return the SHA-256 of a split file, empty without one."""
    if split_file is None:
        return ""
    try:
        return sha256_of_file(split_file)
    except OSError as error:
        raise DataError(
            f"The split file '{split_file}' cannot be read ({error.strerror}).", hint="Check the path."
        ) from error


def _run(ground: Ground, choices: Choices, strategy: Strategy, folder: RunFolder) -> dict[str, Any]:
    """Fit, measure and keep one strategy; return its record."""
    begin = time.perf_counter()
    shared_before = ground.spent
    fitted = fit_one(ground, choices, strategy, checkpoint=folder.checkpoint(strategy.name))
    metrics = measure_splits(ground, fitted.probabilities, chosen_on_val=fitted.chosen_on_val, answers=fitted.answers)
    fitted = _warned(ground, fitted, metrics, strategy.name)
    write_predictions(ground, fitted.probabilities, folder.predictions(strategy.name))
    explained(ground, fitted, strategy, metrics).save(folder.bundle(strategy.name))
    alone = time.perf_counter() - begin - (ground.spent - shared_before) + fitted.earlier
    epochs = [*fitted.epochs, *fitted.epochs_on_all]
    alone = max(alone, sum(epoch["seconds"] for epoch in epochs))  # epochs before a kill count too
    costs = ground.seconds
    seconds = {"total": alone + sum(costs.get(step, 0.0) for step in fitted.shared), "fit": alone}
    return run_record(strategy, fitted, metrics, seconds, ground.request.seed)


def _warned(ground: Ground, fitted: FittedRun, metrics: Mapping[str, Any], name: str) -> FittedRun:
    """Return the fitted run with what a reader must know, after telling it."""
    warnings = [*fitted.warnings, *measured_warnings(ground, metrics, fitted.epochs)]
    for warning in warnings:
        ground.progress.message(f"{name}: {warning}")
    return replace(fitted, warnings=tuple(warnings))


def _assemble(
    ground: Ground,
    folder: RunFolder,
    base: Mapping[str, Any],
    plan: Mapping[str, Any],
    runs: list[dict[str, Any]],
    not_run: list[dict[str, Any]],
    choices: Choices | None = None,
    resampling: Mapping[str, Any] | None = None,
    *,
    complete: bool = False,
) -> dict[str, Any]:
    mapped = None if choices is None else write_map(ground, choices, runs, folder.path / "map.parquet")
    actual = {**ground.seconds, **{run["id"]: run["seconds"]["fit"] for run in runs}}
    actual |= {f"{one['strategy']} over splits": one["seconds"] for one in (resampling or {}).get("strategies", [])}
    concluded = conclude(ground, folder, runs, choices, resampling)
    if concluded["learning"] is not None:
        actual[CURVE] = concluded["learning"]["seconds"]
    return {
        **base,
        "plan": with_actual(plan["steps"], actual),
        "advice": plan.get("advice"),
        "chosen": {"framing": plan["preprocessing"]["framing"], "augment": plan["augment"], "by": plan["chosen_by"]},
        "runs": runs,
        "not_run": not_run,
        **concluded,
        "resampling": resampling,
        "map": mapped,
        "activity": folder.counted(),
        "complete": complete,
    }
