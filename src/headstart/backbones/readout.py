"""What is read out of a network: its pooled features, or what several of its stages say.

Early stages see textures and edges that the last one has thrown away, because its own training had no use for
them; a head may have (Evci et al. 2022, "Head2Toe: Utilizing Intermediate Representations for Better Transfer
Learning"). Of each stage the mean and the largest value of every channel are read, in the same pass.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn

from headstart.backbones.stages import Plan, plan_stages
from headstart.base.params import check_choice

MOST_TAPS = 6  # a transformer's dozen of blocks would be ten thousand numbers


@dataclass(frozen=True, eq=False)
class Tap:
    """What enters a stage: its channels, and the dimensions of a batch over which they are pooled."""

    stage: str
    node: fx.Node
    channels: int
    over: tuple[int, ...]


def places_and_blocks(plan: Plan) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return the stages before which one reads if nobody says where, and how many features each part then has.

    At six places, evenly chosen, if there are more; none where the network could not be traced.
    """
    taps = _taps(plan)
    own = math.prod(plan.stages[-1].shape)
    return tuple(tap.stage for tap in taps), (*(tap.channels for tap in taps for _ in range(2)), own)


def reading_of(network: nn.Module, plan: Plan, stages: Sequence[str]) -> nn.Module:
    """Return `network` that also says what enters these stages: mean and maximum of each channel, then its own answer.

    Raises
    ------
    ConfigError
        If the network has no such stage.
    """
    return _reading(network, plan, taps_at(plan, stages))


def taps_at(plan: Plan, stages: Sequence[str]) -> list[Tap]:
    """Return where to read what enters these stages.

    Raises
    ------
    ConfigError
        If the network has no such stage.
    """
    places = {tap.stage: tap for tap in _places(plan)}
    for stage in stages:
        check_choice("stage", "reading", stage, places)
    return [places[stage] for stage in stages]


def reading(network: nn.Module, side: int, stages: Sequence[str]) -> nn.Module:
    """Return `network`, for pictures of `side` pixels, that also says what enters these stages.

    For a bundle that is opened again: it names its stages, so that another rule of choosing them does not change it.

    Raises
    ------
    ConfigError
        If the network has no such stage.
    """
    if not stages:
        return network
    return reading_of(network, plan_stages(network, torch.zeros(1, 3, side, side), flops=0.0), stages)


def _reading(network: nn.Module, plan: Plan, taps: Sequence[Tap]) -> nn.Module:
    wide = fx.GraphModule(network, _graph(plan, taps)).eval()
    # What the tracing found to be constant is no weight: a bundle that is opened again finds it anew.
    for name in set(wide.state_dict()) - set(network.state_dict()):
        wide.register_buffer(name, wide.get_buffer(name), persistent=False)
    return wide


def _places(plan: Plan) -> list[Tap]:
    """Return where one can read between the stages, first to last."""
    if plan.traced is None:
        return []
    shapes = {stage.name: stage.shape for stage in plan.stages}
    parts = plan.traced.parts[1:]
    return [_tap(part.name, part.entering, shapes[part.name]) for part in parts if len(shapes[part.name]) in (2, 3)]


def _taps(plan: Plan) -> list[Tap]:
    """Return where to read if nobody says where."""
    found = _places(plan)
    if len(found) <= MOST_TAPS:
        return found
    return [found[round(place * (len(found) - 1) / (MOST_TAPS - 1))] for place in range(MOST_TAPS)]


def _tap(stage: str, node: fx.Node, shape: Sequence[int]) -> Tap:
    """Return how to pool an activation of this shape: (C, H, W), (H, W, C), or (tokens, C)."""
    if len(shape) == 2:
        return Tap(stage, node, shape[1], (1,))
    if shape[1] != shape[2] and shape[0] == shape[1]:  # pictures are square: the odd one is the channels
        return Tap(stage, node, shape[2], (1, 2))
    return Tap(stage, node, shape[0], (2, 3))


def _graph(plan: Plan, taps: Sequence[Tap]) -> fx.Graph:
    """Return the network's graph with another end: what the taps say, pooled, beside its own answer."""
    traced = plan.traced
    if traced is None:
        raise RuntimeError("a network without a graph has no taps")
    graph = fx.Graph()
    copies: dict[fx.Node, Any] = {}
    for node in traced.graph.nodes:
        if node.op == "placeholder" and node.args:
            # What has a usual value, such as a mask of attention, keeps it; else an export would make inputs of it.
            copies[node] = node.args[0]
        elif node.op != "output":
            copies[node] = graph.node_copy(node, lambda source: copies[source])
    said = []
    for tap in taps:
        value = copies[tap.node]
        said.append(graph.call_function(torch.mean, (value,), {"dim": tap.over}))
        said.append(graph.call_function(torch.amax, (value,), {"dim": tap.over}))
    said.append(copies[traced.result])
    graph.output(graph.call_function(torch.cat, (said,), {"dim": 1}))
    return graph
