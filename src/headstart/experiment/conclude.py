"""What may be said of the finished runs: their records, the comparisons, the verdict."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headstart.base.process import compute_threads, processors
from headstart.evidence.candidate import Candidate
from headstart.evidence.depths import Depth, depths_told
from headstart.evidence.judging import Balanced, Judges
from headstart.evidence.optimism import best_of
from headstart.evidence.over_splits import decide_over_splits
from headstart.evidence.paired import compare_pairs
from headstart.evidence.units import numbered
from headstart.evidence.verdict import Verdict, decide
from headstart.experiment.folder import RunFolder
from headstart.experiment.learning_curve import learned
from headstart.experiment.prepare import Prepared
from headstart.records.comparison import Comparison, SplitsComparison
from headstart.records.environment import Environment
from headstart.records.forecast import LearningRecord
from headstart.records.metrics import Metrics, MetricsBySplit
from headstart.records.preprocessing import Decoding
from headstart.records.results import Data, RepeatedSplits
from headstart.records.run import RunRecord, Seconds
from headstart.records.verdict import Optimism, VerdictRecord
from headstart.strategies.fitted import FittedRun
from headstart.strategies.resolved import Choices, ResolvedStrategy
from headstart.strategies.strategy import RIVALS, strategy_of, table_order
from headstart.table import Table, group_ids
from headstart.table.kinds import skipped_records
from headstart.tune.choosing import unpacked
from headstart.words.verdict import USUAL_FOLDS, verdict_record

_COUNTED = ("torch", "timm", "torchvision", "accelerate", "numpy", "scipy", "scikit-learn", "pillow")


def run_record(
    strategy: ResolvedStrategy, fitted: FittedRun, metrics: MetricsBySplit, seconds: Seconds, seed: int
) -> RunRecord:
    """Return one entry of `runs`."""
    return RunRecord(
        id=strategy.name,
        strategy=strategy.kind,
        weights=strategy.row.weights,
        cut=fitted.cut,
        head=fitted.head,
        seed=seed,
        readout=fitted.readout,
        parameters=fitted.parameters,
        flops=fitted.flops,
        preprocessing=fitted.model.preprocessing,
        seconds=seconds,
        metrics=metrics,
        predictions=f"predictions/{strategy.name}.parquet",
        bundle=f"bundles/{strategy.name}",
        solved=fitted.solved,
        training=fitted.training,
        epochs=fitted.epochs,
        epochs_on_all=fitted.epochs_on_all,
        warnings=fitted.warnings,
    )


def data_record(table: Table, decoding: Decoding, title: str | None = None) -> Data:
    """Return what is told of the pictures, and by which rules they were decoded."""
    counts = table.counts()
    return Data(
        name=table.root.name,
        root=str(table.root.resolve()),
        title=title,
        fingerprint=table.fingerprint(),
        classes=tuple(table.classes),
        counts={split: dict(counts.get(split, {})) for split in ("train", "val", "test")},
        skipped=skipped_records(table.skipped),
        ignored=sum(not one.picture for one in table.skipped),
        decoding=decoding,
    )


def environment(device: str) -> Environment:
    """Return what a reader needs to know about the machine and the versions."""
    return Environment(
        python=platform.python_version(),
        platform=f"{sys.platform}-{platform.machine()}",
        versions=versions(),
        cpu=_cpu(),
        threads=compute_threads(),
        cores=processors(),
        device=device,
    )


def versions() -> dict[str, str]:
    """Return the versions of the packages that numbers hang on."""
    return {name: version(name) for name in _COUNTED}


@dataclass(frozen=True)
class Conclusion:
    """What the finished runs say together."""

    comparisons: tuple[Comparison, ...]
    verdict: VerdictRecord
    learning: LearningRecord | None
    optimism: Optimism | None


def conclude(
    prepared: Prepared,
    runs: Sequence[RunRecord],
    correct: Mapping[str, NDArray[np.bool_]],
    choices: Choices | None = None,
    repeated: RepeatedSplits | None = None,
) -> Conclusion:
    """Return comparisons and verdict over the finished runs, which repeated splits decide where there are any.

    Parameters
    ----------
    correct : mapping of run to array of bool
        Which of the measuring pictures each run answered right.
    choices : Choices, optional
        Given, it is also found out what more training pictures would bring.
    """
    division = prepared.division
    split, rows = division.measuring, division.measured_rows()
    groups = group_ids(division.table, rows)
    same = _same_head(runs, correct)
    comparisons = compare_pairs(
        {name: answers for name, answers in correct.items() if name not in same}, split=split, groups=groups
    )
    candidates, judges = _candidates(prepared, runs, correct), division.judges()
    verdict = decide(
        [one for one in candidates if one.id not in same],
        comparisons,
        split=split,
        judges=judges,
        remedy="folds" if division.judges(division.pool()).least >= USUAL_FOLDS else "pictures",
    ).leaving_out(same)
    over_splits = repeated is not None and repeated.decides
    if repeated is not None and repeated.decides:
        told = _means(candidates, repeated)
        verdict = _over_splits(told, repeated, division.judges(division.pool()))
        verdict = _with_depths(prepared, verdict, runs, told, repeated.same_as, repeated.comparisons)
    elif judges.enough:
        verdict = _with_depths(prepared, verdict, runs, candidates, same, comparisons)
    learning = None if choices is None else learned(prepared.context, choices, runs, verdict.winner)
    winner = next((run for run in runs if run.id == verdict.winner), None)
    return Conclusion(
        comparisons=comparisons,
        verdict=verdict_record(
            verdict,
            measured=None if winner is None else winner.metrics.of(split),
            classes=() if over_splits else division.classes,
            judges=judges,
            learning=learning,
        ),
        learning=learning,
        optimism=_optimism(prepared, runs, correct, groups),
    )


def read_correct(folder: RunFolder, prepared: Prepared, run: str) -> NDArray[np.bool_]:
    """Return which pictures of the measuring split a stored run answered right, in stored order. Raises StoreError."""
    return folder.predictions(run).read(prepared.division.classes, prepared.division.measuring).correct


def _measured(prepared: Prepared, run: RunRecord) -> Metrics:
    found = run.metrics.of(prepared.division.measuring)
    if found is None:
        raise RuntimeError(f"'{run.id}' was not measured")
    return found


def _candidates(
    prepared: Prepared, runs: Sequence[RunRecord], correct: Mapping[str, NDArray[np.bool_]]
) -> list[Candidate]:
    found = [(run, _measured(prepared, run)) for run in runs]
    return [
        Candidate(
            id=run.id,
            accuracy=measured.accuracy,
            correct=correct[run.id],
            flops=run.flops,
            learned=run.parameters.trained + run.parameters.remembered,
            order=table_order(run.strategy),
            size=run.parameters.total,
            interval=measured.interval,
            balanced=Balanced.of(measured),
        )
        for run, measured in found
    ]


def _same_head(runs: Sequence[RunRecord], answers: Mapping[str, NDArray[np.bool_]]) -> dict[str, str]:
    """Return which runs kept the solved head, and answer as the first run that has it: they are not others to try."""
    solved = [run for run in runs if run.strategy in {row.name for row in RIVALS}]
    found: dict[str, str] = {}
    for run in (run for run in runs if run.kept_solved_head):
        one = next((other for other in solved if np.array_equal(answers[other.id], answers[run.id])), None)
        if one is None:
            solved.append(run)
        else:
            found[run.id] = one.id
    return found


def _optimism(
    prepared: Prepared,
    runs: Sequence[RunRecord],
    correct: Mapping[str, NDArray[np.bool_]],
    groups: NDArray[np.str_],
) -> Optimism | None:
    """Return by how much the best figure is too good where the measuring pictures chose epochs, else None."""
    if not any(_measured(prepared, run).used_for_choosing for run in runs):
        return None
    stages, looks = [], 0
    for run in runs:
        among = run.training.chosen_among if run.training is not None else ()
        stages.append(np.stack([correct[run.id], *(unpacked(text, len(groups)) for text in among)]))
        looks += len(among)
    found = best_of(stages, units=numbered(groups), seed=prepared.division.seed)
    return Optimism(
        split=prepared.division.measuring,
        runs=len(runs),
        epochs=looks,
        apparent=found.apparent,
        expected=found.expected,
        optimism=found.optimism,
    )


def _means(candidates: Sequence[Candidate], repeated: RepeatedSplits) -> list[Candidate]:
    """Return the strategies that were tried over several splits, with what they reached there."""
    found = [(one, repeated.of(one.id)) for one in candidates]
    return [replace(one, accuracy=mean.accuracy, interval=mean.interval) for one, mean in found if mean is not None]


def _over_splits(candidates: Sequence[Candidate], repeated: RepeatedSplits, judges: Judges) -> Verdict:
    """Return the verdict on the strategies that were tried over several splits."""
    verdict = decide_over_splits(
        [one for one in candidates if one.id not in repeated.same_as],
        repeated.comparisons,
        folds=repeated.folds,
        seeds=repeated.seeds,
        judges=judges,
    )
    return verdict.leaving_out(repeated.same_as)


def _with_depths(
    prepared: Prepared,
    verdict: Verdict,
    runs: Sequence[RunRecord],
    candidates: Sequence[Candidate],
    same: Mapping[str, str],
    comparisons: Sequence[Comparison] | Sequence[SplitsComparison],
) -> Verdict:
    """Return the verdict with what is said of several depths, if several were tried.

    `same` names those that answer as another does: what was compared of that one holds for them.
    """
    by_id = {one.id: one for one in candidates}
    deep = [run for run in runs if run.id in by_id and strategy_of(run.strategy).trains == "part"]
    if len(deep) < 2:
        return verdict
    stages = [stage.name for stage in prepared.resolved.need_backbone().stages]
    deep.sort(key=lambda run: -stages.index(run.cut) if run.cut in stages else 1)
    depths = [Depth(run.id, by_id[same.get(run.id, run.id)], run.cut, not run.kept_solved_head) for run in deep]
    return verdict.followed_by(depths_told(depths, comparisons))


def _cpu() -> str:
    """Return the processor's name as the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or os.environ.get("PROCESSOR_IDENTIFIER") or platform.machine()
