"""Content of `bundle.json`: what a classifier is, beside its tensors."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from headstart.records.environment import NetworkRecord
from headstart.records.findings import Finding
from headstart.records.metrics import MetricsBySplit
from headstart.records.preprocessing import Preprocessing
from headstart.records.record import Amount, Count, Figure, Positive, Real, Record, Share, Whole
from headstart.records.run import Readout, SolvedHead, TrainingRecord, Weights


class BundleStrategy(Record):
    """How a classifier was made."""

    strategy: str
    weights: Weights
    cut: str
    head: str
    readout: Readout = "pool"
    solved: SolvedHead | None = None
    training: TrainingRecord | None = None


class HeadRecord(Record):
    """The head's kind and its plain numbers; its arrays are tensors called ``head.NAME``."""

    kind: str
    numbers: dict[str, Whole | Real]


class SetThresholds(Record):
    """What a class's probability must reach to be in a prediction set, by level; None: too few pictures to say."""

    pictures: Count
    units: Count
    thresholds: dict[str, Figure | None]


class NoneLimit(Record):
    """Beyond this cosine distance from what was trained on a picture is none of the classes."""

    limit: Figure
    pictures: Count
    falsely: Share


class BundleCalibration(Record):
    """By what scores are divided, and what is known of the classifier's limits; None where nothing is."""

    temperature: Positive
    sets: SetThresholds | None
    none_of_these: NoneLimit | None


class BundleInfo(Record):
    """What is known of a classifier beside what it needs to answer.

    `read`: stages that its network says something of besides its last features. `beside`: the cut behind which a
    trained copy of the network answers beside the frozen one.
    """

    architecture: str
    read: tuple[str, ...] = ()
    beside: str | None = None
    strategy: BundleStrategy | None = None
    backbone: NetworkRecord | None = None
    versions: dict[str, str] = msgspec.field(default_factory=dict)
    measured: MetricsBySplit = MetricsBySplit()
    data_fingerprint: str | None = None
    flops: Amount | None = None
    pictures: Count | None = None
    warnings: tuple[Finding, ...] = ()
    trained_on: tuple[str, ...] = ()
    folded: bool | None = None


class BundleManifest(Record):
    """Content of `bundle.json`; `sha256` is of the file of tensors."""

    format: Count
    headstart: str
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    info: BundleInfo
    head: HeadRecord
    calibration: BundleCalibration
    sha256: str

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield what contradicts itself: classes differ, and the figures are of them."""
        if not self.classes or len(set(self.classes)) < len(self.classes):
            yield "classes", "there are none, or one of them stands there twice"
        yield from self.info.measured.of_other_classes(self.classes, "info.measured")
