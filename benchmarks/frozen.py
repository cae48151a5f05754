"""Compare the frozen steps of `compare` with the bare work: decoding, and one pass with the best engine.

::

    python benchmarks/frozen.py DATA              # DATA/train/CLASS/…, DATA/val/CLASS/…

The bare work is a loop without stores, checksums, keys or progress: every file decoded by threads, then framed,
normalised and given to the kept ONNX graph. The machine's limits are shown besides: how much it multiplies in a second,
and what share of that the passes reach.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Literal

import numpy as np
from measuring import processor, write_section

import headstart as hs
from headstart import backbones
from headstart.backbones.forward import forward
from headstart.backbones.forward import normalise as normalise_tensor
from headstart.backbones.onnx import normalise
from headstart.base.executors import ordered_map
from headstart.base.process import thread_budget, tune_process
from headstart.pixels import decode, frame
from headstart.records.preprocessing import Framing

BATCH = 32
MATRIX = 4096


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    tune_process()
    files = sorted(path for path in options.data.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"})
    for path in files:  # so that no side pays for the first reading from disk
        path.read_bytes()
    found: dict[str, list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HEADSTART_CACHE"] = str(Path(folder) / "cache")
        compared(options.data, Path(folder), "squash", keep=True)
        graph = backbones.recall(None, weights=None, image_size=None)
        if graph is None or graph.held.kept is None:
            raise SystemExit("The network was not kept in the cache.")
        sides = {
            "bare": partial(bare, files, graph),
            "squash": partial(compared, options.data, Path(folder), "squash"),
            "auto": partial(compared, options.data, Path(folder), "auto"),
        }
        for _ in range(options.repeats):
            for name, side in sides.items():
                found.setdefault(name, []).append(side())
                print(name, found[name][-1], flush=True)
    write_section("frozen", section(options, len(files), graph.flops, found, limits()))


def bare(files: list[Path], graph: Any) -> dict[str, float]:
    """Return seconds of the bare work."""
    begin = time.perf_counter()
    short_side = graph.preprocessing.decode_side
    pictures = list(ordered_map(partial(decode, short_side=short_side), files, threads=thread_budget()))
    decoded = time.perf_counter()
    session = graph.held.kept.session
    for start in range(0, len(pictures), BATCH):
        squares = np.stack([frame(picture, graph.preprocessing) for picture in pictures[start : start + BATCH]])
        session(normalise(squares, graph.preprocessing))
    return {"decode": decoded - begin, "features": time.perf_counter() - decoded}


def compared(data: Path, folder: Path, framing: Framing | Literal["auto"], *, keep: bool = False) -> dict[str, float]:
    """Return seconds of the shared steps of a comparison: the network is in the cache, pixels and features are not."""
    for store in ("pixels", "features"):
        shutil.rmtree(Path(os.environ["HEADSTART_CACHE"]) / store, ignore_errors=True)
    out = folder / "run"
    shutil.rmtree(out, ignore_errors=True)
    run = hs.compare(data, strategies="linear", framing=framing, out=out)
    if keep:
        run.keep_network()
    return {one.step: one.seconds for one in run.results.plan if one.seconds is not None and one.kind == "shared"}


def limits() -> dict[str, float]:
    """Return what this machine multiplies in a second (FLOP/s), and pictures/s of passes and training steps."""
    import torch

    torch.set_num_threads(thread_budget())
    backbone = backbones.load()
    batch = normalise_tensor(np.full((BATCH, 224, 224, 3), 127, np.uint8), backbone.preprocessing)
    folded = backbone.frozen.network

    def multiply(left: torch.Tensor, right: torch.Tensor) -> None:
        left @ right

    def train() -> None:
        backbone.network.zero_grad()
        backbone.network(channels_last).square().mean().backward()

    told = {}
    for name, kind in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        left, right = torch.rand(MATRIX, MATRIX).to(kind), torch.rand(MATRIX, MATRIX).to(kind)
        told[name] = 2 * MATRIX**3 / best(partial(multiply, left, right))
    told["pass"] = BATCH / best(lambda: next(forward(folded, iter([batch]))))
    backbone.network.train().to(memory_format=torch.channels_last)
    channels_last = batch.to(memory_format=torch.channels_last)
    told["training"] = BATCH / best(train)
    return told


def best(work: Callable[[], object], rounds: int = 6) -> float:
    """Return the seconds of the fastest of some rounds, after one to warm up."""
    work()
    seconds = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def section(
    options: argparse.Namespace,
    pictures: int,
    flops: float,
    found: dict[str, list[dict[str, float]]],
    told: dict[str, float],
) -> str:
    """Return the benchmark's part of the page."""
    names = {
        "bare": "bare: decode, one pass of the graph",
        "squash": "`compare`, framing given",
        "auto": "`compare`, framing chosen (one more pass over train)",
    }
    totals = {name: median(sum(run.values()) for run in runs) for name, runs in found.items()}
    lines = [
        "## The frozen steps, and the machine's limits",
        "",
        f"`python benchmarks/frozen.py {options.data.name}`: {pictures} pictures; EfficientNet-Lite0 is in the cache, "
        f"pixels and features are not. {processor()}, {thread_budget()} threads.",
        "",
        "| | decode, s | framing, s | features, s | all, s (median) | each run | times the bare work |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, runs in found.items():
        steps = [median(run.get(step, 0.0) for run in runs) for step in ("decode", "framing", "features")]
        each = ", ".join(f"{sum(run.values()):.2f}" for run in runs)
        columns = " | ".join(f"{step:.2f}" if step else "" for step in steps)
        lines.append(
            f"| {names[name]} | {columns} | {totals[name]:.2f} | {each} | {totals[name] / totals['bare']:.2f} |"
        )
    decode_rate = pictures / median(run["decode"] for run in found["bare"])
    graph_rate = pictures / median(run["features"] for run in found["bare"])
    peak = told["float32"]
    lines += [
        "",
        f"This machine multiplies matrices of {MATRIX:,} x {MATRIX:,} at {peak / 1e9:.0f} GFLOP/s in float32 and "
        f"{told['bfloat16'] / 1e9:,.0f} in bfloat16. A picture takes {flops / 1e9:.2f} GFLOP forward, "
        "three times that in training.",
        "",
        "| | pictures/s | GFLOP/s | share of the float32 peak |",
        "|---|---|---|---|",
        f"| decode | {decode_rate:.0f} | | |",
    ]
    for name, rate, cost in (
        ("pass, torch, folded", told["pass"], 1),
        ("pass, ONNX graph, framing and normalising included", graph_rate, 1),
        ("training step, torch (forward and backward)", told["training"], 3),
    ):
        share = rate * cost * flops
        lines.append(f"| {name} | {rate:.0f} | {share / 1e9:.0f} | {share / peak:.0%} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
