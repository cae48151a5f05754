"""Check how well heads choose their settings: nested cross-validation inside the training pictures alone.

    python benchmarks/heads.py SHARED

For each data set: the features that EfficientNet-Lite0 gives for the pictures of the *training* split alone (test and
val are not touched). In each of 5 outer folds a head chooses its settings on the inner folds; its accuracy and log loss
on the outer fold are averaged. The rows compare the heads with each other, each reading the last features or several
stages, and the SVM's rule (best out-of-fold accuracy) with the other (least log loss after the temperature).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
from measuring import write_section

import headstart as hs
from headstart import backbones
from headstart.evidence.metrics import accuracy, log_loss
from headstart.features import extract
from headstart.heads import HEADS, Fitted, svm
from headstart.heads.training import Fitter
from headstart.pixels import PixelStore
from headstart.records.progress import Silent
from headstart.records.record import changed
from headstart.table import Table, folds, group_ids, read_table, solar_cells, with_splits

Found = dict[tuple[str, str, str], tuple[float, float]]  # (data set, head, readout): accuracy and log loss
SETS = ("hymenoptera", "flowers5", "blood_cells", "plantvillage_apple", "brain_mri", "solar")


class Said(NamedTuple):
    """What the network says of some rows of a table: features and their blocks by readout, labels, names of groups."""

    features: dict[str, np.ndarray]
    blocks: dict[str, tuple[int, ...]]
    labels: np.ndarray
    groups: np.ndarray
    rows: np.ndarray


def features_of(table: Table, wanted: np.ndarray | None = None) -> Said:
    """Return what EfficientNet-Lite0 says of the training pictures, or of the rows that are wanted, if readable."""
    pooled = backbones.load()
    backbone = backbones.read_out(pooled, "stages")
    preprocessing = changed(backbone.preprocessing, framing="squash")
    files = [table.file(row) for row in range(len(table))]
    store = PixelStore.build(files, table.digests, short_side=preprocessing.decode_side, threads=2, progress=Silent())
    wanted = table.rows("train") if wanted is None else wanted
    rows = np.array([row for row in wanted if row not in store.faulty])
    found = extract(backbone, store, rows, table.digests, preprocessing=preprocessing)["pooled"]
    readouts = {"pool": np.ascontiguousarray(found[:, -pooled.features :]), "stages": np.asarray(found)}
    blocks = {"pool": pooled.blocks, "stages": backbone.blocks}
    return Said(readouts, blocks, table.labels[rows], group_ids(table, rows), rows)


def nested(fit: Fitter, said: Said, readout: str) -> tuple[float, float]:
    """Return accuracy and log loss over the outer folds."""
    X, y, groups = said.features[readout], said.labels, said.groups
    outer = folds(y, groups, seed=1)
    answers = np.zeros((len(y), int(y.max()) + 1))
    for fold in np.unique(outer):
        train = outer != fold
        inner = folds(y[train], groups[train], seed=2)
        answers[~train] = fit(
            X[train], y[train], answers.shape[1], folds=inner, blocks=said.blocks[readout]
        ).head.probabilities(X[~train])
    return accuracy(y, answers.argmax(axis=1)), log_loss(y, answers)


def by_loss(X: np.ndarray, y: np.ndarray, classes: int, **options: Any) -> Fitted:
    """Fit the SVM with the other rule: the least out-of-fold log loss."""
    with patch("headstart.heads.svm.preference", lambda right, loss: (loss, -right)):
        return svm.fit(X, y, classes, **options)


def unseen_scores(fitted: Fitted) -> np.ndarray:
    """Return the scores of each training picture by a head that has not learned from it, (n, classes)."""
    assert fitted.out_of_fold is not None
    return fitted.out_of_fold


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shared", type=Path)
    arguments = parser.parse_args()
    hs.tune_process()
    found: Found = {}
    for name in SETS:
        table = solar_cells(pictures=1000) if name == "solar" else read_table(arguments.shared / "data" / name)
        said = features_of(with_splits(table, seed=0))
        rules: dict[str, Fitter] = {**{name: method.fit for name, method in HEADS.items()}, "svm, by loss": by_loss}
        for rule, fit in rules.items():
            for readout in said.features:
                name_and_size = f"{name} ({len(said.rows)})"
                found[name_and_size, rule, readout] = share, loss = nested(fit, said, readout)
                print(f"{name_and_size}, {rule}, {readout}: {share:.4f}, {loss:.4f}", flush=True)
    write_section("heads", section(found))


def section(found: Found) -> str:
    """Return the part of docs/performance.md."""
    lines = [
        "## What heads read, and by which rule the SVM chooses",
        "",
        "`python benchmarks/heads.py SHARED`: nested cross-validation inside training splits, EfficientNet-Lite0,",
        "the whole picture squashed; accuracy (log loss). `pool`: its 1,280 last features; `stages`: 2,640, same pass.",
        "",
        "| training pictures of | head | `pool` | `stages` |",
        "|---|---|---|---|",
    ]
    for name, rule in dict.fromkeys((name, rule) for name, rule, _ in found):
        said = [f"{found[name, rule, r][0]:.3f} ({found[name, rule, r][1]:.3f})" for r in ("pool", "stages")]
        lines.append(f"| {name} | {rule} | {' | '.join(said)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
