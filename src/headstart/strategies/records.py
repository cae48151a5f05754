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
from headstart.evidence.optimism import best_of
from headstart.evidence.over_splits import decide_over_splits
from headstart.evidence.paired import compare_pairs
from headstart.evidence.units import numbered
from headstart.evidence.verdict import Candidate, Verdict, decide, more_pictures
from headstart.strategies.fitted import FittedRun
from headstart.strategies.folder import RunFolder
from headstart.strategies.ground import Choices, Ground
from headstart.strategies.learning import forecast_of, learned
from headstart.strategies.measure import read_correct
from headstart.strategies.resample import described
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
        "id": strategy.name,
        "strategy": strategy.name,
        "weights": strategy.weights,
        "cut": fitted.cut,
        "head": "logistic" if strategy.head == "logistic" else fitted.settings.get("head", strategy.head),
        "seed": seed,
        "parameters": {"total": fitted.total, "trained": fitted.trained},
        "flops": fitted.flops,
        "settings": dict(fitted.settings),
        "preprocessing": fitted.model.preprocessing.to_dict(),
        "seconds": dict(seconds),
        "epochs": [dict(epoch) for epoch in fitted.epochs],
        "epochs_on_all": [dict(epoch) for epoch in fitted.epochs_on_all],
        "metrics": dict(metrics),
        "predictions": f"predictions/{strategy.name}.parquet",
        "bundle": f"bundles/{strategy.name}",
        "warnings": list(fitted.warnings),
        # What choosing among the epochs is worth can be told later only from this.
        **({"chosen_among": list(fitted.right_by_epoch)} if fitted.chosen_on_val else {}),
    }


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
    comparisons = compare_pairs(correct, split=split, groups=groups)
    order = {name: place for place, name in enumerate(STRATEGIES)}
    candidates = [
        Candidate(
            id=run["id"],
            accuracy=run["metrics"][split]["accuracy"],
            correct=correct[run["id"]],
            flops=run["flops"],
            trained_parameters=run["parameters"]["trained"],
            order=order[run["strategy"]],
            size=run["parameters"]["total"],
            interval=(low, high),
        )
        for run in runs
        for low, high in [run["metrics"][split]["interval"]]
    ]
    counts = np.bincount(ground.table.labels[ground.table.rows(split)], minlength=len(ground.classes))
    verdict = decide(
        candidates,
        comparisons,
        split=split,
        least_per_class=int(counts.min()),
        chance=float(counts.max() / counts.sum()),
    )
    if resampling is not None and resampling["comparisons"]:
        verdict = _over_splits(candidates, resampling)
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


def _over_splits(candidates: list[Candidate], resampling: Mapping[str, Any]) -> Verdict:
    """Return the verdict on the strategies that were tried over several splits."""
    means = {entry["strategy"]: entry for entry in resampling["strategies"]}
    tried = [
        replace(one, accuracy=means[one.id]["accuracy"], interval=tuple(means[one.id]["interval"]))
        for one in candidates
        if one.id in means
    ]
    return decide_over_splits(
        tried,
        resampling["comparisons"],
        splits=described(resampling),
        pictures=resampling["pictures"],
        chance=resampling["chance"],
    )


def _cpu() -> str:
    """Return the processor's name as the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or os.environ.get("PROCESSOR_IDENTIFIER") or platform.machine()
