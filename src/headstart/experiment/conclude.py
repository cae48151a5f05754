"""results.json: the record of each run, the comparisons, the verdict. The schema is in docs/design.md."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart import __version__
from headstart.base.process import compute_threads, processors
from headstart.evidence.candidate import Candidate
from headstart.evidence.depths import Depth, depths_told
from headstart.evidence.optimism import best_of
from headstart.evidence.over_splits import decide_over_splits
from headstart.evidence.paired import compare_pairs
from headstart.evidence.units import numbered
from headstart.evidence.verdict import LEAST_PER_CLASS, Verdict, decide, more_pictures
from headstart.experiment.folder import RunFolder
from headstart.experiment.ground import Choices, Ground
from headstart.experiment.learning_curve import forecast_of, learned
from headstart.experiment.measure import read_correct
from headstart.experiment.repeated_splits import described
from headstart.strategies.fitted import FittedRun
from headstart.strategies.strategy import STRATEGIES, Strategy
from headstart.table import group_ids
from headstart.tune.choosing import unpacked

SCHEMA = 1
_COUNTED = ("torch", "timm", "torchvision", "accelerate", "numpy", "scipy", "scikit-learn", "pillow")


def run_record(
    strategy: Strategy, fitted: FittedRun, metrics: Mapping[str, Any], seconds: Mapping[str, float], seed: int
) -> dict[str, Any]:
    """Return one entry of `runs`."""
    return {
        **places_of(strategy.name),
        "strategy": strategy.kind,
        "weights": strategy.weights,
        "cut": fitted.cut,
        "head": "logistic" if strategy.head == "logistic" else fitted.settings.get("head", strategy.head),
        "seed": seed,
        "parameters": {"total": fitted.total, "trained": fitted.trained, "remembered": fitted.remembered},
        "flops": fitted.flops,
        "settings": dict(fitted.settings),
        "preprocessing": fitted.model.preprocessing.to_dict(),
        "seconds": dict(seconds),
        "epochs": [dict(epoch) for epoch in fitted.epochs],
        "epochs_on_all": [dict(epoch) for epoch in fitted.epochs_on_all],
        "metrics": dict(metrics),
        "warnings": list(fitted.warnings),
        # What choosing among the epochs is worth can be told later only from this.
        **({"chosen_among": list(fitted.right_by_epoch)} if fitted.chosen_on_val else {}),
    }


def places_of(name: str) -> dict[str, str]:
    """Return what of a record says which run of its folder it is: its id, and where its files are."""
    return {"id": name, "predictions": f"predictions/{name}.parquet", "bundle": f"bundles/{name}"}


def header(ground: Ground, command: str, title: str | None = None) -> dict[str, Any]:
    """Return everything of results.json that is known before the first run."""
    table = ground.table
    return {
        "schema": SCHEMA,
        "headstart": __version__,
        "command": command,
        "seed": ground.request.seed,
        "data": {
            "name": table.root.name,
            "root": str(table.root.resolve()),
            "title": title,
            "fingerprint": table.fingerprint(),
            "classes": list(table.classes),
            "counts": {split: table.counts().get(split, {}) for split in ("train", "val", "test")},
            "skipped": [{"path": skipped.path, "reason": skipped.reason} for skipped in table.skipped],
            "ignored": table.ignored,
        },
        "backbone": ground.backbone.describe() if ground.backbone is not None else None,
        "environment": environment(ground.device),
        "warnings": list(ground.warnings),
    }


def environment(device: str) -> dict[str, Any]:
    """Return what a reader needs to know about the machine and the versions."""
    return {
        "python": platform.python_version(),
        "platform": f"{sys.platform}-{platform.machine()}",
        **versions(),
        "cpu": _cpu(),
        "threads": compute_threads(),
        "cores": processors(),
        "device": device,
    }


def versions() -> dict[str, str]:
    """Return the versions of the packages that numbers hang on."""
    return {name: version(name) for name in _COUNTED}


def conclude(
    ground: Ground,
    folder: RunFolder,
    runs: list[dict[str, Any]],
    choices: Choices | None = None,
    resampling: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return `comparisons` and `verdict` over the finished runs, which `resampling` decides where there is one.

    With `choices` also `learning`.
    """
    split = ground.measured
    correct = {run["id"]: read_correct(folder.path / run["predictions"], ground.classes, split) for run in runs}
    groups = group_ids(ground.table, ground.table.rows(split))
    same = _same_head(runs, correct)
    rivals = {name: answers for name, answers in correct.items() if name not in same}
    comparisons = compare_pairs(rivals, split=split, groups=groups)
    labels = ground.table.labels[ground.table.rows(split)]
    candidates = [replace(one, labels=labels) for one in _candidates(runs, correct, split)]
    counts = np.bincount(labels, minlength=len(ground.classes))
    verdict = decide(
        [one for one in candidates if one.id not in same],
        comparisons,
        split=split,
        least_per_class=int(counts.min()),
        chance=float(counts.max() / counts.sum()),
    ).leaving_out(same)
    if resampling is not None and all(entry["interval"] for entry in resampling["strategies"]):
        same, told = resampling.get("same_as", {}), _means(candidates, resampling)
        verdict = _over_splits(told, resampling)
        verdict = _with_depths(ground, verdict, runs, told, same, resampling["comparisons"])
    elif counts.min() >= LEAST_PER_CLASS:
        verdict = _with_depths(ground, verdict, runs, candidates, same, comparisons)
    entry = None if choices is None else learned(ground, choices, runs, verdict.winner)
    if entry is not None:
        rising, by = (entry["class"] or {}).get("class"), None if entry["run"] == verdict.winner else entry["run"]
        verdict = verdict.followed_by(more_pictures(forecast_of(entry), rising=rising, by=by))
    return {
        "comparisons": comparisons,
        "verdict": verdict.to_dict(),
        "learning": entry,
        "optimism": _optimism(ground, runs, correct, split, groups),
    }


