"""How much of the feature maps is inactive, frozen and trained."""

from __future__ import annotations

from typing import Literal

from headstart.records.record import Interval, Record

TrendAnswer = Literal["holds", "partly", "fails", "unclear"]


class Mean(Record):
    """A mean over pictures and its interval; without two units nothing is known of that, and it is None."""

    value: float
    interval: Interval | None

    @property
    def falls(self) -> bool:
        """Whether it lies below 0 by more than luck explains."""
        return self.interval is not None and self.interval[1] < 0

    @property
    def rises(self) -> bool:
        """Whether it lies above 0 by more than luck explains."""
        return self.interval is not None and self.interval[0] > 0


class Trend(Record):
    """Whether the inactive share falls the more is trained, and the differences that say so.

    `whole` is from the frozen network to the deepest training, `beyond` from the shallowest training to the deepest
    (None where there is one training), `steps` are those between neighbours.
    """

    answer: TrendAnswer
    text: str
    whole: Mean
    beyond: Mean | None
    steps: tuple[Mean, ...]


class CountedLayer(Record):
    """The layer that is counted; `exact`: inactive is exactly 0."""

    stage: str
    function: str
    channels: int
    places: int
    exact: bool


class LayerShare(Record):
    """What was counted behind one stage of one network; `capped`: the share at the upper end, 6, of a ReLU6."""

    stage: str
    share: float
    interval: Interval | None
    capped: float | None
    dead_units: int
    dead_channels: int
    channels: int
    places: int
    limit: float | None


class DepthActivity(Record):
    """One network: how many stages of it were trained, what it reached, and the shares of its layers."""

    run: str
    unfrozen: int
    cut: str
    kept_solved_head: bool
    epochs: int
    accuracy: float | None
    accuracy_interval: Interval | None
    difference: Mean | None
    layers: tuple[LayerShare, ...]


class ActivityRecord(Record):
    """All that was counted, the frozen network first; `units` are pictures, or groups of them."""

    split: str
    pictures: int
    units: int
    stages: tuple[str, ...]
    layer: CountedLayer
    depths: tuple[DepthActivity, ...]
    trend: Trend | None
    shown: tuple[str, ...]
