"""What the page of a comparison costs: seconds and memory for few and for many held-out pictures.

    python benchmarks/page.py

Each size is built three times in a process of its own, from drawn pictures of 300 x 300; the median is printed. The
first build of a process also reads its templates and imports what the page needs.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = ((153, 2), (10_000, 2), (10_000, 196))
_REPEATS = 3
_FILES = 400  # drawn files; where more pictures are held out they are named again in another way


def make_run(folder: Path, pictures: int, classes: int) -> dict[str, object]:
    """Write a run folder of three strategies with random answers that are right for most pictures."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    from PIL import Image

    rng = np.random.default_rng(0)
    names = [f"class {at:03d}" for at in range(classes)]
    data = folder / "pictures"
    data.mkdir(parents=True)
    for number in range(min(_FILES, pictures)):
        pixels = rng.integers(0, 256, size=(30, 30, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((300, 300)).save(data / f"{number}.jpg", quality=85)
    paths = ["./" * (number // _FILES) + f"{number % _FILES}.jpg" for number in range(pictures)]

    labels = np.arange(pictures) % classes
    runs = []
    for name in ("linear", "svm", "knn"):
        scores = rng.normal(size=(pictures, classes))
        scores[np.arange(pictures), labels] += 4
        values = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        columns = {"path": paths, "label": [names[k] for k in labels], "split": ["val"] * pictures}
        columns |= {f"p_{label}": values[:, at] for at, label in enumerate(names)}
        (folder / "predictions").mkdir(exist_ok=True)
        pq.write_table(pa.table(columns), folder / "predictions" / f"{name}.parquet")
        right = float((values.argmax(axis=1) == labels).mean())
        found = {"n": pictures, "accuracy": right, "interval": [right - 0.01, min(right + 0.01, 1)], "loss": 0.3}
        runs.append(
            {
                "id": name, "strategy": name, "cut": "pool", "metrics": {"val": found, "test": None},
                "parameters": {"total": 3_000_000, "trained": 2562}, "flops": 8e8, "settings": {},
                "seconds": {"total": 4.0, "fit": 1.0}, "epochs": [], "predictions": f"predictions/{name}.parquet",
                "bundle": f"bundles/{name}",
            }
        )  # fmt: skip
    counts = dict.fromkeys(names, pictures // classes)
    described = {"classes": names, "counts": {"train": counts, "val": counts, "test": {}}, "root": str(data)}
    verdict = {"winner": "linear", "tied_with": [], "text": "Take linear."}
    return {"data": described, "runs": runs, "verdict": verdict, "comparisons": []}


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
    print("held out | classes | first page, s | its processor time, s | again, s | memory, MB | page, MB")
    for pictures, classes in SIZES:
        command = [sys.executable, __file__, str(pictures), str(classes)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        cells = [found[key] for key in ("first", "first_cpu", "again_cpu")]
        told = " | ".join(f"{value:.2f}" for value in cells)
        print(f"{pictures:,} | {classes} | {told} | {found['megabytes']:.0f} | {found['page']:.1f}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        once(int(sys.argv[1]), int(sys.argv[2]))
    else:
        main()
