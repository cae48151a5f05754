"""A graph of ONNX while it grows: nodes and constants are put down one after the other, each named by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 18  # the first whose Resize smooths what it makes smaller, as Pillow does
KINDS = {
    "uint8": TensorProto.UINT8,
    "bool": TensorProto.BOOL,
    "int64": TensorProto.INT64,
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "text": TensorProto.STRING,
}
Shape = Sequence[str | int]


class Sketch:
    """Nodes, constants, inputs and outputs of a graph that is being drawn.

    A value is known by its name, which every method that makes one returns.
    """

    def __init__(self, *, prefix: str = "headstart_") -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self._prefix, self._made = prefix, 0

    def input(self, name: str, kind: str, shape: Shape) -> str:
        """Declare an input and return its name."""
        self.inputs.append(helper.make_tensor_value_info(name, KINDS[kind], shape))
        return name

    def output(self, value: str, name: str, kind: str, shape: Shape) -> None:
        """Declare `value` as an output under another name."""
        self.nodes.append(helper.make_node("Identity", [value], [name], name=name))
        self.outputs.append(helper.make_tensor_value_info(name, KINDS[kind], shape))

    def constant(self, value: NDArray[Any] | Sequence[str]) -> str:
        """Put down an array, or a list of texts."""
        name = self._name("constant")
        if isinstance(value, np.ndarray):
            self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        else:
            texts = [text.encode() for text in value]
            self.constants.append(
                onnx.TensorProto(name=name, data_type=TensorProto.STRING, dims=[len(texts)], string_data=texts)
            )
        return name

    def whole(self, *values: int) -> str:
        """Put down a list of whole numbers."""
        return self.constant(np.array(values, np.int64))

    def real(self, value: float) -> str:
        """Put down a single number in double precision."""
        return self.constant(np.array(value, np.float64))

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Put down a node of one output and return that."""
        name = self._name(kind)
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def add_two(self, kind: str, *inputs: str, **attributes: Any) -> tuple[str, str]:
        """Put down a node of two outputs and return them."""
        names = self._name(kind), self._name(kind)
        self.nodes.append(helper.make_node(kind, list(inputs), list(names), name=names[0], **attributes))
        return names

    def cast(self, value: str, kind: str) -> str:
        """Return a value as another kind of number."""
        return self.add("Cast", value, to=KINDS[kind])

    def part(self, value: str, place: int) -> str:
        """Return one entry of a list, as a list of one."""
        return self.add("Slice", value, self.whole(place), self.whole(place + 1))

    def choose(self, condition: str, draw: Callable[[Sketch], str], otherwise: str) -> str:
        """Return what `draw` puts down where `condition`, a list of one, is true, else the value `otherwise`."""
        name, branches = self._name("If"), list[onnx.GraphProto]()
        for drawn in (draw, lambda part: part.add("Identity", otherwise)):
            part = Sketch(prefix=f"{name}_{len(branches)}_")
            value = drawn(part)
            found = helper.make_empty_tensor_value_info(value)
            branches.append(helper.make_graph(part.nodes, name, [], [found], part.constants))
        given = self.add("Squeeze", condition)
        then, other = branches
        self.nodes.append(helper.make_node("If", [given], [name], name=name, then_branch=then, else_branch=other))
        return name

    def take_in(self, model: onnx.ModelProto, value: str) -> str:
        """Put down a whole graph of one input and one output behind `value`; its names must be its own."""
        (given,), (found,) = model.graph.input, model.graph.output
        self.nodes.append(helper.make_node("Identity", [value], [given.name], name=self._name("enter")))
        self.nodes.extend(model.graph.node)
        self.constants.extend(model.graph.initializer)
        return str(found.name)

    def model(self, name: str, *, opsets: Sequence[onnx.OperatorSetIdProto] = ()) -> onnx.ModelProto:
        """Return what was drawn as a model, weights inside; `opsets` of what was taken in, beside our own."""
        graph = helper.make_graph(self.nodes, name, self.inputs, self.outputs, self.constants)
        own = [helper.make_opsetid("", OPSET), *(one for one in opsets if one.domain)]
        # Version 8 of the format: every ONNX Runtime since 2022 reads it.
        return helper.make_model(graph, opset_imports=own, ir_version=8, producer_name="headstart")

    def _name(self, kind: str) -> str:
        self._made += 1
        return f"{self._prefix}{kind.lower()}_{self._made}"
