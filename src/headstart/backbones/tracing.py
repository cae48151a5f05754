"""Where a network can be cut: its graph, the points where one tensor carries everything, and their names.

The network is traced symbolically (torch.fx) with its blocks as opaque leaves. Between two operations
the network can be cut if exactly one value is still needed later; the nodes between two such points are a
segment, and neighbouring segments that belong to the same named part of the network are one stage. So one
mechanism serves every network of timm and torchvision, and no list of architectures is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass

from torch import fx, nn

_WANTED_STAGES = 3
_MOST_OPENINGS = 4
# Whatever a network's own code may raise when it is run on symbols instead of tensors.
_TRACE_ERRORS = (
    fx.proxy.TraceError,
    AssertionError,
    AttributeError,
    LookupError,
    NameError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, eq=False)
class Piece:
    """A named run of nodes with one value entering it."""

    name: str
    entering: fx.Node
    nodes: tuple[fx.Node, ...]


@dataclass(frozen=True, eq=False)
class Traced:
    """A network's graph and its parts, first to last; every node that the input reaches is in one part."""

    graph: fx.Graph
    parts: tuple[Piece, ...]

    @property
    def result(self) -> fx.Node:
        """The node whose value the network returns."""
        node = self.graph.output_node().args[0]
        if not isinstance(node, fx.Node):  # checked when it was traced
            raise TypeError("The network returns more than one tensor.")
        return node


def trace(network: nn.Module) -> Traced | None:
    """Return the graph and parts of `network` (in evaluation mode), or None if it cannot be traced.

    If too few parts are found, the heaviest opaque block is opened and the network traced again.
    """
    best: Traced | None = None
    opened: set[str] = set()
    for _ in range(_MOST_OPENINGS):
        traced = _trace_once(network, opened)
        if traced is None:
            break
        if best is None or len(traced.parts) > len(best.parts):
            best = traced
        heaviest = _heaviest_leaf(network, traced.graph)
        if len(best.parts) >= _WANTED_STAGES or heaviest is None:
            break
        opened.add(heaviest)
    return best


def input_dependent(graph: fx.Graph) -> list[fx.Node]:
    """Return the nodes that the network's input reaches, in order, the input first, without the output."""
    reached: dict[fx.Node, None] = {}
    for node in graph.nodes:
        if (node.op == "placeholder" and not reached) or (
            node.op != "output" and any(source in reached for source in node.all_input_nodes)
        ):
            reached[node] = None
    return list(reached)


class _Tracer(fx.Tracer):
    def __init__(self, opened: Set[str]) -> None:
        super().__init__()
        self._opened = opened

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return module_qualified_name not in self._opened and not _is_plain_sequential(m)


def _trace_once(network: nn.Module, opened: Set[str]) -> Traced | None:
    try:
        graph = _Tracer(opened).trace(network)
    except _TRACE_ERRORS:
        return None
    if not isinstance(graph.output_node().args[0], fx.Node):
        return None
    names = _PartNames(network, opened)
    segments = list(_segments(graph))
    return Traced(graph, tuple(_join(segments, names)))


def _segments(graph: fx.Graph) -> Iterator[tuple[fx.Node, list[fx.Node]]]:
    """Yield (value that enters, nodes) between neighbouring points at which one value is alive."""
    nodes = input_dependent(graph)
    place = {node: i for i, node in enumerate(nodes)}
    last_use = {node: max((place.get(user, len(nodes)) for user in node.users), default=i) for node, i in place.items()}
    alive: set[fx.Node] = set()
    entering, gathered = nodes[0], list[fx.Node]()
    for i, node in enumerate(nodes):
        alive.add(node)
        alive = {value for value in alive if last_use[value] > i}
        if i > 0:
            gathered.append(node)
        if gathered and len(alive) == 1:
            yield entering, gathered
            (entering,), gathered = alive, []
    if gathered:
        yield entering, gathered


def _join(segments: list[tuple[fx.Node, list[fx.Node]]], names: _PartNames) -> Iterator[Piece]:
    """Join each segment without a name of its own to the part before it (the first ones to the next)."""
    used: set[str] = set()
    current, entering, gathered = "", None, list[fx.Node]()
    for value, nodes in segments:
        name = next((found for node in nodes if (found := names.of(node))), "")
        if name and name not in used:
            used.add(name)
            if current and entering is not None:
                yield Piece(current, entering, tuple(gathered))
                entering, gathered = None, []
            current = name
        entering = value if entering is None else entering
        gathered += nodes
    if entering is not None:
        yield Piece(current or "network", entering, tuple(gathered))


class _PartNames:
    """The name, as users know it, of the part to which a node of the graph belongs."""

    def __init__(self, network: nn.Module, opened: Set[str]) -> None:
        self._network = network
        self._open = set(opened)
        for path in ["", *sorted(opened)]:
            self._open.update(_lists_of_blocks(network.get_submodule(path), path))

    def of(self, node: fx.Node) -> str:
        """Return the part's name, or nothing where the node holds no weights besides norms."""
        if node.op != "call_module" or not _carries_weights(self._network.get_submodule(str(node.target))):
            return ""
        words = str(node.target).split(".")
        name = words.pop(0)
        while words and name in self._open:
            name = f"{name}.{words.pop(0)}"
        return name


def _lists_of_blocks(parent: nn.Module, path: str) -> Iterator[str]:
    """Yield the children of `parent` that only list blocks (`features`, `blocks`), so that those count.

    Where several stand beside each other (`layer1` to `layer4`), each of them is a stage already.
    """
    lists = {name: child for name, child in parent.named_children() if _is_list(child)}
    if sum(_holds_blocks(child) for child in lists.values()) >= _WANTED_STAGES:
        return
    long = {
        name: _count(child)
        for name, child in lists.items()
        if sum(_carries_weights(block) for block in child.children()) >= _WANTED_STAGES
    }
    for name, weights in long.items():
        # A tenth: a stem of three convolutions beside the long list of blocks stays whole.
        if 10 * weights >= sum(long.values()):
            yield f"{path}.{name}" if path else name


def _holds_blocks(module: nn.Module) -> bool:
    """Tell a list of blocks from a list of plain layers, such as a stem or a classifier."""
    return any(_carries_weights(block) and any(True for _ in block.children()) for block in module.children())


def _heaviest_leaf(network: nn.Module, graph: fx.Graph) -> str | None:
    leaves = {str(node.target): network.get_submodule(str(node.target)) for node in _calls(graph)}
    openable = [name for name, leaf in leaves.items() if any(True for _ in leaf.children())]
    return max(openable, key=lambda name: _count(leaves[name]), default=None)


def _calls(graph: fx.Graph) -> list[fx.Node]:
    return [node for node in graph.nodes if node.op == "call_module"]


def _carries_weights(module: nn.Module) -> bool:
    return any(
        "norm" not in type(part).__name__.lower()
        for part in module.modules()
        if any(True for _ in part.parameters(recurse=False))
    )


def _is_plain_sequential(module: nn.Module) -> bool:
    return isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward


def _is_list(module: nn.Module) -> bool:
    return _is_plain_sequential(module) or type(module) in (nn.ModuleList, nn.ModuleDict)


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
