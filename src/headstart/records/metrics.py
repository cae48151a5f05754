"""What was measured on held-out pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from headstart.records.record import Amount, Count, Figure, Interval, Record, Share

SplitName = Literal["val", "test"]
SPLIT_NAMES: tuple[SplitName, ...] = ("val", "test")
Unit = Literal["picture", "group"]  # what an interval counts


class ReliabilityBin(Record):
    """Some answers of about equal confidence: how many, their mean stated probability, and the share that is right."""

    n: Count
    stated: Share
    right: Share


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

    ece: Share
    ece_before: Share
    ece_if_true: Share
    ece_by_luck_at_most: Share
    loss_before: Figure
    reliability: tuple[ReliabilityBin, ...]


class SetCoverage(Record):
    """How prediction sets of one level did.

    `coverage` is the share of pictures whose class was in the set; `single` the share of sets with one class, `empty`
    of those where no class reached the threshold and the answer stands alone.
    """

    coverage: Share
    interval: Interval
    mean_size: Amount
    single: Share
    empty: Share


class SetsMeasured(Record):
    """Prediction sets, by level (``"0.8"``, ``"0.9"``, ``"0.95"``, ``"0.99"``; None: too few pictures to set it).

    `pictures` and `units` are the held-out training pictures, and groups of them, that set the thresholds.
    """

    pictures: Count
    units: Count
    levels: dict[str, SetCoverage | None]


class NoneOfThese(Record):
    """The share of held-out pictures that was called none of the classes, all of them falsely."""

    share: Share
    interval: Interval


class Metrics(Record):
    """What one classifier reached on the pictures of one split.

    A class without a picture has None for its recall. `unit` says what intervals count.
    """

    n: Count
    loss: Figure
    accuracy: Share
    interval: Interval
    interval_kind: str
    unit: Unit
    macro_f1: Share
    macro_f1_interval: Interval
    balanced_accuracy: Share
    balanced_accuracy_interval: Interval
    per_class_recall: tuple[Share | None, ...]
    per_class_recall_intervals: tuple[Interval | None, ...]
    used_for_choosing: bool = False
    calibration: Calibration | None = None
    sets: SetsMeasured | None = None
    none_of_these: NoneOfThese | None = None

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield what contradicts itself: each recall has its interval."""
        if len(self.per_class_recall) != len(self.per_class_recall_intervals):
            yield "per_class_recall_intervals", "it is not as long as per_class_recall"


class MetricsBySplit(Record):
    """Metrics of the held-out splits; None where a split has no pictures."""

    val: Metrics | None = None
    test: Metrics | None = None

    def of_other_classes(self, classes: Sequence[str], at: str) -> Iterator[tuple[str, str]]:
        """Yield the splits whose figures by class are not of so many classes, as `Record.faults` do; `at` is theirs."""
        for split in SPLIT_NAMES:
            found = self.of(split)
            if found is not None and len(found.per_class_recall) != len(classes):
                yield f"{at}.{split}.per_class_recall", f"there are {len(classes)} classes"

    def of(self, split: SplitName) -> Metrics | None:
        """Return the metrics of a split."""
        return self.val if split == "val" else self.test
