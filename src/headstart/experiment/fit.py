"""Fitting one strategy: the fit itself, what it reached, and what its bundle should say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from headstart.base.errors import ConfigError
from headstart.base.options import AUTO
from headstart.bundle import Model
from headstart.experiment.conclude import (
    versions,
)
from headstart.experiment.framing_choice import choose
from headstart.experiment.measure import measure_splits, measured_warnings
from headstart.experiment.prepare import prepare
from headstart.experiment.request import Request
from headstart.pixels.decode import Source
from headstart.records.bundle import BundleInfo, BundleStrategy
from headstart.records.environment import NetworkRecord
from headstart.records.findings import Finding
from headstart.records.metrics import MetricsBySplit
from headstart.records.progress import Progress
from headstart.strategies.context import FitContext
from headstart.strategies.fit_head import fit_head
from headstart.strategies.fitted import FittedRun
from headstart.strategies.resolved import Choices, Resolved, ResolvedStrategy
from headstart.table import Table, tell_skipped


def network_record(resolved: Resolved) -> NetworkRecord | None:
    """Return what is told of the pre-trained network."""
    return None if resolved.backbone is None else resolved.backbone.record


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
    metrics = measure_splits(context.division, fitted.answers, interval=interval, chosen_on_val=fitted.chosen_on_val)
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
    if pretrained:
        network = resolved.need_backbone().record
    else:
        network = NetworkRecord(name=resolved.scratch_name, source="random weights")
    info = BundleInfo(
        architecture=network.name,
        read=fitted.read,
        beside=fitted.beside,
        strategy=BundleStrategy(
            strategy=strategy.kind,
            weights=strategy.row.weights,
            cut=fitted.cut,
            head=fitted.head,
            readout=fitted.readout,
            solved=fitted.solved,
            training=fitted.training,
        ),
        backbone=network,
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
    files: Sequence[Source] | None = None,
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
    tell_skipped(prepared.table, progress)
    context, (strategy,) = prepared.context, prepared.resolved.strategies
    fitted = fit_one(context, choose(context), strategy)
    fitted, metrics = measured(context, fitted, strategy.name)
    return explained(context, fitted, strategy, metrics, prepared.warnings_seen(fitted.model.preprocessing))
