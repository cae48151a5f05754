"""How far the layers of a pre-trained network may move, by how far they have to."""

from __future__ import annotations

from collections.abc import Collection

from headstart.records.record import changed
from headstart.records.training import TrainingSettings

# The more the solved head errs on training pictures it has not seen, the higher the rate.
HIGHEST_RATE, ENOUGH_ERROR, LOWEST_SHARE = 5e-4, 0.15, 0.2


def with_rates(settings: TrainingSettings, error: float, *, given: Collection[str]) -> TrainingSettings:
    """Return the settings with rates for a network whose solved head errs so often; given ones stay."""
    rate = HIGHEST_RATE * min(max(error / ENOUGH_ERROR, LOWEST_SHARE), 1.0)
    return changed(
        settings,
        backbone_rate=settings.backbone_rate if "backbone_rate" in given else rate,
        head_rate=settings.head_rate if "head_rate" in given else 2 * rate,
    )
