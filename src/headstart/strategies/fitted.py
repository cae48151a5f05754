"""What fitting one strategy gives back, whichever way it was fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from headstart.base.types import Floats
from headstart.bundle import Answers, Model


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedRun:
    """One fitted strategy.

    Parameters
    ----------
    model : Model
    probabilities : array, (held-out pictures, classes)
        Of the held-out pictures, by the path that the model itself answers with.
    cut : str
        Where the trained part starts.
    flops : float
        For one picture at prediction, head included.
    total, trained : int
        Parameters of network and head; those that were fitted.
    remembered : int
        Numbers of the head that are training pictures as the network sees them.
    settings : mapping
        What the fit was told, and what it chose itself.
    read : tuple of str
        Stages that the head reads beside the pooled features.
    shared : tuple of str
        The shared steps without which this strategy could not have been fitted.
    distances : array, (held-out pictures,), optional
        From what was trained on; None where the model does not know.
    chosen_on_val : bool
        The validation pictures took part in choosing.
    epochs, epochs_on_all : sequences of mapping
        Of the training that the hold-out judged, and of the one after it that learned from the hold-out too.
    earlier : float
        Seconds that were spent on it before it was fitted, because something else needed the same.
    right_by_epoch : tuple of str
        Which of the choosing pictures each epoch answered right; see `headstart.tune.choosing.packed`.
    """

    model: Model
    probabilities: Floats
    cut: str
    flops: float
    total: int
    trained: int
    settings: Mapping[str, Any]
    shared: tuple[str, ...]
    remembered: int = 0
    distances: Floats | None = None
    read: tuple[str, ...] = ()
    chosen_on_val: bool = False
    epochs: Sequence[Mapping[str, Any]] = ()
    epochs_on_all: Sequence[Mapping[str, Any]] = ()
    right_by_epoch: tuple[str, ...] = ()
    earlier: float = 0.0
    warnings: tuple[str, ...] = field(default=())

    @property
    def answers(self) -> Answers:
        """The answers for the held-out pictures, with what is stated of them."""
        return Answers(
            probabilities=self.probabilities,
            temperature=self.model.head.temperature,
            distances=self.distances,
            trust=self.model.trust,
        )
