"""What each stage of a network holds and costs, measured once on one picture."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.utils.flop_counter import FlopCounterMode

from headstart.backbones.forward import measuring
from headstart.backbones.network_facts import Stage
from headstart.backbones.tracing import Piece, Traced, input_dependent, trace


@dataclass(frozen=True, eq=False)
class Plan:
    """The stages of a network, and its graph (None where the network cannot be traced)."""

    stages: tuple[Stage, ...]
    traced: Traced | None

    def __deepcopy__(self, memo: dict[int, Any]) -> Plan:
        """Return the plan itself: it names modules and holds none, so it is true of every copy."""
        return self


def noise(side: int) -> Tensor:
    """Return one picture of noise, (1, 3, side, side), always the same, for measuring."""
    generator = torch.Generator().manual_seed(0)
    return torch.rand(1, 3, side, side, generator=generator) * 2.0 - 1.0


def plan_stages(network: nn.Module, picture: Tensor, *, flops: float) -> Plan:
    """Return the stages of `network`, measured on `picture`, (1, 3, S, S).

    A network that cannot be traced, or whose graph does not give the network's own answer, has one
    stage, ``"input"``, beside ``"pool"``; `flops` is its cost.
    """
    with measuring(network) as counter:
        expected: Tensor = network(picture)
        traced = trace(network)
        recorder = _record(network, traced, picture, counter) if traced is not None else None
    if traced is None or recorder is None or not _same(recorder.answer, expected):
        return _whole(network, picture, expected, flops)
    reached = set(input_dependent(traced.graph))
    parts = tuple(_apart(list(_cuttable(traced.parts, recorder)), network, reached))
    counted: set[nn.Parameter] = set()
    stages = [_stage(part, _weights(part, network, reached), recorder, counted) for part in parts]
    end = Stage("pool", 0, tuple(expected.shape[1:]), 0.0)
    return Plan((*stages, end), Traced(traced.graph, parts))


class _Recorder(fx.Interpreter):
    """Runs a graph and notes each node's shape and cost."""

    def __init__(self, network: nn.Module, graph: fx.Graph, counter: FlopCounterMode) -> None:
        super().__init__(network, graph=graph)
        self._counter = counter
        self.shapes: dict[fx.Node, tuple[int, ...]] = {}
        self.flops: dict[fx.Node, float] = {}
        self.answer: Any = None

    def run_node(self, n: fx.Node) -> Any:
        before = self._counter.get_total_flops()
        value = super().run_node(n)
        self.flops[n] = float(self._counter.get_total_flops() - before)
        if isinstance(value, Tensor) and value.is_floating_point():
            self.shapes[n] = tuple(value.shape[1:])
        return value


def _record(network: nn.Module, traced: Traced, picture: Tensor, counter: FlopCounterMode) -> _Recorder | None:
    recorder = _Recorder(network, traced.graph, counter)
    try:
        recorder.answer = recorder.run(picture)
    except (RuntimeError, TypeError, ValueError, AttributeError, AssertionError, LookupError):
        return None  # the graph took a turn that the real network does not take
    return recorder


def _same(answer: Any, expected: Tensor) -> bool:
    return (
        isinstance(answer, Tensor)
        and answer.shape == expected.shape
        and torch.allclose(answer, expected, rtol=1e-4, atol=1e-5)
    )


def _cuttable(parts: tuple[Piece, ...], recorder: _Recorder) -> Iterator[Piece]:
    """Join parts that are entered by something other than a tensor to the part before."""
    held: Piece | None = None
    for part in parts:
        if held is not None and part.entering not in recorder.shapes:
            held = Piece(held.name, held.entering, (*held.nodes, *part.nodes))
            continue
        if held is not None:
            yield held
        held = part
    if held is not None:
        yield held


def _apart(parts: list[Piece], network: nn.Module, reached: Set[fx.Node]) -> Iterator[Piece]:
    """Join parts between which weights are shared: frozen before a cut and trained behind it, they would be neither."""
    used = [_weights(part, network, reached) for part in parts]
    held = parts[0]
    for place in range(1, len(parts)):
        before, behind = set[nn.Parameter]().union(*used[:place]), set[nn.Parameter]().union(*used[place:])
        if before & behind:
            held = Piece(held.name, held.entering, (*held.nodes, *parts[place].nodes))
            continue
        yield held
        held = parts[place]
    yield held


def _weights(part: Piece, network: nn.Module, reached: Set[fx.Node]) -> set[nn.Parameter]:
    """Return the weights that a part uses; what the input does not reach (position embeddings) is whoever's uses it."""
    own: set[nn.Parameter] = set()
    waiting, seen = list(part.nodes), set(part.nodes)
    while waiting:
        node = waiting.pop()
        own.update(_parameters(node, network))
        constants = [source for source in node.all_input_nodes if source not in reached and source not in seen]
        seen.update(constants)
        waiting += constants
    return own


def _stage(part: Piece, weights: Set[nn.Parameter], recorder: _Recorder, counted: set[nn.Parameter]) -> Stage:
    """Return the facts of one part; weights used by several parts count for the first."""
    own = weights - counted
    counted |= own
    flops = sum(recorder.flops.get(node, 0.0) for node in part.nodes)
    return Stage(part.name, sum(p.numel() for p in own), recorder.shapes[part.entering], flops)


def _parameters(node: fx.Node, network: nn.Module) -> list[nn.Parameter]:
    if node.op == "call_module":
        return list(network.get_submodule(str(node.target)).parameters())
    if node.op == "get_attr":
        owner, _, name = str(node.target).rpartition(".")
        value = getattr(network.get_submodule(owner), name)
        return [value] if isinstance(value, nn.Parameter) else []
    return []


def _whole(network: nn.Module, picture: Tensor, expected: Tensor, flops: float) -> Plan:
    parameters = sum(parameter.numel() for parameter in network.parameters())
    first = Stage("input", parameters, tuple(picture.shape[1:]), flops)
    return Plan((first, Stage("pool", 0, tuple(expected.shape[1:]), 0.0)), None)
