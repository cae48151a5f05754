"""One experiment: prepare, choose, fit every strategy, measure, keep; killed at any moment, it continues."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart import __version__
from headstart.base.errors import ConfigError, DataError
from headstart.base.files import sha256_of_file
from headstart.base.process import settle_threads
from headstart.bundle import Model
from headstart.experiment.advise import advised
from headstart.experiment.budget import Budget, OutOfTimeError
from headstart.experiment.conclude import (
    conclude,
    data_record,
    environment,
    read_correct,
    run_record,
    versions,
)
from headstart.experiment.depths import answered
from headstart.experiment.folder import Logged, RunFolder
from headstart.experiment.framing_choice import choose
from headstart.experiment.measure import measure_splits, measured_warnings, write_predictions
from headstart.experiment.networks import EngineCandidate
from headstart.experiment.plan import CURVE, over_splits_name, with_actual
from headstart.experiment.prepare import Prepared, prepare
from headstart.experiment.repeated_splits import asked_for, described, noted, repeat
from headstart.experiment.request import AUTO, Request
from headstart.experiment.resolve import named
from headstart.experiment.stored_plan import planned
from headstart.experiment.training_cache import told, training_of
from headstart.explain.feature_map import write_map
from headstart.records.bundle import BundleInfo, BundleStrategy
from headstart.records.columns import MapFile
from headstart.records.environment import NetworkRecord
from headstart.records.findings import Finding
from headstart.records.metrics import MetricsBySplit
from headstart.records.plan import Chosen, PlanRecord, SplitsAsked
from headstart.records.progress import Progress
from headstart.records.results import NotRun, RecipeRecord, RepeatedSplits, Results
from headstart.records.run import RunRecord, Seconds
from headstart.strategies.context import FitContext
from headstart.strategies.fit_head import fit_head
from headstart.strategies.fitted import FittedRun
from headstart.strategies.resolved import Choices, Resolved, ResolvedStrategy
from headstart.strategies.strategy import STRATEGIES
from headstart.table import Table

_LOOKS = ("framing", "augment", "features")  # shared steps whose real cost says how fast this machine is


class Ended(NamedTuple):
    """An experiment that came to its end, and its network if nothing of it is kept for the next one."""

    results: Results
    engine_candidate: EngineCandidate | None


@dataclass(frozen=True, eq=False)
class _Told:
    """What results.json tells of an experiment beside what was found."""

    command: str
    title: str | None
    recipe: RecipeRecord | None


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
    recipe: RecipeRecord | None = None,
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
    recipe : RecipeRecord, optional
        The recipe that this is.
    clock : Budget, optional
        Only strategies that are expected to end in time are run, the cheapest first. The others are named in
        ``not_run``, and the same call without a budget goes on with them.
    """
    clock = clock or Budget(None)
    settle_threads(threads)
    fingerprint = request.fingerprint(table.fingerprint() + _digest(split_file))
    folder.claim(fingerprint, request)
    standing = folder.plan()
    request, depths, loaded = answered(request, len(table), standing)
    results, runs = folder.results(), folder.standing_runs()
    recorded = () if results is None else results.runs
    wanted = request.joined(run.id for run in recorded)  # also what stood here and is gone
    everything = wanted.joined(folder.planned())
    asked = asked_for(request, folder)
    if results is not None and _nothing_to_do(results, runs, request, everything) and _divided_as(results, asked):
        return Ended(results, None)
    listener = Logged(progress, folder.path / "log.jsonl")
    watched = clock.over(listener)
    try:
        prepared = prepare(
            table, everything, threads=threads, progress=watched, split_file=split_file, plan=standing, loaded=loaded
        )
        prepared, plan, choices = planned(prepared, folder, fingerprint, depths)
        plan = noted(prepared, folder, advised(prepared, folder, plan, choices.preprocessing), asked)
    except OutOfTimeError as error:
        raise _too_short(clock.seconds, "for the first look at the pictures") from error
    late = [] if results is None else [one for one in results.not_run if one.strategy not in wanted.strategies]
    session = _Session(prepared, choices, folder, plan, clock, listener, _Told(command(wanted), title, recipe))
    runs, not_run = session.run_all(wanted, runs, late)
    if not runs:
        raise _too_short(clock.seconds, "for the first strategy")
    complete = {one.id for one in runs}.issuperset(everything.strategies)
    repeated = None
    if asked is not None and complete:
        repeated = session.repeated(asked)
        not_run += [] if repeated else [NotRun(strategy=described(asked), estimated_seconds=None, begun=True)]
        complete = repeated is not None
    return session.end(runs, not_run, repeated, complete=complete)


