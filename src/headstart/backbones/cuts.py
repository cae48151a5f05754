"""Cutting a backbone into a frozen prefix and a trained suffix that together are the whole network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise

from torch import fx, nn

from headstart.backbones.backbone import Backbone
from headstart.backbones.tracing import Traced, input_dependent
from headstart.base.errors import ConfigError
from headstart.base.params import bad_parameter

INPUT, POOL = "input", "pool"


@dataclass(frozen=True, eq=False)
class Halves:
    """The two halves of a backbone; they share its modules and weights.

    Parameters
    ----------
    prefix : nn.Module
        Pictures to the activation at the cut.
    suffix : nn.Module
        That activation to pooled features.
    """

    prefix: nn.Module
    suffix: nn.Module


def split(backbone: Backbone, cut: str) -> Halves:
    """Return the two halves of `backbone`, cut before the stage `cut`.

    Parameters
    ----------
    backbone : Backbone
    cut : str
        ``"input"`` (all is suffix), ``"pool"`` (all is prefix), or a stage's name. The first stage's
        name means the same as ``"input"``.

    Raises
    ------
    ConfigError
        If there is no such stage; the nearest name and the list are in it.
    """
    if cut == POOL:
        return Halves(backbone.network, nn.Identity())
    if cut in (INPUT, backbone.stages[0].name):
        return Halves(nn.Identity(), backbone.network)
    return Halves(*parts(backbone, [cut]))


def check_cut(backbone: Backbone, cut: str) -> None:
    """Raise the ConfigError of `split` if there is no such cut; the network need not be made."""
    names = [INPUT, *(stage.name for stage in backbone.stages if stage.name != INPUT)]
    if cut not in names:
        raise _unknown(cut, names, backbone.name)


def parts(backbone: Backbone, cuts: Sequence[str]) -> list[nn.Module]:
    """Return what lies before, between and behind `cuts`, stages behind the first in the network's order.

    One after the other they are the network, with whose modules and weights they work.

    Raises
    ------
    ConfigError
        As `split`.
    """
    names, traced = [stage.name for stage in backbone.stages], backbone.plan.traced
    for cut in cuts:
        if cut not in names or traced is None:
            raise _unknown(cut, [INPUT, *(name for name in names if name != INPUT)], backbone.name)
    if traced is None:
        return [backbone.network]
    entering = {part.name: part.entering for part in traced.parts}
    ends = [input_dependent(traced.graph)[0], *(entering[cut] for cut in cuts), traced.result]
    return [_between(backbone.network, traced, *pair) for pair in pairwise(ends)]


def cut_before(backbone: Backbone, unfreeze: int) -> str:
    """Return the cut with which the last `unfreeze` stages are trained.

    0 gives ``"pool"`` (nothing is trained), all of them ``"input"``.

    Raises
    ------
    ConfigError
        If the backbone has fewer stages.
    """
    names = [stage.name for stage in backbone.stages]  # the last is "pool", which holds no weights
    most = len(names) - 1
    if isinstance(unfreeze, bool) or not isinstance(unfreeze, int) or not 0 <= unfreeze <= most:
        raise bad_parameter("unfreeze", f"'{backbone.name}'", f"a whole number from 0 to {most}", unfreeze)
    return INPUT if unfreeze == most else names[most - unfreeze]


def _between(network: nn.Module, traced: Traced, start: fx.Node, end: fx.Node) -> nn.Module:
    """Return the part of the graph that computes the value of `end` from that of `start`."""
    graph = fx.Graph()
    copies = {start: graph.placeholder("x")}
    dependent = input_dependent(traced.graph)
    wanted = _needed(end, start, set(dependent))
    for node in traced.graph.nodes:
        if node in wanted:
            copies[node] = graph.node_copy(node, lambda source: copies[source])
    graph.output(copies[end])
    return fx.GraphModule(network, graph)


def _needed(end: fx.Node, start: fx.Node, dependent: set[fx.Node]) -> set[fx.Node]:
    """Return the nodes behind `start` that `end` is computed from, and the constants they use."""
    found: set[fx.Node] = set()
    waiting = [end]
    while waiting:
        node = waiting.pop()
        if node is start or node in found:
            continue
        if node.op == "placeholder" and node in dependent:
            raise ValueError(f"The value of '{end}' does not come from that of '{start}' alone.")
        found.add(node)
        waiting += node.all_input_nodes
    return found


def _unknown(cut: str, names: list[str], backbone: str) -> ConfigError:
    near = get_close_matches(cut, names, n=2, cutoff=0.5)
    guess = f"Did you mean {' or '.join(repr(name) for name in near)}? " if near else ""
    return ConfigError(
        f"The backbone '{backbone}' has no stage '{cut}'.",
        hint=f"{guess}Its cuts: {', '.join(names)}.",
    )
