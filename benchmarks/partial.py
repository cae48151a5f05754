"""Epochs of `partial` on stored activations, against the same training with the frozen part at work in each epoch.

::

    python benchmarks/partial.py DATA                  # DATA/train/CLASS/…, DATA/val/CLASS/…

For each cut two whole comparisons from empty caches, in turn: one as it is, and one that may store no activations.
The second frames, augments and runs the frozen part anew in each epoch; decoded pictures come from the pixel store in
both. What stored activations can spare is bounded by operations: a training step walks three times over what is
trained (forward, and backward to activations and to weights), and once over what is frozen.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from measuring import processor, write_section

from headstart import backbones
from headstart.base.process import thread_budget

CUTS = "blocks.5,blocks.6,conv_head"  # the first is the default
SIDES = {"stored activations": "", "the frozen part in each epoch": "ground.ACTIVATION_LIMIT = 0; "}
PROCESS = "import headstart.experiment.ground as ground; {}from headstart.cli import main; main()"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--cuts", default=CUTS)
    options = parser.parse_args()
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    for _ in range(options.repeats):
        for cut in options.cuts.split(","):
            for side, change in SIDES.items():
                found.setdefault((cut, side), []).append(one(options.data, cut, change))
                print(cut, side, found[cut, side][-1], flush=True)
    write_section("partial", section(options, found))


def one(data: Path, cut: str, change: str) -> dict[str, float]:
    """Run `partial` in a process of its own; return seconds of an epoch and of all, and how often it was right."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [
                *(sys.executable, "-c", PROCESS.format(change), "compare", str(data)),
                *("--strategies", "partial", "--cut", cut, "--quiet", "--out", f"{folder}/run"),
            ],
            env={**os.environ, "HEADSTART_CACHE": f"{folder}/cache"},
            check=True,
            stdout=subprocess.DEVNULL,
        )
        results = json.loads(Path(folder, "run", "results.json").read_text(encoding="utf-8"))
    (told,) = results["runs"]
    return {
        "epoch": median(epoch["seconds"] for epoch in told["epochs"]),
        "seconds": told["seconds"]["total"],
        "loss": told["epochs"][-1]["val_loss"],
        "held_back": told["epochs"][-1]["val_accuracy"],
        "accuracy": told["metrics"]["val"]["accuracy"],
    }


def section(options: argparse.Namespace, found: dict[tuple[str, str], list[dict[str, float]]]) -> str:
    """Return the benchmark's part of the page."""
    middle = {key: {name: median(run[name] for run in runs) for name in runs[0]} for key, runs in found.items()}
    rows = []
    for (cut, side), told in middle.items():
        each = ", ".join(f"{run['epoch']:.2f}" for run in found[cut, side])
        faster = middle[cut, list(SIDES)[1]]["epoch"] / told["epoch"]
        bound = f"{faster:.1f} | {most(cut):.1f}" if side == next(iter(SIDES)) else " | "
        rows.append(
            f"| `{cut}` | {side} | {told['epoch']:.2f} ({each}) | {bound} "
            f"| {told['seconds']:.0f} | {told['loss']:.3f} | {told['held_back']:.3f} | {told['accuracy']:.3f} |"
        )
    return "\n".join(
        [
            "## `partial` on stored activations",
            "",
            f"`python benchmarks/partial.py hymenoptera --repeats {options.repeats}`: the same training with and",
            f"without stored activations, each from an empty cache, in turn. {processor()}, {thread_budget()} threads.",
            "",
            "| trained from | | seconds an epoch (median, each run) | faster, times | by operations at most "
            "| whole strategy, s | loss of the last epoch on the held-back | accuracy there | accuracy on val |",
            "|---|---|---|---|---|---|---|---|---|",
            *rows,
        ]
    )


def most(cut: str) -> float:
    """Return how many times as many operations a step has that runs the frozen part too."""
    stages = backbones.load().stages
    trained = sum(stage.flops for stage in stages[[stage.name for stage in stages].index(cut) :])
    frozen = sum(stage.flops for stage in stages) - trained
    return (3 * trained + frozen) / (3 * trained)


if __name__ == "__main__":
    main()
