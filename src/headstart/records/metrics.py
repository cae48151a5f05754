"""What was measured on held-out pictures."""

from __future__ import annotations

from typing import Literal

from headstart.records.record import Interval, Record

SplitName = Literal["val", "test"]
SPLIT_NAMES: tuple[SplitName, ...] = ("val", "test")
Unit = Literal["picture", "group"]  # what an interval counts


class ReliabilityBin(Record):
    """Some answers of about equal confidence: how many, their mean stated probability, and the share that is right."""

    n: int
    stated: float
    right: float


class Calibration(Record):
    """Whether stated probabilities are true.

    Parameters
    ----------
    ece : float
        Expected calibration error after the temperature; `ece_before` without it.
    ece_if_true : float
        What luck alone gives if every stated probability is true, on average; `ece_by_luck_at_most` in 200 draws.
    loss_before : float
        Log loss without the temperature.
    reliability : tuple of ReliabilityBin
        The least sure answers first.
    """

    ece: float
    ece_before: float
    ece_if_true: float
    ece_by_luck_at_most: float
    loss_before: float
    reliability: tuple[ReliabilityBin, ...]


class SetCoverage(Record):
    """How prediction sets of one level did.

    `coverage` is the share of pictures whose class was in the set; `single` the share of sets with one class, `empty`
    of those where no class reached the threshold and the answer stands alone.
    """

    coverage: float
    interval: Interval
    mean_size: float
    single: float
    empty: float


class SetsMeasured(Record):
    """Prediction sets, by level (``"0.8"``, ``"0.9"``, ``"0.95"``, ``"0.99"``; None: too few pictures to set it).

    `pictures` and `units` are the held-out training pictures, and groups of them, that set the thresholds.
    """

    pictures: int
    units: int
    levels: dict[str, SetCoverage | None]


class NoneOfThese(Record):
    """The share of held-out pictures that was called none of the classes, all of them falsely."""

    share: float
    interval: Interval


class Metrics(Record):
    """What one classifier reached on the pictures of one split.

    A class without a picture has None for its recall. `unit` says what intervals count.
    """

    n: int
    loss: float
    accuracy: float
    interval: Interval
    interval_kind: str
    unit: Unit
    macro_f1: float
    macro_f1_interval: Interval
    balanced_accuracy: float
    balanced_accuracy_interval: Interval
    per_class_recall: tuple[float | None, ...]
    per_class_recall_intervals: tuple[Interval | None, ...]
    used_for_choosing: bool = False
    calibration: Calibration | None = None
    sets: SetsMeasured | None = None
    none_of_these: NoneOfThese | None = None


class MetricsBySplit(Record):
    """Metrics of the held-out splits; None where a split has no pictures."""

    val: Metrics | None = None
    test: Metrics | None = None

    def of(self, split: SplitName) -> Metrics | None:
        """Return the metrics of a split."""
        return self.val if split == "val" else self.test
