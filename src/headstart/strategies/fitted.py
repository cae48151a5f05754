"""What fitting one strategy gives back, whichever way it was fitted."""

from __future__ import annotations

from dataclasses import dataclass

from headstart.base.types import Floats
from headstart.bundle import Answers, Model
from headstart.records.findings import Finding
from headstart.records.run import Parameters, Readout, SolvedHead, TrainingRecord
from headstart.records.training import Epoch


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
    head : str
        The head's name.
    readout : str
        What it reads.
    flops : float
        For one picture at prediction, head included.
    parameters : Parameters
    shared : tuple of str
        The shared steps without which this strategy could not have been fitted.
    read : tuple of str
        Stages that the head reads beside the pooled features.
    beside : str, optional
        The cut behind which a trained copy of the network answers beside the frozen one.
    distances : array, (held-out pictures,), optional
        From what was trained on; None where the model does not know.
    solved, training
        The one of the two that made it.
    chosen_on_val : bool
        The validation pictures took part in choosing.
    epochs, epochs_on_all : tuples of Epoch
        Of the training that the hold-out judged, and of the one after it that learned from the hold-out too.
    earlier : float
        Seconds that were spent on it before it was fitted, because something else needed the same.
    """

    model: Model
    probabilities: Floats
    cut: str
    head: str
    readout: Readout
    flops: float
    parameters: Parameters
    shared: tuple[str, ...]
    read: tuple[str, ...] = ()
    beside: str | None = None
    distances: Floats | None = None
    solved: SolvedHead | None = None
    training: TrainingRecord | None = None
    chosen_on_val: bool = False
    epochs: tuple[Epoch, ...] = ()
    epochs_on_all: tuple[Epoch, ...] = ()
    earlier: float = 0.0
    warnings: tuple[Finding, ...] = ()

    @property
    def answers(self) -> Answers:
        """The answers for the held-out pictures, with what is stated of them."""
        return Answers(
            probabilities=self.probabilities,
            temperature=self.model.head.temperature,
            distances=self.distances,
            trust=self.model.trust,
        )
