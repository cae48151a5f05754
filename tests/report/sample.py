"""The sample results, and how tests make others of them: six runs, class names in three scripts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from headstart.records.codec import read_record
from headstart.records.metrics import MetricsBySplit
from headstart.records.record import changed
from headstart.records.results import RepeatedSplits, Results, StrategyOverSplits
from headstart.records.run import RunRecord

SAMPLE = Path(__file__).parent / "sample_results.json"


def sample_results() -> Results:
    """Return a realistic results.json."""
    return read_record(SAMPLE, Results, schema=2)


def run_of(results: Results, name: str) -> RunRecord:
    """Return the run called `name`."""
    found = results.run(name)
    assert found is not None
    return found


def with_runs(results: Results, change: Callable[[RunRecord], RunRecord]) -> Results:
    """Return the results with every run changed."""
    return changed(results, runs=tuple(map(change, results.runs)))


def with_run(results: Results, name: str, **values: object) -> Results:
    """Return the results with other `values` of one run."""
    return with_runs(results, lambda run: changed(run, **values) if run.id == name else run)


def measured_as(run: RunRecord, **values: object) -> RunRecord:
    """Return a run with other `values` of what it reached on test."""
    assert run.metrics.test is not None
    return changed(run, metrics=MetricsBySplit(test=changed(run.metrics.test, **values)))


def with_verdict(results: Results, **values: object) -> Results:
    """Return the results with other `values` of their verdict."""
    return changed(results, verdict=changed(results.verdict, **values))


def over_splits(means: dict[str, float], *, folds: int | None = 5, seeds: int = 4) -> RepeatedSplits:
    """Return what several splits gave: these means, each ± 0.05."""
    strategies = tuple(
        StrategyOverSplits(
            strategy=name,
            accuracy=mean,
            interval=(mean - 0.05, mean + 0.05),
            lowest=mean - 0.1,
            highest=mean + 0.1,
            spread_over_splits=0.01,
            spread_over_seeds=None,
            seconds=1.0,
        )
        for name, mean in means.items()
    )
    return RepeatedSplits(
        folds=folds,
        seeds=seeds,
        pictures=600,
        least_per_class=30,
        chance=0.4,
        train=450,
        test=150,
        strategies=strategies,
        runs=(),
        same_as={},
        comparisons=(),
    )
