"""Compare the PyTorch tutorial's loops with `headstart compare`, from nothing to an accuracy on val.

::

    python benchmarks/tutorial_loop.py DATA              # DATA/train/CLASS/…, DATA/val/CLASS/…
    python benchmarks/tutorial_loop.py DATA --sides full,finetuned,all,all-again --repeats 1

All sides are whole processes with the same backbone and weights, and run in turn (A B C A B C). The table goes to
docs/performance.md; what was measured before stays in it until it is measured again.

The loops are plain re-implementations of the tutorial "Transfer Learning for Computer Vision": random resized
crops and flips, SGD at 0.001 with momentum 0.9, a tenth of the rate every 7 epochs, the network in training mode
(so its batch-norm statistics move, as in the tutorial), evaluation on val after each epoch, the best of which is
kept. Frozen, only a linear layer learns; full, everything does.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from measuring import best_on_val, processor, timed, write_section

from headstart.base.process import thread_budget

SIDES = {
    "loop": "tutorial's frozen loop, batches of 4",
    "loop32": "tutorial's frozen loop, batches of 32",
    "full": "tutorial's full loop, batches of 32",
    "linear": "headstart, `linear`, for the first time on a machine",
    "linear-known": "headstart, `linear`, after other pictures were compared with this backbone",
    "linear-warm": "headstart, `linear`, the same pictures again",
    "finetuned": "headstart, `full`, for the first time",
    "all": "headstart, all strategies, for the first time",
    "all-again": "headstart, all strategies again, into another folder",
}
ROWS = Path(__file__).with_suffix(".json")
ONE = {"linear": "linear", "finetuned": "full"}  # sides that compare nothing
USUAL = "loop,loop32,linear,linear-known,linear-warm"


@dataclass(frozen=True)
class Outcome:
    """One process: how long it took (s), its highest resident memory (GB), its accuracy on val."""

    seconds: float
    memory: float
    accuracy: float


def main() -> None:
    options = parse()
    if options.as_loop:
        print(json.dumps({"accuracy": train(options)}))
        return
    for path in options.data.rglob("*"):  # so that no side pays for the first reading from disk
        if path.is_file():
            path.read_bytes()
    sides = options.sides.split(",")
    outcomes: dict[str, list[Outcome]] = {name: [] for name in sides}
    with tempfile.TemporaryDirectory() as folder:
        for repeat in range(options.repeats):
            for name in sides:
                outcome = run_loop(options, name) if name in LOOPS else run_headstart(options, name, Path(folder))
                outcomes[name].append(outcome)
                print(f"{repeat + 1}/{options.repeats} {name:12} {outcome}", flush=True)
    for name in sides:
        write_row(name, outcomes[name])
    write_section("tutorial_loop", section(options))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, help="folder with train/ and val/")
    parser.add_argument("--sides", default=USUAL, help=f"separated by commas, of {', '.join(SIDES)}")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=10, help="of the loops")
    parser.add_argument("--batch", type=int, default=4, help=argparse.SUPPRESS)
    parser.add_argument("--workers", type=int, default=min(4, thread_budget()), help="of the loops' data loaders")
    parser.add_argument("--full", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--as-loop", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


# Side A


LOOPS = {"loop": ["--batch", 4], "loop32": ["--batch", 32], "full": ["--batch", 32, "--full"]}


def train(options: argparse.Namespace) -> float:
    """Train a linear layer on the backbone as the tutorial does; return the best accuracy on val."""
    import torch
    from torch.optim.lr_scheduler import StepLR

    from headstart import backbones

    torch.manual_seed(0)
    backbone = backbones.load()
    loaders = load_data(options, mean=backbone.preprocessing.mean, std=backbone.preprocessing.std)
    classes = len(loaders["train"].dataset.classes)
    for parameter in backbone.network.parameters():
        parameter.requires_grad = options.full
    head = torch.nn.Linear(backbone.features, classes)
    model = torch.nn.Sequential(backbone.network, head)
    learning = model if options.full else head
    optimizer = torch.optim.SGD(learning.parameters(), lr=0.001, momentum=0.9)
    schedule = StepLR(optimizer, step_size=7, gamma=0.1)
    best = 0.0
    for epoch in range(options.epochs):
        one_pass(model, loaders["train"], optimizer)
        schedule.step()
        accuracy = one_pass(model, loaders["val"], None)
        best = max(best, accuracy)
        print(f"epoch {epoch + 1}: val accuracy {accuracy:.4f}", file=sys.stderr, flush=True)
    return best


def load_data(options: argparse.Namespace, *, mean: Sequence[float], std: Sequence[float]) -> dict[str, Any]:
    """Return the tutorial's two loaders; `ImageFolder` takes pictures by suffix, GIF not among them."""
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    end = [transforms.ToTensor(), transforms.Normalize(mean, std)]
    change = {
        "train": [transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip()],
        "val": [transforms.Resize(256), transforms.CenterCrop(224)],
    }
    return {
        split: DataLoader(
            datasets.ImageFolder(options.data / split, transforms.Compose(steps + end)),
            batch_size=options.batch,
            shuffle=True,
            num_workers=options.workers,
        )
        for split, steps in change.items()
    }


