"""Measure what it costs that OpenBLAS's threads spin after a product, where a network and a head answer in turn.

::

    python benchmarks/turns.py

Each figure comes from a process of its own: EfficientNet-Lite0 as a graph in ONNX Runtime, then its features beside
those of 300 stored pictures in numpy (as "none of these" asks), again and again, as a server or `predict` of many does.
``26``: OpenBLAS's own choice (2 to the 26th ticks of the processor); ``4``: what the command line and `tune_process`
set (OPENBLAS_THREAD_TIMEOUT), the least that it knows. The last row is a step of learning a head: products alone, which
spinning is meant for.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from measuring import processor, write_section

from headstart.base.process import BLAS_WAIT, thread_budget, tune_process

WAITS = ("26", str(BLAS_WAIT))
BATCHES = (1, 2, 4, 8)
STORED, CLASSES, PICTURES, SIDE = 300, 10, 2000, 224
SECONDS = 4.0  # for each figure
STEP = "step"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--as-process", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.as_process is not None:
        print(json.dumps(measured(options.as_process)))
        return
    found: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        graph = Path(folder) / "network.onnx"
        subprocess.run([sys.executable, "-c", EXPORT, graph], check=True)
        for repeat in range(options.repeats):
            for wait in WAITS:
                command = [sys.executable, __file__, "--as-process", str(graph)]
                environment = {**os.environ, "OPENBLAS_THREAD_TIMEOUT": wait}
                said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
                print(f"{repeat + 1}/{options.repeats} {wait}: {said.strip()}", flush=True)
                for row, milliseconds in json.loads(said).items():
                    found.setdefault((wait, row), []).append(milliseconds)
    write_section("turns", section(options.repeats, found))


EXPORT = f"""
import sys
from pathlib import Path
from headstart import backbones
from headstart.backbones.onnx import export
export(backbones.load().network, {SIDE}, Path(sys.argv[1]))
"""


def measured(graph: Path) -> dict[str, float]:
    """Return milliseconds a picture by batch, and of a step of learning."""
    tune_process()  # leaves alone what the environment says
    import numpy as np

    from headstart.backbones.onnx import OnnxNetwork

    network, random = OnnxNetwork(graph), np.random.default_rng(0)
    found = {}
    for size in BATCHES:
        pictures = random.normal(size=(size, 3, SIDE, SIDE)).astype(np.float32)
        stored = random.normal(size=(STORED, network(pictures).shape[1])).astype(np.float32)
        found[str(size)] = timed(partial(beside, network, pictures, stored)) / size
    features, weight = (random.normal(size=(rows, stored.shape[1])) for rows in (PICTURES, CLASSES))
    found[STEP] = timed(lambda: features.T @ (features @ weight.T))
    return found


def beside(network: Any, pictures: Any, stored: Any) -> Any:
    """Return how alike pictures are to stored ones."""
    return network(pictures) @ stored.T


def timed(work: Callable[[], object]) -> float:
    """Return milliseconds of one turn: the mean over some seconds, as some turns meet the spinning and some do not."""
    work()
    turns, begin = 0, time.perf_counter()
    while (seconds := time.perf_counter() - begin) < SECONDS or not turns:
        work()
        turns += 1
    return 1e3 * seconds / turns


def section(repeats: int, found: dict[tuple[str, str], list[float]]) -> str:
    """Return the benchmark's part of the page."""

    def told(wait: str, row: str) -> str:
        times = found[wait, row]
        return f"{median(times):.2f} ({min(times):.2f} to {max(times):.2f})"

    rows = {str(size): f"network, then {STORED} stored pictures; {size} at once: ms a picture" for size in BATCHES}
    rows[STEP] = f"a step of learning, {PICTURES:,} pictures and {CLASSES} classes: ms"
    return "\n".join(
        [
            "## A network and a head in turn",
            "",
            f"`python benchmarks/turns.py`: {repeats} repeats in turn, by how long a thread of OpenBLAS spins after a "
            "product before it sleeps:",
            "2 to this power of the processor's ticks. Medians, and the least and the most. EfficientNet-Lite0 in ONNX "
            f"Runtime, {processor()}, {thread_budget()} threads.",
            "",
            f"| | {WAITS[0]}: its own choice | {WAITS[1]}: what headstart sets |",
            "|---|---|---|",
            *(f"| {title} | {told(WAITS[0], row)} | {told(WAITS[1], row)} |" for row, title in rows.items()),
            "",
            "The command line and `hs.tune_process()` set it, unless the user has set it or OMP_WAIT_POLICY.",
        ]
    )


if __name__ == "__main__":
    main()
