"""Measure the frozen pass on a busy machine, alone and next to others, by how long idle threads spin.

::

    python benchmarks/busy.py

Each figure comes from a process of its own that passes grey pictures through EfficientNet-Lite0 for some seconds. Next
to it runs nothing, a loop in plain Python, or the same pass in another process. ``default``: what GNU's OpenMP does;
``passive``: threads sleep at once (OMP_WAIT_POLICY); the number is what `tune_process` sets (GOMP_SPINCOUNT).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from measuring import processor, write_section

from headstart.base.process import SPINS, thread_budget, tune_process

SECONDS, BATCH = 6.0, 32
POLICIES = {"default": {}, "passive": {"OMP_WAIT_POLICY": "PASSIVE"}, f"{SPINS:,}": {"GOMP_SPINCOUNT": str(SPINS)}}
NEIGHBOURS = ("nobody", "a Python loop", "another such process")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--as-pass", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.as_pass:
        print(measured(options.seconds))
        return
    found: dict[tuple[str, str], list[float]] = {}
    for repeat in range(options.repeats):
        for neighbour in NEIGHBOURS:
            for policy in POLICIES:
                with beside(neighbour, policy):
                    rate = float(one_pass(policy).communicate()[0])
                found.setdefault((policy, neighbour), []).append(rate)
                print(
                    f"{repeat + 1}/{options.repeats} {policy:8} next to {neighbour}: {rate:.0f} pictures/s", flush=True
                )
    write_section("busy", section(options, found))


def measured(seconds: float) -> float:
    """Return pictures per second, the median over some seconds."""
    policy = {name: os.environ[name] for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT") if name in os.environ}
    tune_process()
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"):
        os.environ.pop(name, None)
    os.environ.update(policy)
    import torch

    from headstart import backbones
    from headstart.backbones.forward import forward

    network = backbones.load().network
    batch = torch.zeros(BATCH, 3, 224, 224)
    rates, begin = [], time.perf_counter()
    while time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        next(forward(network, iter([batch])))
        rates.append(BATCH / (time.perf_counter() - start))
    return median(rates)


def one_pass(policy: str, *, seconds: float = SECONDS) -> subprocess.Popen[str]:
    environment = {
        name: value for name, value in os.environ.items() if name not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
    }
    command = [sys.executable, __file__, "--as-pass", "--seconds", str(seconds)]
    return subprocess.Popen(command, env={**environment, **POLICIES[policy]}, stdout=subprocess.PIPE, text=True)


@contextmanager
def beside(neighbour: str, policy: str) -> Iterator[None]:
    """Let another process work on the same cores."""
    if neighbour == "nobody":
        yield
        return
    loop = [sys.executable, "-c", "while True: pass"]
    other = subprocess.Popen(loop) if neighbour == "a Python loop" else one_pass(policy, seconds=10 * SECONDS)
    try:
        yield
    finally:
        other.kill()
        other.wait()


def section(options: argparse.Namespace, found: dict[tuple[str, str], list[float]]) -> str:
    """Return the benchmark's part of the page."""
    rows = []
    for policy in POLICIES:
        told = [
            f"{median(found[policy, one]):.0f} ({', '.join(f'{rate:.0f}' for rate in found[policy, one])})"
            for one in NEIGHBOURS
        ]
        rows.append(f"| {policy} | {' | '.join(told)} |")
    return "\n".join(
        [
            "## A busy machine",
            "",
            f"`python benchmarks/busy.py`: {options.repeats} repeats in turn, pictures/s of the frozen pass "
            "(EfficientNet-Lite0),",
            f"by how often a thread without work spins before it sleeps. {processor()}, {thread_budget()} threads.",
            "",
            f"| spins | next to {' | next to '.join(NEIGHBOURS)} |",
            "|---|---|---|---|",
            *rows,
            "",
            f"The command line and `hs.tune_process()` use {SPINS:,} spins, unless OMP_WAIT_POLICY or GOMP_SPINCOUNT "
            "is set.",
        ]
    )


if __name__ == "__main__":
    main()
