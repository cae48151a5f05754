"""How much of the feature maps is inactive, frozen and trained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from headstart.records.record import Count, Figure, Interval, Record, RunName, Share

TrendAnswer = Literal["holds", "partly", "fails", "unclear"]


class Mean(Record):
    """A mean over pictures and its interval; without two units nothing is known of that, and it is None."""

    value: Figure
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
    channels: Count
    places: Count
    exact: bool


class LayerShare(Record):
    """What was counted behind one stage of one network; `capped`: the share at the upper end, 6, of a ReLU6."""

    stage: str
    share: Share
    interval: Interval | None
    capped: Share | None
    dead_units: Count
    dead_channels: Count
    channels: Count
    places: Count
    limit: Figure | None


class DepthActivity(Record):
    """One network: how many stages of it were trained, what it reached, and the shares of its layers."""

    run: RunName
    unfrozen: Count
    cut: str
    kept_solved_head: bool
    epochs: Count
    accuracy: Share | None
    accuracy_interval: Interval | None
    difference: Mean | None
    layers: tuple[LayerShare, ...]


class ActivityRecord(Record):
    """All that was counted, the frozen network first; `units` are pictures, or groups of them."""

    split: str
    pictures: Count
    units: Count
    stages: tuple[str, ...]
    layer: CountedLayer
    depths: tuple[DepthActivity, ...]
    trend: Trend | None
    shown: tuple[str, ...]

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield what contradicts itself: there is a network, and all of them have the same layers."""
        if not self.depths or not self.depths[0].layers:
            yield "depths", "no layer of no network was counted"
            return
        stages = [layer.stage for layer in self.depths[0].layers]
        for place, depth in enumerate(self.depths):
            if [layer.stage for layer in depth.layers] != stages:
                yield f"depths[{place}].layers", "they are not those of the first network"