def _nothing_to_do(results: Results, runs: Sequence[RunRecord], request: Request, everything: Request) -> bool:
    """Return whether all that was asked for stands, and results.json was written to its end."""
    finished = {run.id for run in runs}
    whole = len(runs) == len(results.runs) and finished.issuperset(request.strategies)
    return whole and (results.complete or not finished.issuperset(everything.strategies))


def _divided_as(results: Results, asked: SplitsAsked | None) -> bool:
    """Return whether every strategy that was to be tried over several splits was."""
    if asked is None:
        return True
    found = results.repeated_splits
    return found is not None and {one.strategy for one in found.strategies}.issuperset(asked.strategies)


def _too_short(budget: float | None, what: str) -> ConfigError:
    return ConfigError(
        f"The time limit of {budget:.0f} s is not enough {what}; finished steps are kept.",
        hint="Give more time with --budget, or leave it out; headstart plan DATA says how long each step takes.",
    )


@dataclass(frozen=True)
class Late:
    """A strategy for which the time was too short: what it was expected to take, and whether it was begun."""

    seconds: float | None
    begun: bool


@dataclass(frozen=True, eq=False)
class _Session:
    """One experiment under way: what every strategy of it is fitted, measured and kept with."""

    prepared: Prepared
    choices: Choices
    folder: RunFolder
    plan: PlanRecord
    clock: Budget
    listener: Logged
    told: _Told

    def run_all(
        self, wanted: Request, runs: list[RunRecord], late: list[NotRun]
    ) -> tuple[list[RunRecord], list[NotRun]]:
        """Run what does not stand yet, write results after each, and return what stands and what found no time."""
        not_run, correct = list(late), dict[str, NDArray[np.bool_]]()
        for standing in runs:  # a run that goes on shows what stands already
            self.listener.result(standing)
        for strategy in self.prepared.resolved.strategies:
            if strategy.name not in wanted.strategies:
                continue
            if any(one.id == strategy.name for one in runs):
                self.folder.drop_checkpoint(strategy.name)
                continue
            run = self._in_time(strategy, at_least_one=not runs)
            if isinstance(run, Late):
                not_run.append(NotRun(strategy=strategy.name, estimated_seconds=run.seconds, begun=run.begun))
                continue
            # Another process may have put a strategy beside them meanwhile.
            runs = self.folder.in_order([*self.folder.standing_runs(), run])
            self.listener.result(run)
            self._write(self.prepared, runs, not_run, correct)
            self.folder.drop_checkpoint(strategy.name)
        return runs, not_run

    def repeated(self, asked: SplitsAsked) -> RepeatedSplits | None:
        """Return what several splits say, None where the time was too short for all of them."""
        strategies = [
            named(name, self.prepared.request, self.prepared.resolved.backbone) for name in asked.strategies
        ]
        try:
            return repeat(self.prepared, self.choices, self.folder, asked, strategies)
        except OutOfTimeError:
            return None

    def end(
        self, runs: Sequence[RunRecord], not_run: Sequence[NotRun], repeated: RepeatedSplits | None, *, complete: bool
    ) -> Ended:
        """Write what all runs say together, with the last looks, which take about a second."""
        prepared = self.prepared.heard_by(self.listener)  # no budget is too short for them
        results = self._write(prepared, runs, not_run, {}, self.choices, repeated, complete=complete)
        return Ended(results, prepared.engine_candidate())

    def _in_time(self, strategy: ResolvedStrategy, *, at_least_one: bool) -> RunRecord | Late:
        """Return the record of a strategy, or `Late` if the budget does not allow it; the first is always tried."""
        progress = self.prepared.context.progress
        before = None if strategy.solves else training_of(self.prepared, self.choices, strategy)
        kept = before.restore(self.folder, strategy.name) if before else None
        if kept is not None:
            progress.message(told(strategy.name))
            return kept
        seconds = self._expected(strategy)
        if not at_least_one and not self.clock.fits(seconds):
            return Late(seconds, begun=False)
        try:
            run = self._run(strategy)
        except OutOfTimeError:
            return Late(seconds, begun=True)
        if before:
            before.keep(self.folder, run, progress.message)
        return run

    def _expected(self, strategy: ResolvedStrategy) -> float | None:
        """Return the seconds that a strategy will take, the plan's estimate corrected by how the looks went."""
        estimates = {step.step: step.estimated_seconds for step in self.plan.steps}
        spent, own = self.prepared.passes.seconds, estimates.get(strategy.name)
        if own is None:
            return None
        looks = [(estimates[step], spent[step]) for step in _LOOKS if estimates.get(step) and spent.get(step)]
        expected = sum(estimated or 0.0 for estimated, _ in looks)
        pace = sum(taken for _, taken in looks) / expected if expected else 1.0
        stored = strategy.row.trains != "part" or spent.get("activations")  # one pass for all depths
        shared = 0.0 if stored else estimates.get("activations") or 0.0
        return float((own + shared) * min(max(pace, 0.5), 3.0))

    def _run(self, strategy: ResolvedStrategy) -> RunRecord:
        """Fit, measure and keep one strategy; return its record."""
        begin, context = time.perf_counter(), self.prepared.context
        passes_before = context.passes.spent
        fitted = fit_one(context, self.choices, strategy, checkpoint=self.folder.checkpoint(strategy.name))
        fitted, metrics = measured(context, fitted, strategy.name)
        write_predictions(context.division, fitted.probabilities, self.folder.predictions(strategy.name))
        model = explained(context, fitted, strategy, metrics, self.prepared.warnings)
        model.save(self.folder.bundle(strategy.name))
        alone = time.perf_counter() - begin - (context.passes.spent - passes_before) + fitted.earlier
        epochs = [*fitted.epochs, *fitted.epochs_on_all]
        alone = max(alone, sum(epoch.seconds for epoch in epochs))  # epochs before a kill count too
        costs = context.passes.seconds
        seconds = Seconds(total=alone + sum(costs.get(step, 0.0) for step in fitted.shared), fit=alone)
        return run_record(strategy, fitted, metrics, seconds, context.division.seed)

    def _write(
        self,
        prepared: Prepared,
        runs: Sequence[RunRecord],
        not_run: Sequence[NotRun],
        correct: dict[str, NDArray[np.bool_]],
        choices: Choices | None = None,
        repeated: RepeatedSplits | None = None,
        *,
        complete: bool = False,
    ) -> Results:
        """Write results.json as far as it goes; of each run's predictions are read those that are new in `correct`."""
        folder, plan = self.folder, self.plan
        for run in runs:
            if run.id not in correct:
                correct[run.id] = read_correct(folder, prepared, run.id)
        mapped = None
        if choices is not None and any(run.solved for run in runs):  # else the features would be made for it alone
            mapped = write_map(prepared.context, choices.preprocessing, MapFile(folder.path / "map.parquet"))
        own = {run.id: correct[run.id] for run in runs}
        concluded = conclude(prepared, folder, runs, own, choices, repeated)
        actual = {**prepared.passes.seconds, **{run.id: run.seconds.fit for run in runs}}
        if repeated is not None:
            actual |= {over_splits_name(one.strategy): one.seconds for one in repeated.strategies}
        if concluded.learning is not None:
            actual[CURVE] = concluded.learning.seconds
        tried = {run.strategy for run in runs}
        results = Results(
            headstart=__version__,
            command=self.told.command,
            seed=prepared.division.seed,
            data=data_record(prepared.table, self.told.title),
            measuring=prepared.division.measuring,
            backbone=network_record(prepared.resolved),
            environment=environment(prepared.resolved.device),
            engine=plan.engine,
            plan=with_actual(plan.steps, actual),
            advice=plan.advice,
            chosen=Chosen(framing=plan.preprocessing.framing, augment=plan.augment, by=plan.chosen_by),
            strategies=tuple(row.record() for row in STRATEGIES.values() if row.name in tried),
            runs=tuple(runs),
            not_run=tuple(not_run),
            comparisons=concluded.comparisons,
            verdict=concluded.verdict,
            learning=concluded.learning,
            optimism=concluded.optimism,
            repeated_splits=repeated,
            map=mapped,
            activity=folder.counted(),
            complete=complete,
            recipe=self.told.recipe,
            warnings=prepared.warnings,
        )
        return folder.write_results(results)


