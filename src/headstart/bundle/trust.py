"""What a classifier knows of its own limits, as it stands in a bundle: prediction sets, and none of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headstart.base.types import Floats
from headstart.evidence.conformal import USUAL, PredictionSets
from headstart.evidence.novelty import FALSE_REJECTIONS, Familiar
from headstart.records.bundle import BundleCalibration, NoneLimit, SetThresholds
from headstart.records.notes import Note

if TYPE_CHECKING:
    from headstart.evidence.answer_quality import Stated

EXAMPLES = "none.examples"  # the tensor's name


@dataclass(frozen=True, kw_only=True, eq=False)
class Trust:
    """What was learned from held-out training pictures besides the head.

    Parameters
    ----------
    sets : PredictionSets
        Without a single threshold where nothing was held out.
    familiar : Familiar, optional
        None where there were too few pictures to set its limit.
    """

    sets: PredictionSets
    familiar: Familiar | None = None

    def thresholds(self) -> SetThresholds:
        """Return the thresholds of prediction sets as a bundle keeps them."""
        return self.sets.record()

    def limit(self) -> NoneLimit | None:
        """Return the limit of none of these as a bundle keeps it; its examples are `tensors`."""
        near = self.familiar
        return None if near is None else NoneLimit(limit=near.limit, pictures=near.pictures, falsely=FALSE_REJECTIONS)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by the names that they have in ``model.safetensors``."""
        return {} if self.familiar is None else {EXAMPLES: np.ascontiguousarray(self.familiar.examples)}

    def widened(self) -> Trust:
        """Return the same with its examples in float64."""
        return self if self.familiar is None else replace(self, familiar=self.familiar.widened())

    def on(self, features: Floats) -> Trust:
        """Return the same limits around other examples: what another network says of training pictures, (n, d)."""
        return self if self.familiar is None else replace(self, familiar=self.familiar.on(features))

    @classmethod
    def read(cls, calibration: BundleCalibration, tensors: Mapping[str, NDArray[Any]]) -> Trust | None:
        """Return what `thresholds`, `limit` and `tensors` have written; None where nothing was known.

        Raises
        ------
        KeyError, ValueError
            If the examples are missing, or a level is no number; it is named.
        """
        kept, none = calibration.sets, calibration.none_of_these
        if kept is None:
            return None
        sets = PredictionSets.from_record(kept)
        if none is None:
            return cls(sets=sets)
        return cls(sets=sets, familiar=Familiar(examples=tensors[EXAMPLES], limit=none.limit, pictures=none.pictures))


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """Answers for some pictures, and how sure they are.

    Parameters
    ----------
    probabilities : array, (n, classes)
    temperature : float
        What the scores were divided by.
    distances : array, (n,), optional
        From what was trained on; None where the classifier does not know.
    trust : Trust, optional
        None where nothing is known.
    notes : tuple of tuple of str
        What was done to each picture while it was read; empty where nobody has asked.
    """

    probabilities: Floats
    temperature: float = 1.0
    distances: Floats | None = None
    trust: Trust | None = None
    notes: tuple[tuple[Note, ...], ...] = ()

    def part(self, rows: NDArray[np.bool_]) -> Answers:
        """Return the answers for some of the pictures."""
        distances = None if self.distances is None else self.distances[rows]
        notes = tuple(note for note, kept in zip(self.notes, rows, strict=False) if kept)
        return replace(self, probabilities=self.probabilities[rows], distances=distances, notes=notes)

    def sets(self, level: float = USUAL) -> NDArray[np.bool_] | None:
        """Return which classes are in the prediction set of each picture, (n, classes); None if there are no sets."""
        return None if self.trust is None else self.trust.sets.members(self.probabilities, level)

    def stated(
        self, labels: NDArray[np.int64], *, groups: NDArray[np.generic] | None = None, interval: str = "wilson"
    ) -> Stated:
        """Return how much of all this came true for pictures of these labels, (n,)."""
        from headstart.evidence.answer_quality import stated  # imports scipy, which predicting does not need

        return stated(
            labels,
            self.probabilities,
            temperature=self.temperature,
            sets=None if self.trust is None else self.trust.sets,
            rejected=self.none_of_these(),
            groups=groups,
            interval=interval,
        )

    def none_of_these(self) -> NDArray[np.bool_] | None:
        """Return which pictures resemble nothing that was trained on, (n,); None where it is not known."""
        if self.distances is None or self.trust is None or self.trust.familiar is None:
            return None
        return self.trust.familiar.none_of_these(self.distances)
