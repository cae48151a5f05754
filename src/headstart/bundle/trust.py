"""What a classifier knows of its own limits, as it stands in a bundle: prediction sets, and none of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.base.types import Floats
from headstart.evidence.conformal import USUAL, PredictionSets
from headstart.evidence.novelty import FALSE_REJECTIONS, Familiar

EXAMPLES = "none.examples"  # the tensor's name


@dataclass(frozen=True, kw_only=True, eq=False)
class Trust:
    """What was learned from held-out training pictures beside the head.

    Parameters
    ----------
    sets : PredictionSets
        Without a single threshold where nothing was held out.
    familiar : Familiar, optional
        None where there were too few pictures to set its limit.
    """

    sets: PredictionSets
    familiar: Familiar | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for ``bundle.json``; the arrays are `tensors`."""
        near = self.familiar
        none = None if near is None else {"limit": near.limit, "pictures": near.pictures, "falsely": FALSE_REJECTIONS}
        return {"sets": self.sets.to_dict(), "none_of_these": none}

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by the names that they have in ``model.safetensors``."""
        return {} if self.familiar is None else {EXAMPLES: np.ascontiguousarray(self.familiar.examples)}

    def on(self, features: Floats) -> Trust:
        """Return the same limits around other examples: what another network says of training pictures, (n, d)."""
        return self if self.familiar is None else replace(self, familiar=self.familiar.on(features))

    @classmethod
    def read(cls, calibration: Mapping[str, Any] | None, tensors: Mapping[str, NDArray[Any]]) -> Trust | None:
        """Return what `to_dict` and `tensors` have written; None out of a bundle that is older than this.

        Raises
        ------
        KeyError, TypeError, ValueError
            If something is missing or garbled.
        """
        if not calibration or "sets" not in calibration:
            return None
        none = calibration["none_of_these"]
        familiar = None
        if none is not None:
            examples = tensors[EXAMPLES]
            familiar = Familiar(examples=examples, limit=float(none["limit"]), pictures=int(none["pictures"]))
        return cls(sets=PredictionSets.from_dict(calibration["sets"]), familiar=familiar)


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
        None for a bundle from before there was any.
    """

    probabilities: Floats
    temperature: float = 1.0
    distances: Floats | None = None
    trust: Trust | None = None

    def part(self, rows: NDArray[np.bool_]) -> Answers:
        """Return the answers for some of the pictures."""
        distances = None if self.distances is None else self.distances[rows]
        return replace(self, probabilities=self.probabilities[rows], distances=distances)

    def sets(self, level: float = USUAL) -> NDArray[np.bool_] | None:
        """Return which classes are in the prediction set of each picture, (n, classes); None if there are no sets."""
        return None if self.trust is None else self.trust.sets.members(self.probabilities, level)

    def record(
        self, labels: NDArray[np.int64], *, groups: NDArray[np.generic] | None = None, interval: str = "wilson"
    ) -> dict[str, Any]:
        """Return what of all this came true for pictures of these labels, (n,); see `stated_record`."""
        from headstart.evidence.answer_quality import stated_record  # scipy, which predicting needs not

        return stated_record(
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
