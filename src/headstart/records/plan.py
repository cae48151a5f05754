"""What will be done, and what was planned and chosen for a run folder (`plan.json`)."""

from __future__ import annotations

from typing import Literal

import msgspec

from headstart.records.forecast import AdviceRecord
from headstart.records.preprocessing import BEFORE_RULES_WERE_KEPT, Decoding, Preprocessing
from headstart.records.record import Amount, Count, Duration, Figure, Record
from headstart.records.request import RequestRecord

PLAN_SCHEMA = 2
StepKind = Literal["shared", "strategy", "splits", "curve"]
Engine = Literal["torch", "onnx"]


class PlanStep(Record):
    """One step: pictures that pass, seconds expected (None: unknown) and taken, bytes on disk, operations.

    `kind`: shared by strategies, one strategy's own, its repeated splits, or the learning curve at the end.
    """

    step: str
    kind: StepKind
    pictures: Count
    estimated_seconds: Duration | None = None
    seconds: Duration | None = None
    bytes: Count | None = None
    flops: Amount | None = None


class ChoiceLosses(Record):
    """Out-of-fold log loss of each framing and each augmentation that was tried; empty where none was."""

    framing: dict[str, Figure] = msgspec.field(default_factory=dict)
    augment: dict[str, Figure] = msgspec.field(default_factory=dict)


class Chosen(Record):
    """Framing and augmentation of all strategies, and by which losses they were chosen."""

    framing: str
    augment: str
    by: ChoiceLosses = ChoiceLosses()


class SplitsAsked(Record):
    """How often the pictures are divided: so many folds (None: random splits), `seeds` times over."""

    folds: Count | None
    seeds: Count
    strategies: tuple[str, ...] = ()


class Depths(Record):
    """Places in one network: where `partial` is cut if nobody says it, and what ``auto`` stands for, latest first."""

    usual: str
    tried: tuple[str, ...]


class PlanRecord(Record):
    """Content of `plan.json`: written before the work, found again when the run goes on or grows."""

    schema: Count = PLAN_SCHEMA
    fingerprint: str
    request: RequestRecord
    preprocessing: Preprocessing
    augment: str
    chosen_by: ChoiceLosses
    engine: Engine
    engine_version: str
    depths: Depths | None
    precision: str
    batch_size: dict[str, Count]
    activation_limit: Count
    device: str
    threads: Count
    versions: dict[str, str]
    weights: str | None
    pictures: str
    repeated_splits: SplitsAsked | None
    advice: AdviceRecord | None
    steps: tuple[PlanStep, ...]
    seconds: dict[str, Duration]
    decoding: Decoding = BEFORE_RULES_WERE_KEPT


class DryRun(Record):
    """What a comparison would do: its steps, those strategies that fit the time limit, sums, and the command."""

    steps: tuple[PlanStep, ...]
    fits: tuple[str, ...] | None
    seconds: Duration
    bytes: Count
    threads: Count
    device: str
    command: str
