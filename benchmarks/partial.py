"""Compare epochs of `partial` on stored activations with epochs that run the frozen part each time.

::

    python benchmarks/partial.py DATA                  # DATA/train/CLASS/…, DATA/val/CLASS/…

For each cut there are two whole comparisons from empty caches, in turn: one as it is, and one that may store no
activations. The second frames, augments and runs the frozen part again in each epoch; both take decoded pictures from
the pixel store. Operations limit what stored activations can save: a training step goes three times through what is
trained (forward, and backward to activations and to weights), and once through what is frozen.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from measuring import processor, write_section

from headstart import backbones
from headstart.base.process import thread_budget
from headstart.records.codec import read_record
from headstart.records.results import SCHEMA, Results

CUTS = "blocks.5,blocks.6,conv_head"  # the first is the default
SIDES = {"stored activations": "", "the frozen part in each epoch": "resolve.ACTIVATION_LIMIT = 0; "}
PROCESS = "import headstart.experiment.resolve as resolve; {}from headstart.cli import main; main()"


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
    """Run `partial` in a process of its own; return seconds of an epoch and in all, and its accuracy."""
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
        results = read_record(Path(folder, "run", "results.json"), Results, schema=SCHEMA)
    (run,) = results.runs
    last, measured = run.epochs[-1], run.metrics.val
    assert measured is not None
    assert last.choosing_loss is not None
    assert last.choosing_accuracy is not None
    return {
        "epoch": median(epoch.seconds for epoch in run.epochs),
        "seconds": run.seconds.total,
        "loss": last.choosing_loss,
        "choosing": last.choosing_accuracy,
        "accuracy": measured.accuracy,
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
            f"| {told['seconds']:.0f} | {told['loss']:.3f} | {told['choosing']:.3f} | {told['accuracy']:.3f} |"
        )
    return "\n".join(
        [
            "## `partial` on stored activations",
            "",
            f"`python benchmarks/partial.py hymenoptera --repeats {options.repeats}`: the same training with and",
            f"without stored activations, each from an empty cache, in turn. {processor()}, {thread_budget()} threads.",
            "",
            "| trained from | | seconds an epoch (median, each run) | times as fast | at most, by operations "
            "| whole strategy, s | last epoch's loss on choosing pictures | accuracy there | accuracy on val |",
            "|---|---|---|---|---|---|---|---|---|",
            *rows,
        ]
    )


def most(cut: str) -> float:
    """Return how many times as many operations a step takes if it runs the frozen part too."""
    stages = backbones.load().stages
    trained = sum(stage.flops for stage in stages[[stage.name for stage in stages].index(cut) :])
    frozen = sum(stage.flops for stage in stages) - trained
    return (3 * trained + frozen) / (3 * trained)


if __name__ == "__main__":
    main()
