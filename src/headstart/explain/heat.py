"""Where in a picture the evidence lies: spots are covered, or shown alone, and the classifier answers again.

It asks nothing of the classifier but answers, so every kind (a rule, a kernel, neighbours on a network, a trained
network) is asked alike; and every answer comes from the path from which all its answers come.

Covering alone is Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks", section 4.2. Where a
class is seen in several spots, covering one of them takes little; what a spot gives alone tells it all the same (Fong
and Vedaldi 2017, "Interpretable Explanations of Black Boxes", call the two games deletion and preservation).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.base.types import Floats
from headstart.bundle.model import Model
from headstart.pixels.covering import SPOTS, alone, covered, on_cells
from headstart.records.heat import HeatRecord
from headstart.records.preprocessing import Preprocessing

ASKED = 2 * SPOTS + 1  # answers for one picture: whole, each spot covered, each spot alone


@dataclass(frozen=True, eq=False)
class Heat:
    """What one classifier says of one picture and of its spots.

    Parameters
    ----------
    answer : str
        The class it names for the whole picture; all probabilities are of this class.
    stated : float
        For the whole picture.
    covered, alone : array, (spots,)
        With each spot covered, and of each spot alone.
    named : tuple of str
        The class that it names with each spot covered.
    """

    answer: str
    stated: float
    covered: Floats
    alone: Floats
    named: tuple[str, ...]

    @property
    def falls(self) -> Floats:
        """By how much covering each spot lowers the probability, (spots,); below 0 where it raises it."""
        lower: Floats = self.stated - self.covered
        return lower

    def cells(self) -> Floats:
        """Return what each cell is worth to the answer, (8, 8), in probability; below 0 speaks against it.

        A spot is worth the mean of two things: what covering it takes, and by how much the spot alone makes the answer
        surer than an average spot of this picture alone; a cell what the spots are that it lies in, on average.
        """
        return on_cells((self.falls + self.alone - self.alone.mean()) / 2)

    def record(self, sha256: str) -> HeatRecord:
        """Return what is kept of it, with the checksum of the picture."""
        return HeatRecord(
            sha256=sha256,
            answer=self.answer,
            stated=self.stated,
            covered=tuple(self.covered.tolist()),
            alone=tuple(self.alone.tolist()),
            named=self.named,
        )

    @classmethod
    def from_record(cls, record: HeatRecord) -> Heat:
        """Return what was kept; ValueError if it has another number of spots."""
        if any(len(each) != SPOTS for each in (record.covered, record.alone, record.named)):
            raise ValueError("another number of spots")
        covered, alone = (np.array(values, np.float64) for values in (record.covered, record.alone))
        return cls(record.answer, record.stated, covered, alone, record.named)


def heat_of(models: Sequence[Model], square: NDArray[np.uint8]) -> list[Heat]:
    """Return what each of `models` says of a framed picture, (S, S, 3); the first one's network sees for all of them.

    So they must be those that `alike` put together. The network is asked `ASKED` times.
    """
    first = models[0]
    asked = [square, *covered(square, first.preprocessing), *alone(square, first.preprocessing)]
    features = first.features_of_squares(iter(asked))
    return [_heat(model, model.answers_of(features).probabilities) for model in models]


def _heat(model: Model, probabilities: Floats) -> Heat:
    best = int(probabilities[0].argmax())
    found, named = probabilities[:, best], probabilities.argmax(axis=1)
    hidden = slice(1, 1 + SPOTS)
    return Heat(
        answer=model.classes[best],
        stated=float(found[0]),
        covered=found[hidden],
        alone=found[1 + SPOTS :],
        named=tuple(model.classes[k] for k in named[hidden]),
    )


def alike(models: Mapping[str, Model]) -> list[list[str]]:
    """Return the names of loaded `models` in parts of the same network, readout and preprocessing, to the bit."""
    from headstart.backbones.forward import tensors_hash  # imports torch

    parts: dict[tuple[str, tuple[str, ...], Preprocessing], list[str]] = {}
    for name, model in models.items():
        key = (tensors_hash(model.answering), model.info.read, model.preprocessing)
        parts.setdefault(key, []).append(name)
    return list(parts.values())
