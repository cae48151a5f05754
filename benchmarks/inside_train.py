"""Try other ways of training inside the training pictures alone, of the solar cells or of a folder.

    python benchmarks/inside_train.py [--data DATA] [--variants usual,no-mean] [--seeds 0,1,2] [--strategy partial]

For each seed the training pictures of that split are divided again: 30 % are the test, the rest is divided as in
any comparison. The split's own test pictures are not touched, so that what is adopted here can still be measured
on them. The pictures are all 2,624 cells, or the train pictures of DATA. Each variant's row is printed when it is done.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

import headstart as hs
from headstart.cli.live import listener
from headstart.table import Table, build_table, read_table, solar_cells
from headstart.table.splits import group_ids, hold_out
from headstart.table.table import Row

VARIANTS: dict[str, dict[str, Any]] = {
    "usual": {},
    "norms-learn": {"training": {"batch_norm": "update"}},  # from statistics of these pictures, as before
    "network-alone": {"training": {"together": False}},
    "best-epoch": {"training": {"keep": "best"}},
    "not-again": {"training": {"refit": False}},
    "no-smoothing": {"training": {"label_smoothing": 0.0}},
    "10-epochs": {"training": {"epochs": 10}},
    "40-epochs": {"training": {"epochs": 40}},
    "batches-of-32": {"training": {"batch_size": 32}},
    "four-views": {"views": 4},
    "photo": {"augment": "photo"},
    "gentle": {"augment": "gentle"},
    "upright": {"augment": "upright"},
    "turned": {"augment": "any-orientation"},
    "before": {  # as it was until these were found
        "augment": "any-orientation",
        "views": 4,
        "training": {
            "batch_size": 32,
            "batch_norm": "update",
            "together": False,
            "keep": "best",
            "refit": False,
            "label_smoothing": 0.0,
            "epochs": 10,
        },
    },
    "no-mean": {"training": {"average": 0.0}},
    "half-the-rate": {"training": {"backbone_rate": 1.5e-4, "head_rate": 4.5e-4}},
    "twice-the-rate": {"training": {"backbone_rate": 6e-4, "head_rate": 1.8e-3}},
    "earlier-cut": {"cut": "blocks.3"},
    "16-views": {"views": 16},
    "growing": {"training": {"progressive": True}},
}


def inner(seed: int, data: str | None = None, every: int = 1, cells: int | None = None) -> Table:
    """Return the training pictures of `data`, or of split `seed` of the cells, 30 % of them as its test."""
    whole = read_table(data) if data else solar_cells(pictures=cells, seed=seed)
    table = whole.only(whole.rows("train")) if (whole.splits == "train").any() else whole
    if every > 1:
        kept = np.flatnonzero(table.labels % every == 0)
        rows = [Row(table.paths[row], table.classes[table.labels[row]], split="train") for row in kept]
        table = build_table(table.root, rows)
    ids = group_ids(table, np.arange(len(table)))
    test = hold_out(table.labels, ids, seed=1000 + seed, share=0.3, least=1)
    if test is None:
        raise RuntimeError("There are too few training pictures to hold a fifth of them out.")
    return replace(table, splits=np.where(test, "test", "train"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="a folder of pictures in place of the solar cells")
    parser.add_argument("--variants", default=",".join(VARIANTS), help="separated by commas")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--strategy", default="partial")
    parser.add_argument("--every", type=int, default=1, help="only every Nth class of DATA")
    parser.add_argument("--cells", type=int, help="a sample of so many solar cells")
    arguments = parser.parse_args()
    seeds = [int(seed) for seed in arguments.seeds.split(",")]
    hs.tune_process()
    print(f"| {arguments.strategy} | accuracy of each seed | mean | mean log loss | seconds |\n|---|---|---|---|---|")
    for name in arguments.variants.split(","):
        found = []
        for seed in seeds:
            begin = time.perf_counter()
            with tempfile.TemporaryDirectory() as place, listener(quiet=True) as progress:
                run = hs.compare(
                    inner(seed, arguments.data, arguments.every, arguments.cells),
                    out=Path(place) / "run",
                    strategies=arguments.strategy,
                    seed=seed,
                    progress=progress,
                    **VARIANTS[name],
                )
                metrics = run.runs[arguments.strategy].metrics.test
                assert metrics is not None
            found.append((metrics.accuracy, metrics.loss, time.perf_counter() - begin))
        accuracies, losses, seconds = zip(*found, strict=True)
        each = ", ".join(f"{value:.3f}" for value in accuracies)
        print(f"| {name} | {each} | {mean(accuracies):.4f} | {mean(losses):.3f} | {mean(seconds):.0f} |", flush=True)


if __name__ == "__main__":
    main()
