"""Compare a training step on folded batch norms with one whose batch norms learn, in turn, in one process.

    python benchmarks/training_step.py [--networks tf_efficientnet_lite0,resnet18] [--rounds 5] [--batch 32]

Random weights and random pictures: a step costs the same whatever it sees. Both sides run the whole step, forward, back
and the optimiser's. Printed are the median of each side and the ratio of each round, so that a slow quarter of an hour
slows both.
"""

from __future__ import annotations

import argparse
import copy
import time
from statistics import median

import torch
from torch import nn

import headstart as hs
from headstart.backbones import load
from headstart.backbones.folded import Folded


def seconds(network: nn.Module, pictures: torch.Tensor, steps: int) -> float:
    """Return what a step takes, in the mode in which the network is."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-6)
    found = []
    for _ in range(steps + 1):
        begin = time.perf_counter()
        optimizer.zero_grad()
        network(pictures).square().mean().backward()
        optimizer.step()
        found.append(time.perf_counter() - begin)
    return median(found[1:])  # the first makes the optimiser's state


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", default="tf_efficientnet_lite0,resnet18")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--batch", type=int, default=32)
    options = parser.parse_args()
    hs.tune_process()
    print("| network | norms learn, pictures/s | folded, pictures/s | times as fast, each round |\n|---|---|---|---|")
    for name in options.networks.split(","):
        backbone = load(name, random=True)
        side = backbone.preprocessing.input_size
        pictures = torch.randn(options.batch, 3, side, side).to(memory_format=torch.channels_last)
        network = backbone.network.to(memory_format=torch.channels_last)
        learning = copy.deepcopy(network).train()
        folded = Folded.of(network.eval(), pictures[:1]).module
        sides = {"learning": learning, "folded": folded}
        for one in sides.values():
            one.requires_grad_(True)  # noqa: FBT003  torch's own signature
        rounds = [
            {side: seconds(one, pictures, options.steps) for side, one in sides.items()} for _ in range(options.rounds)
        ]
        rates = [f"{options.batch / median(one[side] for one in rounds):.1f}" for side in sides]
        ratios = ", ".join(f"{one['learning'] / one['folded']:.2f}" for one in rounds)
        print(f"| {name} | {rates[0]} | {rates[1]} | {ratios} |", flush=True)


if __name__ == "__main__":
    main()
