"""Measure what the page of a comparison costs: seconds and memory for few and for many held-out pictures.

    python benchmarks/page.py

Each size is built three times in a process of its own, from random pictures of 300 x 300. The first build of a process
also reads its templates and imports what the page needs; of the others the median is printed.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headstart.records.results import Results
    from headstart.records.run import RunRecord

SIZES = "153x2,10000x2,10000x196"
_REPEATS = 3
_FILES = 400  # random pictures; where more are held out, the same files have several paths


def make_run(folder: Path, pictures: int, classes: int) -> Results:
    """Write a run folder of three strategies with random answers that are right for most pictures."""
    import numpy as np
    from PIL import Image

    from headstart.records.columns import PredictionsFile

    rng = np.random.default_rng(0)
    names = tuple(f"class {at:03d}" for at in range(classes))
    data = folder / "pictures"
    data.mkdir(parents=True)
    for number in range(min(_FILES, pictures)):
        pixels = rng.integers(0, 256, size=(30, 30, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((300, 300)).save(data / f"{number}.jpg", quality=85)
    paths = ["./" * (number // _FILES) + f"{number % _FILES}.jpg" for number in range(pictures)]

    labels = np.arange(pictures) % classes
    accuracies = {}
    for name in ("linear", "svm", "knn"):
        scores = rng.normal(size=(pictures, classes))
        scores[np.arange(pictures), labels] += 4
        values = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        file = PredictionsFile(folder / "predictions" / f"{name}.parquet")
        file.path.parent.mkdir(exist_ok=True)
        file.write(names, paths=paths, labels=labels, splits=["val"] * pictures, probabilities=values)
        accuracies[name] = float((values.argmax(axis=1) == labels).mean())
    counts = dict.fromkeys(names, pictures // classes)
    return made_up(data, {"train": counts, "val": counts, "test": {}}, accuracies)


def made_up(data: Path, counts: dict[str, dict[str, int]], accuracies: dict[str, float]) -> Results:
    """Return results of strategies with these accuracies."""
    from headstart.records.environment import Environment
    from headstart.records.plan import Chosen
    from headstart.records.results import Data, Results
    from headstart.records.verdict import VerdictRecord
    from headstart.strategies.strategy import STRATEGIES

    return Results(
        headstart="",
        command="",
        seed=0,
        data=Data(
            name=data.name, root=str(data), title=None, fingerprint="", classes=tuple(counts["val"]), counts=counts
        ),
        measuring="val",
        backbone=None,
        environment=Environment(python="", platform="", versions={}, cpu="", threads=1, cores=1, device="cpu"),
        engine="torch",
        plan=(),
        advice=None,
        chosen=Chosen(framing="squash", augment="none"),
        strategies=tuple(STRATEGIES[name].record() for name in accuracies),
        runs=tuple(run_of(name, right, counts["val"]) for name, right in accuracies.items()),
        not_run=(),
        comparisons=(),
        verdict=VerdictRecord(winner="linear", tied_with=(), text="Use linear."),
        learning=None,
        optimism=None,
        repeated_splits=None,
        map=None,
        activity=None,
        complete=True,
    )


def run_of(name: str, right: float, counts: dict[str, int]) -> RunRecord:
    """Return the record of one strategy with this accuracy."""
    from headstart.records.metrics import Metrics, MetricsBySplit
    from headstart.records.preprocessing import Preprocessing
    from headstart.records.run import Parameters, RunRecord, Seconds, SolvedHead
    from headstart.strategies.strategy import STRATEGIES

    around = (right - 0.01, min(right + 0.01, 1.0))
    measured = Metrics(
        n=sum(counts.values()),
        loss=0.3,
        accuracy=right,
        interval=around,
        interval_kind="wilson",
        unit="picture",
        macro_f1=right,
        macro_f1_interval=around,
        balanced_accuracy=right,
        balanced_accuracy_interval=around,
        per_class_recall=(right,) * len(counts),
        per_class_recall_intervals=(around,) * len(counts),
    )
    return RunRecord(
        id=name,
        strategy=name,
        weights="pretrained",
        cut="pool",
        head=STRATEGIES[name].head,
        seed=0,
        readout="pool",
        parameters=Parameters(total=3_000_000, trained=2562),
        flops=8e8,
        preprocessing=Preprocessing(input_size=224),
        seconds=Seconds(total=4.0, fit=1.0),
        metrics=MetricsBySplit(val=measured),
        predictions=f"predictions/{name}.parquet",
        bundle=f"bundles/{name}",
        solved=SolvedHead(settings={}, converged=True),
    )


def once(pictures: int, classes: int) -> None:
    """Build the pages of one size in this process and print what they cost as JSON."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        results = make_run(folder, pictures, classes)
        seconds, nbytes = [], 0
        for _ in range(_REPEATS):
            begin, used = time.perf_counter(), time.process_time()
            from headstart.report.page.building import write_page

            nbytes = write_page(results, folder).nbytes
            seconds.append((time.perf_counter() - begin, time.process_time() - used))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    first, again = seconds[0], statistics.median(one[1] for one in seconds[1:])
    told = {"first": first[0], "first_cpu": first[1], "again_cpu": again, "megabytes": peak, "page": nbytes / 1e6}
    sys.stdout.write(json.dumps(told) + "\n")


def main() -> None:
    """Print one row for each size."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", default=SIZES, help="held-out pictures x classes, separated by commas")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    sizes = [
        (int(pictures), int(classes)) for pictures, classes in (one.split("x") for one in options.sizes.split(","))
    ]
    if options.once:
        once(*sizes[0])
        return
    print("held out | classes | first page, s | its processor time, s | again, s | memory, MB | page, MB")
    for pictures, classes in sizes:
        command = [sys.executable, __file__, "--sizes", f"{pictures}x{classes}", "--once"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found = json.loads(done.stdout)
        cells = [found[key] for key in ("first", "first_cpu", "again_cpu")]
        told = " | ".join(f"{value:.2f}" for value in cells)
        print(f"{pictures:,} | {classes} | {told} | {found['megabytes']:.0f} | {found['page']:.1f}", flush=True)


if __name__ == "__main__":
    main()
