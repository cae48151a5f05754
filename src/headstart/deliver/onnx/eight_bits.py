"""A classifier whose network computes in 8 bits: calibrated on training pictures, and what that costs in accuracy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from headstart.backbones.onnx import export, normalise, to_eight_bits
from headstart.base.errors import ConfigError, EngineError
from headstart.bundle import Model
from headstart.deliver import witnesses
from headstart.deliver.onnx.classifier import Exported
from headstart.deliver.onnx.graph import Traced
from headstart.deliver.witnesses import Witness
from headstart.evidence.paired import difference_interval, disagreements
from headstart.records.exported import Drop
from headstart.records.progress import Progress

PICTURES = 128  # whose ranges are taken over
_AT_ONCE = 8


def traced(model: Model, known: Sequence[Witness], progress: Progress) -> Traced:
    """Return the network in 8 bits, as a graph.

    Raises
    ------
    ConfigError
        If no training pictures are known.
    EngineError
        If it cannot be done.
    """
    learned = witnesses.learned_from(known, PICTURES)
    if not learned:
        raise ConfigError(
            "With 8 bits the ranges are taken from training pictures, and none are known here.",
            hint="Give the folder that the classifier was trained on: --data FOLDER",
        )
    with progress.step("ranges for 8 bits", len(learned)) as step:

        def batches() -> Iterator[NDArray[np.float32]]:
            for begin in range(0, len(learned), _AT_ONCE):
                part = learned[begin : begin + _AT_ONCE]
                squares = model.squares([one.path for one in part])
                step.advance(len(part))
                if squares:
                    yield normalise(np.stack(squares), model.preprocessing)

        with TemporaryDirectory() as folder:
            source, target = Path(folder) / "network.onnx", Path(folder) / "small.onnx"
            export(model.answering, model.preprocessing.input_size, source)
            to_eight_bits(source, target, batches())
            return Traced.read(target)


def drop(exported: Exported, model: Model, known: Sequence[Witness], most: float, progress: Progress) -> Drop:
    """Return what 8 bits cost in accuracy on the labelled pictures that were not learned from.

    Raises
    ------
    ConfigError
        If there are none.
    """
    split, rows = witnesses.measuring(known, model.classes)
    if not rows:
        raise ConfigError(
            "What 8 bits cost is measured on labelled pictures that were not learned from, and none are known here.",
            hint="Give a folder with a folder for each class: --data FOLDER",
        )
    paths = [one.path for one in rows]
    mine, faulty = model.examine(paths, progress=progress)
    its, also = exported.examine(paths, progress=progress)
    if faulty != also:
        raise EngineError("The two could not read the same pictures.", hint="Try again when nothing changes the files.")
    truth = np.array([model.classes.index(str(one.label)) for row, one in enumerate(rows) if row not in faulty])
    right, kept = (answers.probabilities.argmax(axis=1) == truth for answers in (mine, its))
    only_bundle, only_exported = disagreements(right, kept)
    return Drop(
        pictures=len(truth),
        split=split,
        bundle_right=int(right.sum()),
        exported_right=int(kept.sum()),
        difference=float(right.mean() - kept.mean()),
        interval=difference_interval(only_bundle, only_exported, len(truth)),
        most=most,
    )
