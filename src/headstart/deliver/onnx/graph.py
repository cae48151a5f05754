"""The whole classifier as one graph: framing, network, head, temperature, prediction set and none of these.

The traced network is taken in as it is, the rest is put around it node by node. Outputs:

- ``probabilities``, float32, in the order of the classes; ``label``, text: the most probable class.
- ``set``, bool: which classes are in the 95 % prediction set; missing where the bundle has none.
- ``none_of_these``, bool: the picture is unlike all that were trained on; missing where that is not known.
- ``square``, uint8: what the network saw, to look at where an answer surprises.

A file for one picture takes ``picture``, uint8 (H, W, 3), and its outputs have no first axis. A file for squares takes
``pictures``, uint8 (n, side, side, 3), and they have n.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from onnx import compose

from headstart.backbones.onnx import export
from headstart.base.errors import EngineError
from headstart.base.version import __version__
from headstart.bundle import Model
from headstart.deliver.onnx.form import FACTS, FORMAT, LABEL, NONE, PICTURE, PROBABILITIES, SET, SQUARES
from headstart.deliver.onnx.framing import square_of
from headstart.deliver.onnx.heads import distance_of, probabilities_of
from headstart.deliver.onnx.sketch import Sketch
from headstart.evidence.conformal import USUAL
from headstart.records.codec import plain
from headstart.records.exported import ExportedFacts, InputForm
from headstart.records.preprocessing import Preprocessing

MOST_BYTES = 2**31 - 2**20  # a file of Protocol Buffers cannot be larger
_PREFIX = "network/"


@dataclass(frozen=True, eq=False)
class Traced:
    """A network as a graph, normalised pictures to features, its names made its own."""

    model: onnx.ModelProto

    @classmethod
    def read(cls, file: Path) -> Traced:
        """Return the graph in a file."""
        return cls(compose.add_prefix(onnx.load(file), _PREFIX))


def traced(model: Model) -> Traced:
    """Return the classifier's network as it answers, traced.

    Raises
    ------
    EngineError
        If it has an operation that ONNX lacks, or is too large for one file.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder) / "network.onnx"
        export(model.answering, model.preprocessing.input_size, file)
        if file.stat().st_size > MOST_BYTES or len(list(Path(folder).iterdir())) > 1:
            raise EngineError(
                f"The network takes {file.stat().st_size / 1e9:.1f} GB, and an ONNX file holds 2.",
                hint="Use a smaller network.",
            )
        return Traced.read(file)


def facts_of(model: Model, bundle: str, form: InputForm, *, eight_bits: bool = False) -> ExportedFacts:
    """Return what an exported classifier says of itself.

    Parameters
    ----------
    model : Model
    bundle : str
        Its fingerprint.
    form : str
    eight_bits : bool
    """
    info, trust = model.info, model.trust
    near = None if trust is None else trust.familiar
    return ExportedFacts(
        format=FORMAT,
        headstart=__version__,
        classes=model.classes,
        preprocessing=model.preprocessing,
        bundle=bundle,
        network=info.architecture,
        strategy="unknown" if info.strategy is None else info.strategy.strategy,
        licence=(info.backbone.licence if info.backbone is not None else None) or "unknown",
        level=USUAL,
        threshold=None if trust is None else trust.sets.thresholds.get(USUAL),
        limit=None if near is None else near.limit,
        input=form,
        eight_bits=eight_bits,
    )


