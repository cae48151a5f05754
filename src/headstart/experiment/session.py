"""One experiment under way: every strategy fitted, measured and kept, and results written after each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart.base.version import __version__
from headstart.experiment.budget import Budget, OutOfTimeError
from headstart.experiment.conclude import (
    conclude,
    data_record,
    environment,
    read_correct,
    run_record,
)
from headstart.experiment.cuts import named
from headstart.experiment.fit import explained, fit_one, measured, network_record
from headstart.experiment.folder import Logged, RunFolder
from headstart.experiment.measure import write_predictions
from headstart.experiment.networks import EngineCandidate
from headstart.experiment.plan import CURVE, over_splits_name, with_actual
from headstart.experiment.prepare import Prepared
from headstart.experiment.repeated_splits import repeat
from headstart.experiment.request import Request
from headstart.experiment.training_cache import told, training_of
from headstart.explain.feature_map import write_map
from headstart.records.columns import MapFile
from headstart.records.plan import Chosen, PlanRecord, SplitsAsked
from headstart.records.results import NotRun, RecipeRecord, RepeatedSplits, Results
from headstart.records.run import RunRecord, Seconds
from headstart.strategies.resolved import Choices, ResolvedStrategy
from headstart.strategies.strategy import STRATEGIES

_LOOKS = ("framing", "augment", "features")  # shared steps whose real cost says how fast this machine is


class Ended(NamedTuple):
    """An experiment that came to its end, and its network if nothing of it is kept for the next one."""

    results: Results
    engine_candidate: EngineCandidate | None


@dataclass(frozen=True, eq=False)
class Told:
    """What results.json tells of an experiment beside what was found."""

    command: str
    title: str | None
    recipe: RecipeRecord | None


@dataclass(frozen=True)
class Late:
    """A strategy for which the time was too short: what it was expected to take, and whether it was begun."""

    seconds: float | None
    begun: bool


@dataclass(frozen=True, eq=False)
class Session:
    """One experiment under way: what every strategy of it is fitted, measured and kept with."""

    prepared: Prepared
    choices: Choices
    folder: RunFolder
    plan: PlanRecord
    clock: Budget
    listener: Logged
    told: Told

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
        strategies = [named(name, self.prepared.request, self.prepared.resolved.backbone) for name in asked.strategies]
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
        warnings = self.prepared.warnings_seen(fitted.model.preprocessing)
        model = explained(context, fitted, strategy, metrics, warnings)
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
        concluded = conclude(prepared, runs, own, choices, repeated)
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
            data=data_record(prepared.table, prepared.resolved.decoding, self.told.title),
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
            warnings=prepared.warnings_seen(plan.preprocessing),
        )
        return folder.write_results(results)
