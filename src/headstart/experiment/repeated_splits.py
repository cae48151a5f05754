"""Repeated cross-validation beside the one split: every picture held out once for each seed, or several random splits.

Each division of the pictures is an experiment of its own, in which all that is chosen is chosen inside its training
part: strength, readout, epoch. Only framing and augmentation are those of the whole experiment. What the frozen
network says of the pictures is taken from its one pass, so heads cost nothing but their solving.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart.base.errors import ConfigError, HeadstartError
from headstart.base.streams import stream_seed
from headstart.evidence.metrics import accuracy, log_loss
from headstart.evidence.over_splits import compare_over_splits, mean_over_splits
from headstart.experiment.fit import fit_one
from headstart.experiment.folder import RunFolder
from headstart.experiment.passes import PartPasses, PixelPasses
from headstart.experiment.prepare import Prepared
from headstart.experiment.request import Request
from headstart.records.codec import read_record, write_record
from headstart.records.plan import PlanRecord, SplitsAsked
from headstart.records.progress import Silent
from headstart.records.record import Count, Duration, Figure, Record, Scalar, Share, Whole, changed, named_values
from headstart.records.results import RepeatedSplits, SplitRun
from headstart.records.run import Readout
from headstart.strategies.context import FitContext
from headstart.strategies.division import Division
from headstart.strategies.resolved import Choices, ResolvedStrategy
from headstart.strategies.strategy import RIVALS, in_order
from headstart.table import folds, group_ids, hold_out
from headstart.words.measured import splits_text

SHARE = 0.25  # is held out in each split, where there are no folds


class Split(NamedTuple):
    """Rows of the table to learn from and to measure on; `root` is the seed of all that is drawn by lot in it."""

    seed: int
    fold: int
    root: int
    train: NDArray[np.int64]
    held: NDArray[np.int64]


class StoredSplitRun(Record):
    """One strategy in one split, as the run folder keeps it; `wrong` are the pictures that it answered wrong."""

    folds: Count | None
    seeds: Count
    strategy: str
    seed: Whole
    fold: Count
    train: Count
    test: Count
    accuracy: Share
    loss: Figure
    readout: Readout
    settings: dict[str, Scalar]
    epoch_chosen: Count | None
    kept_solved_head: bool
    seconds: Duration
    wrong: tuple[str, ...]

    def told(self) -> SplitRun:
        """Return what results.json tells of it."""
        values = named_values(self)
        return SplitRun(**{name: values[name] for name in SplitRun.__struct_fields__})  # type: ignore[arg-type]


def asked_for(request: Request, folder: RunFolder) -> SplitsAsked | None:
    """Return how often the pictures are divided in this folder, None where they are not.

    Raises
    ------
    ConfigError
        If they are divided otherwise there already: who tries until a strategy wins has chosen by the result.
    """
    plan = folder.plan()
    standing = None if plan is None else plan.repeated_splits
    if request.folds is None and request.seeds is None:
        return standing
    asked = SplitsAsked(folds=request.folds, seeds=request.seeds or 1, strategies=request.strategies)
    if standing is None:
        return asked
    if (standing.folds, standing.seeds) != (asked.folds, asked.seeds):
        raise ConfigError(
            f"'{folder.path}' holds results of {splits_text(standing)}, not of {splits_text(asked)}.",
            hint="Give the same --folds and --seeds, or choose another run folder with --out.",
        )
    return changed(asked, strategies=in_order([*standing.strategies, *request.strategies]))


def noted(prepared: Prepared, folder: RunFolder, plan: PlanRecord, asked: SplitsAsked | None) -> PlanRecord:
    """Return the plan with what is asked for, written; what cannot be divided is said now, before the work."""
    if asked is None:
        return plan
    splits_of(prepared, asked)
    plan = changed(plan, repeated_splits=asked)
    folder.write_plan(plan)
    return plan


def splits_of(prepared: Prepared, asked: SplitsAsked) -> list[Split]:
    """Return all splits, seed by seed.

    Raises
    ------
    ConfigError
        If a class has too few pictures, or too few groups, for so many folds.
    """
    division = prepared.division
    rows, root = division.pool(), division.seed
    labels, groups = division.labels[rows], group_ids(division.table, rows)
    named, found = division.table.groups[rows] != "", list[Split]()
    for seed in range(asked.seeds):
        own = stream_seed(root, "resampling", seed)
        for fold, held in enumerate(_held(labels, groups, named, asked.folds, own)):
            _check_learnable(labels[~held], groups[~held], division.classes)
            found.append(Split(seed, fold, own, rows[~held], rows[held]))
    return found


def _held(
    labels: NDArray[np.int64], groups: NDArray[np.str_], named: NDArray[np.bool_], number: int | None, seed: int
) -> Iterator[NDArray[np.bool_]]:
    smallest = int(np.bincount(labels).min())
    if number is None:
        held = hold_out(labels, groups, named, seed=seed, share=SHARE, least=1)
        if held is None:
            raise ConfigError(
                "A quarter of the pictures of every class cannot be held out.",
                hint="Every class needs at least three pictures, in small groups; else leave --seeds out.",
            )
        yield held
        return
    if number > smallest:
        raise ConfigError(
            f"The smallest class has {smallest} pictures, too few for {number} folds.",
            hint=(f"Give --folds {smallest} at most, or add" if smallest > 2 else "Add") + " pictures of that class.",
        )
    own = folds(labels, groups, seed=seed, n=number)
    for fold in np.unique(own):
        yield own == fold


def _check_learnable(labels: NDArray[np.int64], groups: NDArray[np.str_], classes: Sequence[str]) -> None:
    counts = np.bincount(labels, minlength=len(classes))
    if counts.min() < 2 or len(np.unique(groups)) < 2:
        name = classes[int(counts.argmin())]
        raise ConfigError(
            f"In one of the splits only {counts.min()} pictures of '{name}' are left to learn from.",
            hint="Give another number of --folds, more pictures, or smaller groups.",
        )


def repeat(
    prepared: Prepared, choices: Choices, folder: RunFolder, asked: SplitsAsked, strategies: Sequence[ResolvedStrategy]
) -> RepeatedSplits:
    """Return what several splits say; what stands in the folder already is not done again."""
    every = splits_of(prepared, asked)
    runs = []
    for strategy in strategies:
        with prepared.context.progress.step(f"{strategy.name} over {splits_text(asked)}", len(every), "splits") as step:
            for split in every:
                runs.append(_run(prepared, choices, folder, asked, strategy, split))
                step.advance()
    return _summary(prepared, asked, every, runs)


def part_of(prepared: Prepared, split: Split, strategy: ResolvedStrategy) -> tuple[FitContext, NDArray[np.int64]]:
    """Return what a fit in one split works with, and which rows of the whole table its own are."""
    whole = prepared.passes
    rows = np.sort(np.concatenate([split.train, split.held]))
    splits = np.where(np.isin(rows, split.held), "test", "train")
    table = replace(prepared.table.only(rows), splits=splits)
    division = Division.of(table, seed=split.root, choose=not prepared.request.fixed)
    resolved = prepared.resolved.reseeded(split.root, len(table))
    pictures = whole.pictures.only(rows)
    progress = Silent() if strategy.solves else prepared.context.progress
    own = PixelPasses(pictures, division, resolved, progress)
    return FitContext(division, resolved, PartPasses(whole, own, rows), pictures, progress), rows


def _run(
    prepared: Prepared,
    choices: Choices,
    folder: RunFolder,
    asked: SplitsAsked,
    strategy: ResolvedStrategy,
    split: Split,
) -> StoredSplitRun:
    """Return how one strategy did in one split, from the folder or anew."""
    name = f"{strategy.name}-s{split.seed}-f{split.fold}"
    path = folder.path / "repeated_splits" / f"{name}.json"
    record = _standing(path, asked)
    if record is None:
        begin = time.perf_counter()
        context, own = part_of(prepared, split, strategy)
        division = context.division
        fitted = fit_one(context, choices, strategy, checkpoint=folder.checkpoint(name))
        labels, named = division.labels[division.held_out], fitted.probabilities.argmax(axis=1)
        wrong = own[division.held_out][named != labels]
        record = StoredSplitRun(
            folds=asked.folds,
            seeds=asked.seeds,
            strategy=strategy.name,
            seed=split.seed,
            fold=split.fold,
            train=len(division.train),
            test=len(labels),
            accuracy=accuracy(labels, named),
            loss=log_loss(labels, fitted.probabilities),
            readout=fitted.readout,
            settings=fitted.solved.settings if fitted.solved else {},
            epoch_chosen=fitted.training.epoch_chosen if fitted.training else None,
            kept_solved_head=fitted.training is not None and fitted.training.kept_solved_head,
            seconds=time.perf_counter() - begin,
            wrong=tuple(prepared.table.paths[row] for row in wrong),
        )
        write_record(path, record)
    folder.drop_checkpoint(name)
    return record


def _standing(path: Path, asked: SplitsAsked) -> StoredSplitRun | None:
    try:
        record = read_record(path, StoredSplitRun)
    except (HeadstartError, OSError):
        return None
    return record if (record.folds, record.seeds) == (asked.folds, asked.seeds) else None


def _summary(
    prepared: Prepared, asked: SplitsAsked, every: Sequence[Split], runs: Sequence[StoredSplitRun]
) -> RepeatedSplits:
    """Return what was found: each split's figures, each strategy's mean and spread, the pairs."""
    division = prepared.division
    labels = division.labels[division.pool()]
    counts = np.bincount(labels, minlength=len(division.classes))
    train = round(float(np.mean([len(one.train) for one in every])))
    test = round(float(np.mean([len(one.held) for one in every])))
    own = {name: [run for run in runs if run.strategy == name] for name in dict.fromkeys(run.strategy for run in runs)}
    accuracies = {name: np.array([run.accuracy for run in found]) for name, found in own.items()}
    same = same_head(runs)
    rivals = {name: values for name, values in accuracies.items() if name not in same}
    return RepeatedSplits(
        folds=asked.folds,
        seeds=asked.seeds,
        pictures=len(labels),
        least_per_class=int(counts.min()),
        chance=float(counts.max() / counts.sum()),
        train=train,
        test=test,
        strategies=tuple(
            mean_over_splits(
                values.reshape(asked.seeds, -1),
                strategy=name,
                seconds=sum(run.seconds for run in own[name]),
                train=train,
                test=test,
            )
            for name, values in accuracies.items()
        ),
        runs=tuple(run.told() for run in runs),
        same_as=same,
        comparisons=compare_over_splits(rivals, train=train, test=test) if len(every) > 1 else (),
    )


def same_head(runs: Sequence[StoredSplitRun]) -> dict[str, str]:
    """Return which strategies kept the solved head in every split, and erred on the same pictures as the first such."""
    found: dict[str, str] = {}
    solved: dict[str, list[tuple[str, ...]]] = {}
    for name in dict.fromkeys(run.strategy for run in runs):
        own = [run for run in runs if run.strategy == name]
        wrong = [run.wrong for run in own]
        if name in {row.name for row in RIVALS}:
            solved[name] = wrong
        elif all(run.kept_solved_head for run in own):
            one = next((other for other, errors in solved.items() if errors == wrong), None)
            if one is None:
                solved[name] = wrong
            else:
                found[name] = one
    return found
