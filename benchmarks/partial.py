"""Epochs of `partial` on stored activations, against the same training with the frozen part at work in each epoch.

::

    python benchmarks/partial.py DATA                  # DATA/train/CLASS/…, DATA/val/CLASS/…

Two whole comparisons from empty caches, in turn: one as it is, and one that may store no activations. The second
frames, augments and runs the frozen part anew in each epoch; decoded pictures come from the pixel store in both.
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

from headstart.base.process import thread_budget

SIDES = {"stored activations": "", "the frozen part in each epoch": "ground.ACTIVATION_LIMIT = 0; "}
PROCESS = "import headstart.strategies.ground as ground; {}from headstart.cli import main; main()"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    found: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for _ in range(options.repeats):
        for side in SIDES:
            found[side].append(one(options.data, SIDES[side]))
            print(side, found[side][-1], flush=True)
    write_section("partial", section(options, found))


def one(data: Path, change: str) -> dict[str, float]:
    """Run `partial` in a process of its own; return seconds of an epoch and of all, and how often it was right."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [
                *(sys.executable, "-c", PROCESS.format(change), "compare", str(data)),
                *("--strategies", "partial", "--quiet", "--out", f"{folder}/run"),
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


def section(options: argparse.Namespace, found: dict[str, list[dict[str, float]]]) -> str:
    """Return the benchmark's part of the page."""
    sides = {side: {name: median(run[name] for run in runs) for name in runs[0]} for side, runs in found.items()}
    each = {side: ", ".join(f"{run['epoch']:.2f}" for run in runs) for side, runs in found.items()}
    rows = [
        f"| {side} | {told['epoch']:.2f} ({each[side]}) "
        f"| {told['seconds']:.0f} | {told['loss']:.3f} | {told['held_back']:.3f} | {told['accuracy']:.3f} |"
        for side, told in sides.items()
    ]
    stored, live = (told["epoch"] for told in sides.values())
    return "\n".join(
        [
            "## `partial` on stored activations",
            "",
            f"`python benchmarks/partial.py hymenoptera --repeats {options.repeats}`: the same training with and",
            f"without stored activations, each from an empty cache, in turn. {processor()}, {thread_budget()} threads.",
            "",
            "| | seconds an epoch (median, each run) | whole strategy, s | loss of the last epoch on the held-back "
            "| accuracy there | accuracy on val |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            f"An epoch is {live / stored:.1f} times as fast on stored activations.",
        ]
    )


if __name__ == "__main__":
    main()
