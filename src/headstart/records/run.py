"""One strategy that was tried: what it is, what it cost, what it reached."""

from __future__ import annotations

from typing import Literal

from headstart.records.findings import Finding
from headstart.records.metrics import MetricsBySplit
from headstart.records.preprocessing import Preprocessing
from headstart.records.record import Amount, Count, Duration, Inside, Record, RunName, Scalar, Share, Side, Whole
from headstart.records.training import ChoosingSource, Epoch, TrainingSettings

Weights = Literal["pretrained", "random"]
Readout = Literal["pool", "stages"]  # what heads read of a network: its last features, or several stages
READOUTS: tuple[Readout, ...] = ("pool", "stages")
AT = "@"  # between a strategy's name and a cut of its own


class RunId(Record):
    """Which run of an experiment: a strategy, the cut that its name says (None: the usual one), and the seed."""

    strategy: str
    cut: str | None = None
    seed: Whole = 0

    @classmethod
    def parse(cls, name: str, seed: int = 0) -> RunId:
        """Return the id that `str` has written."""
        strategy, at, cut = name.partition(AT)
        return cls(strategy=strategy, cut=cut if at else None, seed=seed)

    def __str__(self) -> str:
        return self.strategy if self.cut is None else f"{self.strategy}{AT}{self.cut}"


class Parameters(Record):
    """Numbers that a classifier holds: in all, fitted to these pictures, and remembered of training pictures."""

    total: Count
    trained: Count
    remembered: Count = 0


class Seconds(Record):
    """What a run cost: `total` as if alone, `fit` its own part; `earlier`: it was trained for another run folder."""

    total: Duration
    fit: Duration
    earlier: bool = False


class SolvedHead(Record):
    """A head that was solved, not trained: the settings that folds inside train chose, and whether it converged."""

    settings: dict[str, Scalar]
    converged: bool


class TrainingRecord(Record):
    """A training by gradients: what it was told, and how it went.

    Parameters
    ----------
    settings : TrainingSettings
    augment : str
    views : int, optional
        Augmented copies whose activations were stored; None where pictures were augmented in each epoch.
    sides : tuple of int
        Sides of the pictures, epoch by epoch; empty where all saw the same.
    choosing : str
        The pictures that chose the epoch: ``"train"`` (an inner hold-out), ``"val"`` or ``"none"``.
    epoch_chosen : int, optional
        None where nothing was chosen, or the solved head was kept.
    kept_solved_head : bool
        No epoch was better than the head solved on the frozen network, so that head answers.
    pictures : int
        How many the answering weights have learned from.
    mix : float, optional
        How much of the answer is the trained network's; the rest is that of a head solved on the frozen one, which
        answers beside it. 1: the trained network alone; 0: the solved head alone. None for random weights.
    chosen_among : tuple of str
        Which choosing pictures each epoch answered right, packed; only where these also measure.
    """

    settings: TrainingSettings
    augment: str
    choosing: ChoosingSource
    epoch_chosen: Count | None
    kept_solved_head: bool
    pictures: Count
    views: Count | None = None
    sides: tuple[Side, ...] = ()
    mix: Share | None = None
    chosen_among: tuple[str, ...] = ()


class RunRecord(Record):
    """One finished run.

    Parameters
    ----------
    id : str
        Its name in the run folder: ``str(RunId)``.
    strategy : str
        Its row of the table of strategies.
    cut : str
        Where the trained part of the network starts.
    head : str
        ``"logistic"``, ``"svm"``, ``"knn"``, ``"linear"``, ``"pool-bn"``.
    readout : str
        What the head reads.
    flops : float
        Operations for one answer.
    solved, training
        The one of the two that made it.
    predictions, bundle : str
        Where they stand in the run folder.
    """

    id: RunName
    strategy: str
    weights: Weights
    cut: str
    head: str
    seed: Whole
    readout: Readout
    parameters: Parameters
    flops: Amount
    preprocessing: Preprocessing
    seconds: Seconds
    metrics: MetricsBySplit
    predictions: Inside
    bundle: Inside
    solved: SolvedHead | None = None
    training: TrainingRecord | None = None
    epochs: tuple[Epoch, ...] = ()
    epochs_on_all: tuple[Epoch, ...] = ()
    warnings: tuple[Finding, ...] = ()

    @property
    def run_id(self) -> RunId:
        """Strategy, cut and seed of this run."""
        return RunId.parse(self.id, self.seed)

    @property
    def kept_solved_head(self) -> bool:
        """Whether training was tried and the solved head answers all the same."""
        return self.training is not None and self.training.kept_solved_head
