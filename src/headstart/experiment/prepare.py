"""From a table as it was read to pictures that can be learned from: decoded, divided, resolved."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from headstart.backbones import Backbone
from headstart.base.errors import ConfigError, DataError
from headstart.base.process import thread_budget
from headstart.experiment.framing_choice import undecided
from headstart.experiment.networks import EngineCandidate, networks, worth_keeping
from headstart.experiment.passes import Costs, Pictures, PixelPasses
from headstart.experiment.request import Request
from headstart.experiment.resolve import resolve
from headstart.pixels import PixelStore, common_decoding
from headstart.pixels.decode import Source
from headstart.records.findings import Finding
from headstart.records.plan import Engine, PlanRecord
from headstart.records.preprocessing import RULES, Decoding, Preprocessing
from headstart.records.progress import Progress
from headstart.strategies.context import FitContext
from headstart.strategies.division import Division
from headstart.strategies.resolved import Resolved
from headstart.table import Table, apply_split_file, check_trainable, warn_of_copies, with_splits
from headstart.words.reading import apart_from_cropping, read_findings, tell_reading, told_by_reading


@dataclass(frozen=True, eq=False)
class Prepared:
    """An experiment with its pictures decoded and divided and every question answered.

    Parameters
    ----------
    request : Request
    context : FitContext
    passes : PixelPasses
        Those of the context.
    warnings : tuple of Finding
        What a reader of any figure must know about the pictures.
    decode_rate : float, optional
        Seconds a picture that decoding is expected to take; None where it is done.
    """

    request: Request
    context: FitContext
    passes: PixelPasses
    warnings: tuple[Finding, ...] = ()
    decode_rate: float | None = None

    @classmethod
    def of(
        cls,
        request: Request,
        resolved: Resolved,
        division: Division,
        pictures: Pictures,
        progress: Progress,
        *,
        costs: Costs | None = None,
        decode_rate: float | None = None,
        read: tuple[Finding, ...] = (),
    ) -> Prepared:
        """Return all that a fit works with, put together; `read`: how the pictures were read."""
        passes = PixelPasses(pictures, division, resolved, progress, costs or Costs())
        context = FitContext(division, resolved, passes, pictures, progress)
        told = (*division.table.findings, *warn_of_copies(division.table), *read)
        return cls(request, context, passes, told, decode_rate)

    @property
    def division(self) -> Division:
        """Which pictures learn, choose and measure."""
        return self.context.division

    @property
    def resolved(self) -> Resolved:
        """What was asked for, with nothing left open."""
        return self.context.resolved

    @property
    def table(self) -> Table:
        """The usable pictures."""
        return self.division.table

    def with_engine(self, engine: Engine) -> Prepared:
        """Return the same with another engine for the frozen passes."""
        return self._on(self.resolved.with_engine(engine), self.context.progress)

    def with_preferred_engine(self) -> Prepared:
        """Return the same with the engine that is fast here."""
        if self.resolved.backbone is None:
            return self
        return self.with_engine(self.passes.preferred_engine(undecided(self.context)))

    def warnings_seen(self, preprocessing: Preprocessing) -> tuple[Finding, ...]:
        """Return those of the warnings that hold for pictures which are framed so."""
        return apart_from_cropping(self.warnings, preprocessing.framing)

    def continued_from(self, before: dict[str, float]) -> Prepared:
        """Return the same, of which shared steps have taken so long already."""
        passes = replace(self.passes, costs=replace(self.passes.costs, before=before))
        return replace(self, passes=passes, context=replace(self.context, passes=passes))

    def heard_by(self, progress: Progress) -> Prepared:
        """Return the same with another listener."""
        return self._on(self.resolved, progress)

    def _on(self, resolved: Resolved, progress: Progress) -> Prepared:
        passes = replace(self.passes, resolved=resolved, progress=progress)
        context = replace(self.context, resolved=resolved, passes=passes, progress=progress)
        return replace(self, passes=passes, context=context)

    def engine_candidate(self) -> EngineCandidate | None:
        """Return what `EngineCandidate.keep` needs, if the network is worth keeping."""
        backbone = self.resolved.backbone
        if backbone is None or not worth_keeping(self.request, backbone, self.resolved.device):
            return None
        return EngineCandidate(self.request, backbone, self.passes.squares(backbone.preprocessing))


def prepare(
    table: Table,
    request: Request,
    *,
    files: Sequence[Source] | None = None,
    threads: int | None,
    progress: Progress,
    split_file: Path | None = None,
    must_measure: bool = True,
    plan: PlanRecord | None = None,
    loaded: Backbone | None = None,
) -> Prepared:
    """Decode every picture once, set the faulty ones aside, split, load the backbone, resolve.

    Parameters
    ----------
    table : Table
        As read; splits may still be open.
    files : sequence, optional
        Where the pictures are, if not in the table's files: what an estimator was given.
    split_file : Path, optional
        Divide the pictures as this file says.
    must_measure : bool
        Hold pictures out to measure on, if the data does not say which.
    plan : PlanRecord, optional
        Of the run folder, where the experiment was begun before.
    loaded : Backbone, optional
        The pre-trained network, if it is there already.

    Raises
    ------
    DataError
        If the pictures cannot be used as they are.
    ConfigError
        If they would have to be decoded to another side than before.
    """
    found = networks(request, loaded)
    before = None if plan is None else plan.preprocessing.decode_side
    if before not in (None, found.side):
        raise ConfigError(
            f"With {', '.join(request.strategies)} together, pictures are stored at {found.side} pixels; those in the "
            f"run folder were stored at {before}.",
            hint="Compare all of them on equal terms: start again in another folder with --out.",
        )
    sources = [table.file(row) for row in range(len(table))] if files is None else list(files)
    begin, number = time.perf_counter(), thread_budget(threads)
    found = found.decoded_by(_decoding(sources, plan, number, progress))
    store = PixelStore.build(
        sources, table.digests, short_side=found.side, decoding=found.decoding, threads=number, progress=progress
    )
    costs = Costs(decode=time.perf_counter() - begin)
    usable, pictures = _usable(table, store, request, split_file, must_measure=must_measure)
    drawn = not table.divided and split_file is None
    division = division_of(usable, request, drawn=drawn)
    resolved = resolve(request, found, len(usable), plan)
    notes = ((table.paths[row], said) for row, said in sorted(store.notes.items()))
    labels = [table.classes[label] for label in table.labels]
    given_away = told_by_reading(((labels[row], said) for row, said in store.notes.items()), labels)
    read = (*given_away, *read_findings(notes, white=found.decoding.white))
    prepared = Prepared.of(request, resolved, division, pictures, progress, costs=costs, read=read)
    tell_reading(apart_from_cropping(prepared.warnings), progress)
    return prepared


def _decoding(sources: Sequence[Source], plan: PlanRecord | None, threads: int, progress: Progress) -> Decoding:
    """Return by which rules the pictures are decoded: those of the plan, if they were decoded before."""
    if plan is None:
        return common_decoding(sources, threads=threads, progress=progress)
    if plan.decoding.rule != RULES.rule:
        raise ConfigError(
            "The pictures of this run folder were read by other rules, of an earlier headstart.",
            hint="Compare all strategies on equal terms: start again in another folder with --out.",
        )
    return plan.decoding  # of the same pictures: others are refused


def division_of(table: Table, request: Request, *, drawn: bool) -> Division:
    """Return which pictures of a table learn, choose and measure in this experiment."""
    return Division.of(
        table, seed=request.seed, choose_on_val=request.select == "val", choose=not request.fixed, drawn=drawn
    )


def _usable(
    table: Table,
    store: PixelStore,
    request: Request,
    split_file: Path | None,
    *,
    must_measure: bool,
) -> tuple[Table, Pictures]:
    """Return the pictures that can be read, with their splits."""
    faulty = dict(store.faulty)
    kept = np.array([row for row in range(len(table)) if row not in faulty], np.int64)
    if not len(kept):
        raise DataError(
            f"None of the {len(table)} pictures of '{table.root}' can be read.",
            hint="The first: " + "; ".join(f"{table.paths[row]}: {faulty[row]}" for row in sorted(faulty)[:3]) + ".",
        )
    if faulty and not must_measure:
        row = min(faulty)
        raise DataError(
            f"{len(faulty)} of {len(table)} pictures cannot be read, first '{table.paths[row]}' ({faulty[row]}).",
            hint="Leave them out of the pictures and labels.",
        )
    return divided(table, table.without(faulty), request, split_file, must_measure=must_measure), Pictures(store, kept)


def divided(table: Table, usable: Table, request: Request, split_file: Path | None, *, must_measure: bool) -> Table:
    """Return the usable pictures of `table` with their splits, checked."""
    if split_file is not None:
        usable = apply_split_file(usable, split_file)
    elif must_measure and not table.divided:
        usable = with_splits(usable, seed=request.seed)
    check_trainable(usable)
    if must_measure and not usable.divided:
        raise DataError(
            f"No readable picture of '{table.root}' is held out to measure on.",
            hint="Give some rows the split val or test, or leave the split out: headstart then draws one.",
        )
    if request.select == "val" and not len(usable.rows("val")):
        raise ConfigError(
            f"'select' is 'val', but '{table.root}' has no val pictures.",
            hint="Leave --select out: epochs are then chosen inside train.",
        )
    return usable
