"""The frozen strategy as the PyTorch tutorial trains it, against `headstart compare --strategies linear`.

::

    python benchmarks/tutorial_loop.py DATA            # DATA/train/CLASS/…, DATA/val/CLASS/…

Both sides are whole processes, from nothing to an accuracy on val, with the same backbone and weights. They
run in turn (A B A B), the second each time with an empty cache. The table goes to docs/performance.md.

The loop is a plain re-implementation of the tutorial "Transfer Learning for Computer Vision" (frozen
part): random resized crops and flips, batches of 4, SGD at 0.001 with momentum 0.9, a tenth of the rate every
7 epochs, the network in training mode (so its batch-norm statistics move, as in the tutorial), evaluation on
val after each epoch, the best of which is kept.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from measuring import processor, timed, write_section

from headstart.base.process import thread_budget

NAMES = {"loop": "tutorial's loop", "headstart": "headstart, `linear`"}


@dataclass(frozen=True)
class Outcome:
    """One process: how long it took (s), its highest resident memory (GB), its accuracy on val."""

    seconds: float
    memory: float
    accuracy: float


def main() -> None:
    options = parse()
    if options.as_loop:
        print(json.dumps({"accuracy": train_frozen(options)}))
        return
    for path in options.data.rglob("*"):  # nobody shall pay for the first reading from disk
        if path.is_file():
            path.read_bytes()
    outcomes: dict[str, list[Outcome]] = {name: [] for name in NAMES}
    for repeat in range(options.repeats):
        for name, run in (("loop", run_loop), ("headstart", run_headstart)):
            outcome = run(options)
            outcomes[name].append(outcome)
            print(f"{repeat + 1}/{options.repeats} {name:9} {outcome}", flush=True)
    text = section(options, outcomes)
    print(text)
    if not options.print_only:
        write_section("tutorial_loop", text)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, help="folder with train/ and val/")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=10, help="of the loop")
    parser.add_argument("--batch", type=int, default=4, help="of the loop")
    parser.add_argument("--workers", type=int, default=min(4, thread_budget()), help="of the loop's data loader")
    parser.add_argument("--print-only", action="store_true", help="leave docs/performance.md alone")
    parser.add_argument("--as-loop", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


# Side A


def train_frozen(options: argparse.Namespace) -> float:
    """Train a linear layer on the frozen backbone as the tutorial does; return the best accuracy on val."""
    import torch
    from torch.optim.lr_scheduler import StepLR

    from headstart import backbones

    torch.manual_seed(0)
    backbone = backbones.load()
    loaders = load_data(options, mean=backbone.preprocessing.mean, std=backbone.preprocessing.std)
    classes = len(loaders["train"].dataset.classes)
    for parameter in backbone.network.parameters():
        parameter.requires_grad = False
    head = torch.nn.Linear(backbone.features, classes)
    model = torch.nn.Sequential(backbone.network, head)
    optimizer = torch.optim.SGD(head.parameters(), lr=0.001, momentum=0.9)
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
            loss.backward()
            optimizer.step()
        right += int((scores.argmax(dim=1) == labels).sum())
    return right / len(loader.dataset)


def run_loop(options: argparse.Namespace) -> Outcome:
    settings = ["--epochs", options.epochs, "--batch", options.batch, "--workers", options.workers]
    command = [sys.executable, __file__, options.data, "--as-loop", *settings]
    with tempfile.TemporaryFile("w+") as output:
        seconds, memory = timed(command, dict(os.environ), output)
        output.seek(0)
        accuracy = json.loads(output.read().splitlines()[-1])["accuracy"]
    return Outcome(seconds, memory, accuracy)


# Side B


def run_headstart(options: argparse.Namespace) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        command = [sys.executable, "-m", "headstart", "compare", options.data, "--strategies", "linear", "--out", run]
        environment = {**os.environ, "HEADSTART_CACHE": str(Path(folder) / "cache")}
        seconds, memory = timed(command, environment, subprocess.DEVNULL)
        results = json.loads((run / "results.json").read_text(encoding="utf-8"))
    return Outcome(seconds, memory, results["runs"][0]["metrics"]["val"]["accuracy"])


# Telling


def section(options: argparse.Namespace, outcomes: dict[str, list[Outcome]]) -> str:
    """Return the benchmark's part of the page: table, ratio, machine and command."""
    rows = []
    for name, label in NAMES.items():
        each = outcomes[name]
        runs = ", ".join(f"{outcome.seconds:.1f}" for outcome in each)
        seconds, memory, accuracy = (
            median(getattr(outcome, field) for outcome in each) for field in ("seconds", "memory", "accuracy")
        )
        rows.append(f"| {label} | {seconds:.1f} | {runs} | {memory:.2f} | {accuracy:.3f} |")
    medians = {name: median(outcome.seconds for outcome in each) for name, each in outcomes.items()}
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("torch", "timm", "scikit-learn"))
    return "\n".join(
        [
            "## The tutorial's frozen loop",
            "",
            f"`python benchmarks/tutorial_loop.py {options.data.name}`: {options.repeats} repeats, A B A B, whole "
            f"processes. Loop: {options.epochs} epochs, batches of {options.batch}, {options.workers} data loader "
            f"workers. headstart: empty cache each time.",
            f"{processor()}, {thread_budget()} threads, Python {platform.python_version()}, {versions}.",
            "",
            "| | seconds (median) | each run | peak memory, GB | accuracy on val |",
            "|---|---|---|---|---|",
            *rows,
            "",
            f"The loop takes **{medians['loop'] / medians['headstart']:.1f} times** as long. Its accuracy is that of "
            "its best epoch on val; headstart's is measured once.",
        ]
    )


if __name__ == "__main__":
    main()
