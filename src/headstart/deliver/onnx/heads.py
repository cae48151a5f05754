"""The heads as nodes of a graph, in double precision as `headstart.base.types` computes them.

A new kind of head that shall leave the house gets a row in `_NODES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

import numpy as np

from headstart.base.errors import EngineError
from headstart.base.types import Affine, Floats, Head, Kernel, Neighbours
from headstart.deliver.onnx.sketch import Sketch


def probabilities_of(sketch: Sketch, features: str, head: Head) -> str:
    """Put down the nodes from features, float64 (n, d), to probabilities, float64 (n, classes).

    Raises
    ------
    EngineError
        If there are no nodes for this kind of head.
    """
    if head.kind not in _NODES:
        raise EngineError(
            f"A head of the kind '{head.kind}' cannot be written as an ONNX graph.",
            hint=f"Export a classifier with one of these heads: {', '.join(_NODES)}.",
        )
    scores = _NODES[head.kind](sketch, features, head)
    return sketch.add("Softmax", sketch.add("Div", scores, sketch.real(head.temperature)), axis=1)


def distance_of(sketch: Sketch, features: str, examples: Floats) -> str:
    """Put down the nodes from features to the distance of the nearest example, float64 (n,), 0 to 2."""
    nearest = sketch.add("MatMul", _unit_rows(sketch, features), _kept(sketch, examples.T))
    nearest = sketch.add("ReduceMax", nearest, sketch.whole(1), keepdims=0)
    return sketch.add("Sub", sketch.real(1.0), nearest)


def _affine(sketch: Sketch, features: str, head: Head) -> str:
    own = cast(Affine, head)
    return sketch.add("Add", sketch.add("MatMul", features, _kept(sketch, own.weight.T)), _kept(sketch, own.bias))


def _kernel(sketch: Sketch, features: str, head: Head) -> str:
    own = cast(Kernel, head)
    standard = _standard(sketch, features, own.mean, own.scale)
    support = np.asarray(own.support, np.float64)
    twice = sketch.add("Mul", sketch.real(2.0), sketch.add("MatMul", standard, _kept(sketch, own.support.T)))
    of_rows = sketch.add("ReduceSum", sketch.add("Mul", standard, standard), sketch.whole(1), keepdims=1)
    of_support = sketch.constant((support * support).sum(axis=1)[None, :])
    distances = sketch.add("Sub", sketch.add("Add", of_rows, of_support), twice)
    distances = sketch.add("Max", distances, sketch.real(0.0))
    kernel = sketch.add("Exp", sketch.add("Mul", distances, sketch.real(-own.gamma)))
    return sketch.add("Add", sketch.add("MatMul", kernel, _kept(sketch, own.coefficients)), _kept(sketch, own.bias))


def _neighbours(sketch: Sketch, features: str, head: Head) -> str:
    own = cast(Neighbours, head)
    k = min(own.k, len(own.examples))
    standard = _unit_rows(sketch, _standard(sketch, features, own.mean, own.scale))
    likeness = sketch.add("MatMul", standard, _kept(sketch, own.examples.T))
    near, which = sketch.add_two("TopK", likeness, sketch.whole(k), axis=1, largest=1, sorted=1)
    sharp = sketch.add("Mul", sketch.add("Sub", near, sketch.real(1.0)), sketch.real(own.sharpness))
    weight = sketch.add("Exp", sharp)
    share = sketch.add("Div", weight, sketch.add("ReduceSum", weight, sketch.whole(1), keepdims=1))
    labels = sketch.add("Gather", sketch.constant(np.asarray(own.labels, np.int64)), which)
    every = sketch.constant(np.arange(own.classes, dtype=np.int64).reshape(1, 1, -1))
    voted = sketch.add("Equal", sketch.add("Unsqueeze", labels, sketch.whole(2)), every)
    votes = sketch.add("Mul", sketch.cast(voted, "float64"), sketch.add("Unsqueeze", share, sketch.whole(2)))
    votes = sketch.add("ReduceSum", votes, sketch.whole(1), keepdims=0)
    return sketch.add("Log", sketch.add("Add", votes, sketch.real(1.0 / (k * own.classes))))


def _standard(sketch: Sketch, features: str, mean: Floats, scale: Floats) -> str:
    return sketch.add("Div", sketch.add("Sub", features, _kept(sketch, mean)), _kept(sketch, scale))


def _unit_rows(sketch: Sketch, values: str) -> str:
    """Scale rows to length 1; rows of zeros stay."""
    squares = sketch.add("ReduceSum", sketch.add("Mul", values, values), sketch.whole(1), keepdims=1)
    length = sketch.add("Sqrt", squares)
    some = sketch.add("Greater", length, sketch.real(0.0))
    return sketch.add("Div", values, sketch.add("Where", some, length, sketch.real(1.0)))


def _kept(sketch: Sketch, values: Floats) -> str:
    """Put an array down as it is kept in the bundle, and compute with it in double precision."""
    kept = sketch.constant(np.asarray(values))
    return kept if values.dtype == np.float64 else sketch.cast(kept, "float64")


_NODES: Mapping[str, Callable[[Sketch, str, Head], str]] = {
    Affine.kind: _affine,
    Kernel.kind: _kernel,
    Neighbours.kind: _neighbours,
}
