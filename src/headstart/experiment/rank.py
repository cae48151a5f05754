"""Which pre-trained network to take: one frozen pass of each over the same training pictures, the same head on all."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headstart.base.errors import ConfigError
from headstart.base.types import softmax
from headstart.evidence.candidate import Candidate
from headstart.evidence.intervals import share_interval
from headstart.evidence.judging import Judges
from headstart.evidence.logme import logme
from headstart.evidence.metrics import log_loss
from headstart.evidence.paired import compare_pairs
from headstart.evidence.verdict import decide
from headstart.experiment.advise import asked_about, previewed, reference_head
from headstart.experiment.framing_choice import undecided
from headstart.experiment.prepare import Prepared, prepare
from headstart.experiment.request import Request
from headstart.records.progress import Progress
from headstart.records.ranking import NetworkScore, Ranking
from headstart.records.record import changed
from headstart.table import Table, tell_skipped
from headstart.words.verdict import verdict_record

SPLIT = "training"


def rank(
    table: Table,
    request: Request,
    names: Sequence[str],
    *,
    threads: int | None,
    progress: Progress,
    split_file: Path | None = None,
) -> Ranking:
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
    Ranking
        All of it is of training pictures: each was answered by heads that had not learned from it.

    Raises
    ------
    ConfigError
        If fewer than two networks are named, or one twice.
    """
    if len(set(names)) < max(2, len(names)):
        raise ConfigError(
            f"Networks are ranked two or more at a time, each named once; given: {', '.join(names) or 'none'}.",
            hint="Name some, separated by commas: --backbones tf_efficientnet_lite0,resnet18.",
        )
    tell_skipped(table, progress)
    entries, correct, judges = [], dict[str, NDArray[np.bool_]](), Judges.of({})
    for name in names:
        file = Path(name).is_file()
        asked = changed(request, weights=name if file else None, backbone=None if file else name)
        progress.message(f"{name}:")
        prepared = prepare(table, asked, threads=threads, progress=progress, split_file=split_file)
        entry, right = scored(prepared, name)
        entries.append(entry)
        division = prepared.division
        correct[name] = right
        judges, groups = division.judges(division.looked_at), division.groups_of(division.looked_at)
    comparisons = compare_pairs(correct, split=SPLIT, groups=groups)
    candidates = [
        Candidate(
            id=entry.backbone,
            accuracy=entry.linear,
            correct=correct[entry.backbone],
            flops=entry.flops,
            learned=0,
            order=place,
            size=entry.parameters,
            interval=entry.interval,
        )
        for place, entry in enumerate(entries)
    ]
    verdict = decide(
        candidates,
        comparisons,
        split=SPLIT,
        judges=judges,
        remedy="pictures",
    )
    order = sorted(range(len(entries)), key=lambda at: (-entries[at].linear, entries[at].loss))
    return Ranking(
        ranking=tuple(entries[at] for at in order),
        comparisons=comparisons,
        verdict=verdict_record(verdict),
        pictures=judges.pictures,
    )


def scored(prepared: Prepared, name: str) -> tuple[NetworkScore, NDArray[np.bool_]]:
    """Return the scores of one network, and which training pictures its linear probe answered right, unseen."""
    begin, context, division = time.perf_counter(), prepared.context, prepared.division
    backbone, labels = prepared.resolved.need_backbone(), division.labels[division.looked_at]
    preprocessing = undecided(context)
    head = reference_head(context, preprocessing)
    right = np.asarray(head.out_of_fold.argmax(axis=1) == labels)
    seen, _ = previewed(context, preprocessing, "pool")
    rows = asked_about(labels, division.seed)
    features = context.passes.features("looked at", preprocessing, readout="pool")
    entry = NetworkScore(
        backbone=name,
        name=backbone.name,
        input_size=backbone.preprocessing.input_size,
        parameters=backbone.parameters,
        flops=backbone.flops,
        linear=float(right.mean()),
        interval=share_interval(right, groups=division.groups_of(division.looked_at)),
        loss=log_loss(labels, softmax(head.out_of_fold)),
        readout=head.readout,
        neighbours=float(seen.neighbours.mean()),
        ridge=float(seen.ridge.mean()),
        logme=logme(features[rows], *_numbered(labels[rows])),
        pass_seconds=prepared.passes.seconds.get("features"),
        seconds=time.perf_counter() - begin,
    )
    return entry, right


def _numbered(labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Return the labels counted among those that are there, and how many there are."""
    present, called = np.unique(labels, return_inverse=True)
    return called, len(present)
