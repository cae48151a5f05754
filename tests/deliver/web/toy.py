"""A classifier that knows colours: a graph of a few nodes, as the browser runs it, and the same in Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from headstart.bundle.trust import Answers, Trust
from headstart.evidence.conformal import PredictionSets
from headstart.pixels import frame
from headstart.pixels.decode import decode_noted
from headstart.pixels.given import Pictures, given_pictures
from headstart.records.bundle import SetThresholds
from headstart.records.preprocessing import Preprocessing
from headstart.records.progress import Progress

CLASSES = ("blue", "green", "red")
SIDE = 56
THRESHOLD = 0.3  # of a class's probability, to be in the set
DIM = 30.0  # a picture as dark as this is none of these
PREPROCESSING = Preprocessing(input_size=SIDE)


def colour_graph(classes: int = 3, *, trust: bool = True) -> bytes:
    """Return a graph that takes squares and answers by their mean red, green and blue."""
    weights = np.zeros((3, classes), np.float32)
    for k in range(classes):
        weights[2 - k % 3, k] = 0.02 / (1 + k // 3)
    nodes = [
        helper.make_node("Cast", ["pictures"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats", "axes"], ["mean"], keepdims=0),
        helper.make_node("MatMul", ["mean", "weights"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
    ]
    outputs = [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", classes])]
    constants = {"axes": np.array([1, 2], np.int64), "weights": weights}
    if trust:
        nodes += [
            helper.make_node("GreaterOrEqual", ["probabilities", "threshold"], ["set"]),
            helper.make_node("ReduceMax", ["mean", "last"], ["brightest"], keepdims=0),
            helper.make_node("Less", ["brightest", "dim"], ["none_of_these"]),
        ]
        outputs += [
            helper.make_tensor_value_info("set", TensorProto.BOOL, ["n", classes]),
            helper.make_tensor_value_info("none_of_these", TensorProto.BOOL, ["n"]),
        ]
        constants |= {"last": np.array([1], np.int64), "threshold": np.float32(THRESHOLD), "dim": np.float32(DIM)}
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["n", SIDE, SIDE, 3])],
        outputs,
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


@dataclass(frozen=True, eq=False)
class Toy:
    """The same classifier in Python, as `headstart.deliver.web` wants it."""

    classes: tuple[str, ...] = CLASSES
    preprocessing: Preprocessing = PREPROCESSING
    graph: bytes = field(default_factory=colour_graph)

    @property
    def trust(self) -> Trust:
        """Sets of the same threshold as in the graph."""
        record = SetThresholds(pictures=100, units=100, thresholds={"0.95": THRESHOLD})
        return Trust(sets=PredictionSets.from_record(record))

    def examine(self, pictures: Pictures, *, progress: Progress | None = None) -> tuple[Answers, Mapping[int, str]]:
        """Return what the graph answers in ONNX Runtime of Python."""
        session = onnxruntime.InferenceSession(self.graph, providers=["CPUExecutionProvider"])
        rows, notes = [], []
        for given in given_pictures(pictures):
            decoded = decode_noted(given.source, short_side=self.preprocessing.decode_side)
            square = frame(decoded.pixels, self.preprocessing)
            rows.append(session.run(["probabilities"], {"pictures": square[None]})[0][0])
            notes.append(decoded.notes)
        return Answers(probabilities=np.array(rows, np.float64), trust=self.trust, notes=tuple(notes)), {}
