"""What every strategy really reaches, on many tasks: the truth against which advice is held.

::

    python benchmarks/tasks.py SHARED --out WORK                                    # heads, 20 divisions of each
    python benchmarks/tasks.py SHARED --out WORK --strategies partial --repeats 3   # hours; --only names sets

A task is a set of pictures, a network, and how many pictures of a class there are to learn from. In each division three
tenths of all pictures are held out, stratified, copies together; from the rest so many of a class are drawn. Everything
else is the product's own way: framing, augmentation, readout, strengths and epochs are chosen inside those training
pictures. Each answer is one line of WORK/truth.jsonl; what stands there is not done again.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import headstart as hs
from headstart.base.streams import stream, stream_seed
from headstart.experiment.framing_choice import choose
from headstart.experiment.ground import Ground, prepare
from headstart.experiment.repeated_splits import Division, Part
from headstart.experiment.request import Request
from headstart.experiment.run import fit_one
from headstart.records.progress import Silent
from headstart.strategies.strategy import STRATEGIES
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
    "stanford_cars": (5, 0),
}
OTHERS = ("mobilenet_v2", "squeezenet1_1")
OTHER_SETS = ("hymenoptera", "flowers5", "plantvillage_apple", "blood_cells", "brain_mri", "digits", "cars20")
SHARE = 0.3


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
    every = [Task(name, DEFAULT, size) for name, sizes in SIZES.items() for size in sizes]
    every += [Task(name, other, size) for other in OTHERS for name in OTHER_SETS for size in SIZES[name]]
    return [one for one in every if one.network in networks]


def table_of(shared: Path, name: str, work: Path) -> Table:
    """Return the pictures of a set, undivided."""
    if name == "solar":
        table = solar_cells(pictures=None)
    elif name == "digits":
        table = digits(work / "digits")
    else:
        table = read_table(shared / "data" / ("stanford_cars" if name == "cars20" else name))
    if name == "cars20":  # every tenth class
        kept = np.flatnonzero(table.labels % 10 == 0)
        rows = [Row(table.paths[row], table.classes[table.labels[row]]) for row in kept]
        table = build_table(table.root, rows)
    return replace(table, splits=np.full(len(table), ""))


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


def ground_of(shared: Path, work: Path, pictures: str, network: str, strategies: tuple[str, ...]) -> Ground:
    """Return the ground that all tasks of one set and network share."""
    weights = None if network == DEFAULT else str(shared / "weights" / f"{network}.safetensors")
    request = Request(strategies=strategies, weights=weights)
    return prepare(table_of(shared, pictures, work), request, files=None, threads=None, progress=Silent())


def divisions(ground: Ground, task: Task, repeats: int) -> Iterator[Division]:
    """Return the divisions of a task; those of a smaller size lie within those of a larger."""
    labels, rows = ground.table.labels, np.arange(len(ground.table))
    groups = group_ids(ground.table, rows)
    for seed in range(repeats):
        root = stream_seed(0, "tasks", task.pictures, seed)
        held = hold_out(labels, groups, seed=root, share=SHARE, least=1)
        assert held is not None
        order = stream(root, "order").permutation(rows[~held])
        drawn = [order[labels[order] == label][: task.size or None] for label in range(len(ground.classes))]
        yield Division(seed, 0, root, np.sort(np.concatenate(drawn)), rows[held])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shared", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--strategies", default="linear,svm,knn")
    parser.add_argument("--only", help="sets, apart by commas")
    parser.add_argument("--networks", default=",".join((DEFAULT, *OTHERS)))
    parser.add_argument("--sizes", help="pictures of a class, apart by commas; 0 is all")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--minutes", type=float, help="begin no new answer after so long")
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
        ground = ground_of(options.shared, options.out, pictures, network, strategies)
        for task in (one for one in wanted if (one.pictures, one.network) == (pictures, network)):
            for division in divisions(ground, task, options.repeats):
                if time.monotonic() > end:
                    return
                for record in answers(ground, task, division, strategies, options.out):
                    with (options.out / "truth.jsonl").open("a", encoding="utf-8") as file:
                        file.write(json.dumps(record) + "\n")
            print(task.name, f"{time.monotonic() - end + 60 * (options.minutes or 1e9):.0f} s", flush=True)


def answers(
    ground: Ground, task: Task, division: Division, strategies: tuple[str, ...], out: Path
) -> Iterator[dict[str, Any]]:
    """Fit what does not stand in the file yet."""
    missing = [name for name in strategies if (task.name, division.seed, name) not in standing(out)]
    if not missing:
        return
    part = Part(ground, division)
    part.progress = Silent()
    choices = choose(part)
    labels = part.table.labels[part.held_out]
    for name in missing:
        begin = time.perf_counter()
        fitted = fit_one(part, choices, STRATEGIES[name])
        right = fitted.probabilities.argmax(axis=1) == labels
        yield {
            "task": task.name,
            "seed": division.seed,
            "strategy": name,
            "train": len(part.train),
            "held_out": len(labels),
            "accuracy": float(right.mean()),
            "kept_head": fitted.settings.get("epoch_chosen", 1) == 0,
            "framing": choices.preprocessing.framing,
            "readout": fitted.settings["readout"],
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