def network_record(resolved: Resolved) -> NetworkRecord | None:
    """Return what is told of the pre-trained network."""
    return None if resolved.backbone is None else resolved.backbone.describe()


def fit_one(
    context: FitContext, choices: Choices, strategy: ResolvedStrategy, *, checkpoint: Path | None = None
) -> FittedRun:
    """Fit one strategy."""
    if strategy.solves:
        return fit_head(context, choices, strategy)
    from headstart.strategies.fit_network import fit_network  # torch, which heads need not

    return fit_network(context, choices, strategy, checkpoint=checkpoint)


def measured(context: FitContext, fitted: FittedRun, name: str) -> tuple[FittedRun, MetricsBySplit]:
    """Return the fitted run with what a reader must know of it, after telling it, and what it reached."""
    interval = context.resolved.interval
    metrics = measure_splits(
        context.division, fitted.answers, interval=interval, chosen_on_val=fitted.chosen_on_val
    )
    warnings = (*fitted.warnings, *measured_warnings(context.division, metrics, fitted.epochs))
    for warning in warnings:
        context.progress.message(f"{name}: {warning.text}")
    return replace(fitted, warnings=warnings), metrics


def explained(
    context: FitContext,
    fitted: FittedRun,
    strategy: ResolvedStrategy,
    metrics: MetricsBySplit,
    warnings: Sequence[Finding],
) -> Model:
    """Return the fitted model with everything that its bundle should say about it."""
    table, resolved = context.division.table, context.resolved
    pretrained = strategy.row.weights == "pretrained"
    network = resolved.need_backbone() if pretrained else resolved.scratch()
    info = BundleInfo(
        architecture=network.name,
        read=fitted.read,
        strategy=BundleStrategy(
            strategy=strategy.kind,
            weights=strategy.row.weights,
            cut=fitted.cut,
            head=fitted.head,
            readout=fitted.readout,
            solved=fitted.solved,
            training=fitted.training,
        ),
        backbone=network.describe() if pretrained else NetworkRecord(name=network.name, source="random weights"),
        versions=versions(),
        measured=metrics,
        data_fingerprint=table.fingerprint(),
        flops=fitted.flops,
        pictures=len(table),
        warnings=(*warnings, *fitted.warnings),
        trained_on=tuple(sorted(table.digests[row][:16] for row in context.division.train)),
    )
    return fitted.model.told(info=info)


def fit_table(
    table: Table,
    request: Request,
    *,
    progress: Progress,
    files: Sequence[Path | NDArray[np.uint8]] | None = None,
    threads: int | None = None,
    split_file: Path | None = None,
    must_measure: bool = True,
) -> Model:
    """Fit the one strategy of `request` without a run folder; what it reached stands in ``model.info.measured``."""
    if request.cut == AUTO:
        raise ConfigError(
            "'cut' is 'auto', which tries several depths, but this makes one classifier.",
            hint="headstart compare DATA --strategies partial --cut auto tries them and keeps each; or name one stage.",
        )
    prepared = prepare(
        table,
        request,
        files=files,
        threads=threads,
        progress=progress,
        split_file=split_file,
        must_measure=must_measure,
    ).with_preferred_engine()
    context, (strategy,) = prepared.context, prepared.resolved.strategies
    fitted = fit_one(context, choose(context), strategy)
    fitted, metrics = measured(context, fitted, strategy.name)
    return explained(context, fitted, strategy, metrics, prepared.warnings)


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
