"""How to train: one frozen set of numbers, checked when it is made; and what each epoch gave."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from headstart.base.params import bad_parameter, check_choice, check_integer, check_number
from headstart.records.record import Amount, Count, Duration, Figure, Portion, Positive, Record, Share, Times

Optimizer = Literal["adamw", "sgd"]
Schedule = Literal["one-cycle", "cosine", "step", "constant"]
BatchNorm = Literal["update", "frozen"]
Precision = Literal["float32", "bf16", "fp16"]
ChoosingSource = Literal["train", "val", "none"]
Choose = Literal["loss", "calibrated-loss", "accuracy"]
Keep = Literal["best", "last"]

OPTIMIZERS: tuple[Optimizer, ...] = ("adamw", "sgd")
SCHEDULES: tuple[Schedule, ...] = ("one-cycle", "cosine", "step", "constant")
BATCH_NORMS: tuple[BatchNorm, ...] = ("update", "frozen")
PRECISIONS: tuple[Precision, ...] = ("float32", "bf16", "fp16")
CHOICES: tuple[Choose, ...] = ("loss", "calibrated-loss", "accuracy")
KEEPS: tuple[Keep, ...] = ("best", "last")


class TrainingSettings(Record):
    """Settings of the training loop; the defaults are for little data and pre-trained weights.

    Parameters
    ----------
    epochs : int
        How often every picture is seen.
    batch_size : int
        Pictures per step of the optimiser. What does not fit into memory is worked off in smaller pieces
        whose gradients are added up; the step stays the same.
    optimizer : str
        ``"adamw"``, or ``"sgd"`` with `momentum`.
    head_rate, backbone_rate : float
        Highest learning rate of the head, and of the suffix below it. Pre-trained layers move less than
        the head; from random weights give both the same.
    weight_decay : float
        Pull towards zero; never on norms and biases (parameters with at most one dimension).
    momentum : float
        For ``"sgd"``.
    schedule : str
        ``"one-cycle"`` (up, then down to almost nothing, both along a cosine), ``"cosine"`` (straight up,
        then down to nothing along a cosine), ``"step"`` (times `gamma` every `step_size` epochs) or ``"constant"``.
    step_size, gamma
        For ``"step"``.
    warmup : float
        Share of all steps in which the rate rises, for ``"one-cycle"`` and ``"cosine"``.
    label_smoothing : float
        Share of each label that is spread over all classes.
    patience : int, optional
        Stop when so many epochs in a row were no better on the hold-out; None: never.
    batch_norm : str
        ``"update"``: the suffix normalises by the batch and keeps learning its statistics; ``"frozen"``: it
        keeps the statistics it came with (for tiny batches), its scale and shift are still trained.
    precision : str
        ``"float32"``, ``"bf16"`` or ``"fp16"`` (CUDA and MPS only) in training; evaluation is always float32.
    clip : float, optional
        Longest gradient; None: no limit.
    average : float
        A running mean of the weights over about so many epochs is judged and kept in their place; 0: none.
    choose : str
        What the best epoch is best at, on the hold-out: ``"calibrated-loss"``, the loss at the best
        temperature, which is kept; ``"loss"``; or ``"accuracy"``, ties by loss. See `headstart.tune.choosing`.
    keep : str
        ``"best"``: the epoch that is best on the hold-out; ``"last"``: the end of the schedule, where the rate is
        least, which the hold-out only judges.
    progressive : bool
        The first epochs see smaller pictures; see `headstart.tune.progressive`. Where activations are stored,
        or the network answers at one size only, there is nothing to change.
    together : bool
        The trained network and the solved head that it started from answer together, half and half. Only where the
        start is pre-trained.
    refit : bool
        Strategies go on for a quarter of the epochs at half the rates, with the hold-out among the pictures to learn
        from, where it was taken out of a train of at most 1,000 pictures. (`train` itself does one training.)

    Raises
    ------
    ConfigError
        If a value cannot be right; it names the parameter and what is allowed.
    """

    epochs: Times = 8
    batch_size: Annotated[int, Meta(ge=2, le=2**53)] = 32
    optimizer: Optimizer = "adamw"
    head_rate: Amount = 1e-3
    backbone_rate: Amount = 2e-4
    weight_decay: Amount = 0.02
    momentum: Portion = 0.9
    schedule: Schedule = "one-cycle"
    step_size: Times = 7
    gamma: Portion = 0.1
    warmup: Portion = 0.2
    label_smoothing: Portion = 0.0
    patience: Times | None = None
    batch_norm: BatchNorm = "update"
    precision: Precision = "float32"
    clip: Positive | None = 1.0
    average: Amount = 1.0
    choose: Choose = "calibrated-loss"
    keep: Keep = "best"
    progressive: bool = False
    together: bool = True
    refit: bool = False

    def __post_init__(self) -> None:
        owner = "TrainingSettings"
        for name, allowed in (
            ("optimizer", OPTIMIZERS),
            ("schedule", SCHEDULES),
            ("batch_norm", BATCH_NORMS),
            ("precision", PRECISIONS),
            ("choose", CHOICES),
            ("keep", KEEPS),
        ):
            check_choice(name, owner, getattr(self, name), allowed)
        check_integer("epochs", owner, self.epochs, least=1)
        check_integer("batch_size", owner, self.batch_size, least=2)
        check_integer("step_size", owner, self.step_size, least=1)
        if self.patience is not None:
            check_integer("patience", owner, self.patience, least=1)
        for name, most in (
            ("head_rate", None),
            ("backbone_rate", None),
            ("weight_decay", None),
            ("momentum", 1.0),
            ("gamma", 1.0),
            ("warmup", 1.0),
            ("label_smoothing", 1.0),
            ("average", None),
        ):
            check_number(name, owner, getattr(self, name), least=0.0, most=most)
        if self.clip is not None and check_number("clip", owner, self.clip, least=0.0) == 0:
            raise bad_parameter("clip", owner, "a number above 0, or None", self.clip)
        for name in ("progressive", "together", "refit"):
            if not isinstance(getattr(self, name), bool):
                raise bad_parameter(name, owner, "True or False", getattr(self, name))


class Epoch(Record):
    """One epoch: mean cross-entropy and accuracy on the pictures it learns from, and on those that choose the epoch.

    The first two are measured while the weights still move. The learning rate is the head's in the middle of the
    epoch; `seconds` includes the choosing pictures, `images_per_second` does not.
    """

    epoch: Count
    train_loss: Figure
    train_accuracy: Share
    choosing_loss: Figure | None
    choosing_accuracy: Share | None
    learning_rate: Amount
    seconds: Duration
    images_per_second: Amount
