"""The options of one experiment, as they are written and read again."""

from __future__ import annotations

from headstart.records.record import Record, Scalar


class RequestRecord(Record):
    """The options of one experiment; `headstart.experiment.Request` explains and checks them."""

    strategies: tuple[str, ...]
    backbone: str | None
    weights: str | None
    scratch: str
    cut: str | None
    unfreeze: int | None
    head: str
    epochs: int | dict[str, int] | None
    seed: int
    image_size: int | None
    framing: str
    augment: str
    readout: str
    views: int
    select: str
    device: str
    offline: bool
    interval: str
    folds: int | None
    seeds: int | None
    fixed: bool
    training: dict[str, Scalar]