def _candidates(runs: list[dict[str, Any]], correct: Mapping[str, NDArray[np.bool_]], split: str) -> list[Candidate]:
    order = {name: place for place, name in enumerate(STRATEGIES)}
    return [
        Candidate(
            id=run["id"],
            accuracy=run["metrics"][split]["accuracy"],
            correct=correct[run["id"]],
            flops=run["flops"],
            learned=run["parameters"]["trained"] + run["parameters"].get("remembered", 0),
            order=order[run["strategy"]],
            size=run["parameters"]["total"],
            interval=(low, high),
        )
        for run in runs
        for low, high in [run["metrics"][split]["interval"]]
    ]


def _same_head(runs: list[dict[str, Any]], answers: Mapping[str, NDArray[np.bool_]]) -> dict[str, str]:
    """Return which runs kept the solved head, and answer as the first run that has it: they are not others to try."""
    solved = [run for run in runs if run["strategy"] == "linear"]
    solved += [run for run in runs if run["settings"].get("epoch_chosen") == 0]
    found: dict[str, str] = {}
    for at, run in enumerate(solved):
        one = next((other for other in solved[:at] if np.array_equal(answers[other["id"]], answers[run["id"]])), run)
        if one is not run:
            found[run["id"]] = one["id"]
    return found


def _optimism(
    ground: Ground,
    runs: list[dict[str, Any]],
    correct: Mapping[str, NDArray[np.bool_]],
    split: str,
    groups: NDArray[np.str_],
) -> dict[str, Any] | None:
    """Return by how much the best figure is too good where the measuring pictures chose epochs, else None."""
    if not any(run["metrics"][split]["used_for_choosing"] for run in runs):
        return None
    stages = []
    for run in runs:
        answers, n = correct[run["id"]], len(groups)
        stages.append(np.stack([answers, *(unpacked(text, n) for text in run.get("chosen_among") or ())]))
    found = best_of(stages, units=numbered(groups), seed=ground.request.seed)
    looks = sum(len(run.get("chosen_among") or ()) for run in runs)
    told = {"apparent": found.apparent, "expected": found.expected, "optimism": found.optimism}
    return {"split": split, "runs": len(runs), "epochs": looks, **told}


def _means(candidates: list[Candidate], resampling: Mapping[str, Any]) -> list[Candidate]:
    """Return the strategies that were tried over several splits, with what they reached there."""
    means = {entry["strategy"]: entry for entry in resampling["strategies"]}
    return [
        replace(one, accuracy=means[one.id]["accuracy"], interval=tuple(means[one.id]["interval"]))
        for one in candidates
        if one.id in means
    ]


def _over_splits(candidates: list[Candidate], resampling: Mapping[str, Any]) -> Verdict:
    """Return the verdict on the strategies that were tried over several splits."""
    verdict = decide_over_splits(
        [one for one in candidates if one.id not in resampling.get("same_as", {})],
        resampling["comparisons"],
        splits=described(resampling),
        pictures=resampling["pictures"],
        chance=resampling["chance"],
    )
    return verdict.leaving_out(resampling.get("same_as", {}))


def _with_depths(
    ground: Ground,
    verdict: Verdict,
    runs: list[dict[str, Any]],
    candidates: list[Candidate],
    same: Mapping[str, str],
    comparisons: list[dict[str, Any]],
) -> Verdict:
    """Return the verdict with what is said of several depths, if several were tried.

    `same` names those that answer as another does: what was compared of that one holds for them.
    """
    by_id = {one.id: one for one in candidates}
    deep = [run for run in runs if run["id"] in by_id and STRATEGIES[run["strategy"]].trained == "part"]
    if len(deep) < 2:
        return verdict
    stages = [stage.name for stage in ground.need_backbone().stages]
    deep.sort(key=lambda run: -stages.index(run["cut"]) if run["cut"] in stages else 1)
    depths = [
        Depth(run["id"], by_id[same.get(run["id"], run["id"])], run["cut"], run["settings"]["epoch_chosen"] != 0)
        for run in deep
    ]
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
