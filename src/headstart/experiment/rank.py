"""Which pre-trained network to take: one frozen pass of each over the same training pictures, the same head on all."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.base.errors import ConfigError
from headstart.base.types import softmax
from headstart.evidence.candidate import Candidate
from headstart.evidence.intervals import share_interval
from headstart.evidence.logme import logme
from headstart.evidence.metrics import log_loss
from headstart.evidence.paired import compare_pairs
from headstart.evidence.verdict import decide
from headstart.experiment.advise import asked_about, previewed, undecided
from headstart.experiment.ground import Ground, Look, prepare
from headstart.experiment.request import Request
from headstart.records.progress import Progress
from headstart.strategies.fit_head import solved
from headstart.strategies.strategy import STRATEGIES
from headstart.table import Table

SPLIT = "training"


def rank(
    table: Table,
    request: Request,
    names: Sequence[str],
    *,
    threads: int | None,
    progress: Progress,
    split_file: Path | None = None,
) -> dict[str, Any]:
    """Return what each network's features tell of the classes, the best first, and which to take.

    Parameters
    ----------
    table : Table
    request : Request
        Everything but the network.
    names : sequence of str
        Names of networks, or weights files.

    Returns
    -------
    dict
        ``ranking`` (a mapping for each network), ``comparisons`` and ``verdict``, all of training pictures: each was
        answered by heads that had not learned from it.

    Raises
    ------
    ConfigError
        If fewer than two networks are named, or one twice.
    """
    if len(set(names)) < max(2, len(names)):
        raise ConfigError(
            f"Networks are ranked two or more at a time, each named once; given: {', '.join(names) or 'none'}.",
            hint="Name some, apart by commas: --backbones tf_efficientnet_lite0,resnet18.",
        )
    entries, correct, labels = [], dict[str, NDArray[np.bool_]](), np.zeros(0, np.int64)
    for name in names:
        file = Path(name).is_file()
        asked = replace(request, weights=name if file else None, backbone=None if file else name)
        progress.message(f"{name}:")
        ground = prepare(table, asked, files=None, threads=threads, progress=progress, split_file=split_file)
        entry, right = scored(ground, name)
        entries.append(entry)
        correct[name], labels, groups = right, ground.table.labels[ground.looked_at], _groups(ground)
    comparisons = compare_pairs(correct, split=SPLIT, groups=groups)
    counts = np.bincount(labels)
    candidates = [
        Candidate(
            id=entry["backbone"],
            accuracy=entry["linear"],
            correct=correct[entry["backbone"]],
            flops=entry["flops"],
            learned=0,
            order=place,
            size=entry["parameters"],
            interval=tuple(entry["interval"]),
        )
        for place, entry in enumerate(entries)
    ]
    verdict = decide(
        candidates,
        comparisons,
        split=SPLIT,
        least_per_class=int(counts.min()),
        chance=float(counts.max() / counts.sum()),
        remedy="more pictures of it are needed",
    )
    order = sorted(range(len(entries)), key=lambda at: (-entries[at]["linear"], entries[at]["loss"]))
    return {
        "ranking": [entries[at] for at in order],
        "comparisons": comparisons,
        "verdict": verdict.to_dict(),
        "pictures": len(labels),
    }


def scored(ground: Ground, name: str) -> tuple[dict[str, Any], NDArray[np.bool_]]:
    """Return the scores of one network, and which training pictures its linear probe answered right, unseen."""
    begin = time.perf_counter()
    backbone, labels = ground.need_backbone(), ground.table.labels[ground.looked_at]
    preprocessing = undecided(ground)
    fitted, readout, _ = solved(ground, preprocessing, STRATEGIES["linear"], few=True)
    if fitted.out_of_fold is None:
        raise RuntimeError("the logistic head was fitted without folds")
    right = fitted.out_of_fold.argmax(axis=1) == labels
    seen, _ = previewed(ground, preprocessing, "pool")
    rows = asked_about(labels, ground.request.seed)
    features = ground.features(ground.looked_at, preprocessing, Look("features", "features"), readout="pool")
    entry = {
        "backbone": name,
        "name": backbone.name,
        "input_size": backbone.preprocessing.input_size,
        "parameters": backbone.parameters,
        "flops": backbone.flops,
        "linear": float(right.mean()),
        "interval": list(share_interval(right, groups=_groups(ground))),
        "loss": log_loss(labels, softmax(fitted.out_of_fold)),
        "readout": readout,
        "neighbours": float(seen.neighbours.mean()),
        "ridge": float(seen.ridge.mean()),
        "logme": logme(features[rows], *_numbered(labels[rows])),
        "pass_seconds": ground.seconds.get("features"),
        "seconds": time.perf_counter() - begin,
    }
    return entry, right


def _groups(ground: Ground) -> NDArray[np.str_]:
    return ground.train_groups[np.searchsorted(ground.train, ground.looked_at)]


def _numbered(labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Return the labels counted among those that are there, and how many there are."""
    present, called = np.unique(labels, return_inverse=True)
    return called, len(present)