def one_pass(model: Any, loader: Any, optimizer: Any | None) -> float:
    """Go once through `loader`, learning if there is an optimizer; return the accuracy."""
    import torch

    model.train(optimizer is not None)
    right = 0
    for pictures, labels in loader:
        with torch.set_grad_enabled(optimizer is not None):
            scores = model(pictures)
            loss = torch.nn.functional.cross_entropy(scores, labels)
        if optimizer is not None:
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
        right += int((scores.argmax(dim=1) == labels).sum())
    return right / len(loader.dataset)


def run_loop(options: argparse.Namespace, name: str) -> Outcome:
    settings = ["--epochs", options.epochs, "--workers", options.workers, *LOOPS[name]]
    command = [sys.executable, __file__, options.data, "--as-loop", *settings]
    with tempfile.TemporaryFile("w+") as output:
        seconds, memory = timed(command, dict(os.environ), output)
        output.seek(0)
        accuracy = json.loads(output.read().splitlines()[-1])["accuracy"]
    return Outcome(seconds, memory, accuracy)


# Side B


def run_headstart(options: argparse.Namespace, name: str, folder: Path) -> Outcome:
    """Run a comparison with a cache as the side wants it: empty, with the network alone, or as the last run left it."""
    kind, _, state = name.partition("-")
    cache = folder / f"cache of {kind}"
    if not state:
        shutil.rmtree(cache, ignore_errors=True)
    elif not (cache / "engines").is_dir():
        raise SystemExit(f"The side '{name}' needs '{kind}' before it in --sides.")
    elif state == "known":
        for store in ("pixels", "features"):
            shutil.rmtree(cache / store)
    run = folder / f"{name}.run"
    shutil.rmtree(run, ignore_errors=True)
    command = [sys.executable, "-m", "headstart", "compare", options.data, "--out", run]
    command += ["--strategies", ONE[kind]] if kind in ONE else []
    seconds, memory = timed(command, {**os.environ, "HEADSTART_CACHE": str(cache)}, subprocess.DEVNULL)
    return Outcome(seconds, memory, best_on_val(run))


# Telling


def write_row(name: str, each: Sequence[Outcome]) -> None:
    """Keep what a side took in a file, so that sides can be measured on their own."""
    rows = json.loads(ROWS.read_text(encoding="utf-8")) if ROWS.is_file() else {}
    rows[name] = [[outcome.seconds, outcome.memory, outcome.accuracy] for outcome in each]
    ROWS.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def section(options: argparse.Namespace) -> str:
    """Return the benchmark's part of the page: table, ratios, machine and command."""
    known = json.loads(ROWS.read_text(encoding="utf-8"))
    told = {name: [Outcome(*values) for values in known[name]] for name in SIDES if name in known}
    rows = []
    for name, each in told.items():
        runs = ", ".join(f"{outcome.seconds:.1f}" for outcome in each)
        seconds, memory, accuracy = (
            median(getattr(outcome, field) for outcome in each) for field in ("seconds", "memory", "accuracy")
        )
        times = [f"{median(one.seconds for one in told[loop]) / seconds:.1f}" for loop in LOOPS if loop in told]
        ratio = "" if name in LOOPS else " / ".join(times)
        rows.append(f"| {SIDES[name]} | {seconds:.1f} | {runs} | {ratio} | {memory:.2f} | {accuracy:.3f} |")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("torch", "timm", "scikit-learn"))
    return "\n".join(
        [
            "## The tutorial's loops",
            "",
            f"`python benchmarks/tutorial_loop.py {options.data.name}`, and with `--repeats 1` for `--sides "
            f"full,finetuned,all,all-again`: whole processes in turn, {options.epochs} epochs of the loops, "
            f"{options.workers} data loader workers.",
            f"{processor()}, {thread_budget()} threads, Python {platform.python_version()}, {versions}.",
            "",
            "| | seconds (median) | each run | times as fast as each loop | peak memory, GB | accuracy on val |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            "The loops' accuracy is that of their best epoch on val. headstart's is measured once (of all strategies: "
            "the best). The first time includes preparing the network so that later runs are faster, after the answer.",
        ]
    )


if __name__ == "__main__":
    main()
