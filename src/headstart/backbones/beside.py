"""A trained network beside the frozen one that it began as: one network that says what either says.

What training has changed and what it has left err on different pictures, so a head that reads both is often better than
one on either (docs/training.md). Up to the cut the two are the same, and that part runs once.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn

from headstart.backbones.cuts import INPUT
from headstart.backbones.readout import taps_at
from headstart.backbones.stages import Plan, plan_stages
from headstart.backbones.tracing import Traced, input_dependent

FROZEN, TRAINED = "frozen", "trained"  # what the tensors of either are called


def beside(frozen: nn.Module, trained: nn.Module, plan: Plan, *, cut: str, stages: Sequence[str]) -> nn.Module:
    """Return a network that answers with the features of `trained`, then those of `frozen` as it reads these stages.

    Parameters
    ----------
    frozen, trained : nn.Module
        Two networks of one kind, with equal weights before the cut; they are copied as far as they are needed.
    plan : Plan
        Of that kind.
    cut : str
        Where the two part: ``"input"`` or a stage.
    stages : sequence of str
        What the frozen one says besides its own features, see `headstart.backbones.readout`.

    Raises
    ------
    ConfigError
        If the network has no such stage.
    """
    traced = plan.traced
    if traced is None:
        return _Pair(frozen, trained)
    root = nn.Module()
    root.add_module(FROZEN, frozen)
    root.add_module(TRAINED, trained)
    graph = fx.Graph()
    first = _copied(graph, traced, FROZEN)
    parting = _parting(traced, cut)
    second = {parting: first[parting]}
    _copied(graph, traced, TRAINED, second)
    said = [second[traced.result]]
    for tap in taps_at(plan, stages):
        said.append(graph.call_function(torch.mean, (first[tap.node],), {"dim": tap.over}))
        said.append(graph.call_function(torch.amax, (first[tap.node],), {"dim": tap.over}))
    said.append(first[traced.result])
    graph.output(graph.call_function(torch.cat, (said,), {"dim": 1}))
    module = fx.GraphModule(root, graph)
    module.graph.eliminate_dead_code()  # what the trained one computes before the cut
    module.delete_all_unused_submodules()
    module.recompile()
    both = copy.deepcopy(module).eval()
    own = {f"{place}.{name}" for place in (FROZEN, TRAINED) for name in frozen.state_dict()}
    # What the tracing found to be constant is no weight: a bundle that is opened again finds it anew.
    for name in set(both.state_dict()) - own:
        both.register_buffer(name, both.get_buffer(name), persistent=False)
    return both


def beside_again(network: nn.Module, side: int, *, cut: str, stages: Sequence[str]) -> nn.Module:
    """Return the same of a network whose weights will be put in, for a bundle that is opened again.

    Parameters
    ----------
    network : nn.Module
    side : int
        Of its pictures in pixels.
    cut, stages
        As for `beside`.

    Raises
    ------
    ConfigError
        If the network has no such stage.
    """
    plan = plan_stages(network, torch.zeros(1, 3, side, side), flops=0.0)
    return beside(network, copy.deepcopy(network), plan, cut=cut, stages=stages)


class _Pair(nn.Module):
    """The same of a network whose graph is not known: all of it runs twice."""

    def __init__(self, frozen: nn.Module, trained: nn.Module) -> None:
        super().__init__()
        self.frozen, self.trained = copy.deepcopy(frozen), copy.deepcopy(trained)
        self.eval()

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the features of both, those of the trained one first."""
        return torch.cat([self.trained(pictures), self.frozen(pictures)], dim=1)


def _parting(traced: Traced, cut: str) -> fx.Node:
    """Return the value that is the last which both have in common."""
    entering = {part.name: part.entering for part in traced.parts}
    return input_dependent(traced.graph)[0] if cut == INPUT else entering[cut]


def _copied(
    graph: fx.Graph, traced: Traced, place: str, copies: dict[fx.Node, Any] | None = None
) -> dict[fx.Node, Any]:
    """Copy the nodes of a network, whose modules stand at `place`, to the end of a graph; return the copy of each.

    What is in `copies` already is taken from there.
    """
    copies = {} if copies is None else copies
    for node in traced.graph.nodes:
        if node in copies or node.op == "output":
            continue
        if node.op == "placeholder" and (node.args or copies):
            # What has a usual value, such as a mask of attention, keeps it; else an export would make inputs of it.
            copies[node] = node.args[0] if node.args else None
            continue
        made = graph.node_copy(node, lambda source: copies[source])
        if made.op in ("call_module", "get_attr"):
            made.target = f"{place}.{made.target}"
        copies[node] = made
    return copies
