"""How a training went: while it runs, as a checkpoint keeps it, and at its end."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from headstart.records.findings import Finding
from headstart.records.training import Epoch, Keep, Precision
from headstart.tune.choosing import Judged, best


@dataclass(frozen=True)
class Trained:
    """How a training went; the trainee itself holds the weights.

    Parameters
    ----------
    epochs : tuple of Epoch
    chosen_epoch : int, optional
        The epoch whose weights are kept: 0 for the start itself, None if nothing was chosen.
    chosen : Judged, optional
        What the hold-out says of its weights.
    start : Judged, optional
        What the hold-out says of the start, where it was a candidate.
    micro_batch : int
        Pictures that went through the network at once.
    device : str
    answers : tuple of str
        Which held-out pictures every candidate answered right, the start first where it was one; see `choosing.packed`.
    warnings : tuple of Finding
    precision : str
        In which it computed: float32 too where lower precision gave numbers that were not finite.
    """

    epochs: tuple[Epoch, ...]
    chosen_epoch: int | None
    chosen: Judged | None = None
    start: Judged | None = None
    micro_batch: int = 0
    device: str = "cpu"
    answers: tuple[str, ...] = ()
    warnings: tuple[Finding, ...] = ()
    precision: Precision = "float32"


class History(msgspec.Struct):
    """The part of a training's state that is plain values: it goes into the checkpoint's JSON."""

    epochs: list[Epoch] = msgspec.field(default_factory=list)
    judged: dict[str, Judged] = msgspec.field(default_factory=dict)  # by epoch; 0 is the start
    averaged: int = 0
    micro_batch: int = 0
    warnings: list[Finding] = msgspec.field(default_factory=list)

    def best_epoch(self, keep: Keep) -> int | None:
        """Return the epoch whose weights are kept so far, 0 for the start; None if nothing was judged."""
        if not self.judged:
            return None
        if keep == "last":
            return int(list(self.judged)[-1])
        return int(list(self.judged)[best([judged.rank for judged in self.judged.values()])])
