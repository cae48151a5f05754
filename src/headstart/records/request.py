"""The options of one experiment, as they are written and read again."""

from __future__ import annotations

from headstart.records.record import Count, Record, Scalar, Side, Whole


class RequestRecord(Record):
    """The options of one experiment; `headstart.experiment.Request` explains and checks them."""

    strategies: tuple[str, ...]
    backbone: str | None
    weights: str | None
    scratch: str
    cut: str | None
    unfreeze: Count | None
    head: str
    epochs: Count | dict[str, Count] | None
    seed: Whole
    image_size: Side | None
    framing: str
    augment: str
    readout: str
    views: Count
    select: str
    device: str
    offline: bool
    interval: str
    folds: Count | None
    seeds: Count | None
    fixed: bool
    training: dict[str, Scalar]