def built(model: Model, network: Traced, facts: ExportedFacts) -> onnx.ModelProto:
    """Return the whole classifier as one model, its weights inside.

    Raises
    ------
    EngineError
        If its head or its interpolation cannot be written, or ONNX refuses the graph.
    """
    sketch = Sketch()
    side = model.preprocessing.input_size
    if facts.input == "picture":
        picture = sketch.input(PICTURE, "uint8", ("height", "width", 3))
        squares = square_of(sketch, picture, model.preprocessing)
    else:
        pictures = sketch.input(SQUARES, "uint8", ("n", side, side, 3))
        squares = sketch.add("Transpose", pictures, perm=[0, 3, 1, 2])
    found = sketch.take_in(network.model, _normalised(sketch, squares, model.preprocessing))
    _answers(sketch, sketch.cast(found, "float64"), squares, model, facts)
    drawn = sketch.model("headstart classifier", opsets=network.model.opset_import)
    drawn.doc_string = f"A picture to one of {len(facts.classes)} classes, made with headstart {__version__}."
    _tell(drawn, facts)
    if drawn.ByteSize() > MOST_BYTES:
        raise EngineError("The classifier takes over 2 GB, which no ONNX file holds.", hint="Use a smaller network.")
    return drawn


def _normalised(sketch: Sketch, squares: str, preprocessing: Preprocessing) -> str:
    """Return the very floats of `headstart.backbones.onnx.normalise`."""
    values = sketch.add("Div", sketch.cast(squares, "float32"), sketch.constant(np.array(255.0, np.float32)))
    mean, std = (
        sketch.constant(np.array(numbers, np.float32).reshape(1, 3, 1, 1))
        for numbers in (preprocessing.mean, preprocessing.std)
    )
    return sketch.add("Div", sketch.add("Sub", values, mean), std)


def _answers(sketch: Sketch, features: str, squares: str, model: Model, facts: ExportedFacts) -> None:
    """Put down all outputs."""
    probabilities = probabilities_of(sketch, features, model.head)
    best = sketch.add("ArgMax", probabilities, axis=1, keepdims=0)
    label = sketch.add("Gather", sketch.constant(model.classes), best)
    values = {
        PROBABILITIES: (sketch.cast(probabilities, "float32"), "float32", [len(model.classes)]),
        LABEL: (label, "text", []),
        "square": (
            sketch.add("Transpose", squares, perm=[0, 2, 3, 1]),
            "uint8",
            [*[model.preprocessing.input_size] * 2, 3],
        ),
    }
    if facts.threshold is not None:
        values[SET] = (_members(sketch, probabilities, best, facts), "bool", [len(model.classes)])
    if facts.limit is not None and model.trust is not None and model.trust.familiar is not None:
        distance = distance_of(sketch, features, model.trust.familiar.examples)
        values[NONE] = (sketch.add("Greater", distance, sketch.real(facts.limit)), "bool", [])
    for name, (value, kind, shape) in values.items():
        if facts.input == "picture":
            sketch.output(sketch.add("Squeeze", value, sketch.whole(0)), name, kind, shape)
        else:
            sketch.output(value, name, kind, ["n", *shape])


def _members(sketch: Sketch, probabilities: str, best: str, facts: ExportedFacts) -> str:
    """Return which classes reach the threshold; the answer alone where none does."""
    threshold = sketch.real(facts.threshold or 0.0)
    inside = sketch.add("GreaterOrEqual", probabilities, threshold)
    some = sketch.add("GreaterOrEqual", sketch.add("ReduceMax", probabilities, sketch.whole(1), keepdims=1), threshold)
    every = sketch.constant(np.arange(len(facts.classes), dtype=np.int64)[None, :])
    alone = sketch.add("Equal", sketch.add("Unsqueeze", best, sketch.whole(1)), every)
    return sketch.add("Or", inside, sketch.add("And", alone, sketch.add("Not", some)))


def _tell(model: onnx.ModelProto, facts: ExportedFacts) -> None:
    """Write into the file what it is; class names and licence also by themselves, for who knows no headstart."""
    from json import dumps

    told = {
        FACTS: dumps(plain(facts), ensure_ascii=False),
        "classes": dumps(list(facts.classes), ensure_ascii=False),
        "twice_the_side": str(2 * facts.preprocessing.decode_side),  # to which decoders may make large JPEGs smaller
        "licence": facts.licence,
        "bundle": facts.bundle,
    }
    for key, value in told.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
