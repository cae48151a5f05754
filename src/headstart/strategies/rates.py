"""How far and how long the layers of a pre-trained network are trained, by what there is to learn."""

from __future__ import annotations

from collections.abc import Collection

from headstart.records.record import changed
from headstart.records.training import TrainingSettings

# The more the solved head errs on training pictures it has not seen, the more there is to learn.
ENOUGH_ERROR, LEAST_EFFORT = 0.15, 1 / 3
HIGHEST_RATE = 3e-4
HEAD_TIMES = 3  # as high as that of the layers below
GOING_ON, GENTLER = 1 / 4, 1 / 2  # of the epochs and of the rates, where a training goes on with all pictures
# A network moves with each step of the optimiser, and few pictures make few steps in an epoch.
FEWEST_EPOCHS, MOST_EPOCHS = 12, 16


def effort_for(error: float) -> float:
    """Return how much training is worth, 1/3 to 1, where the solved head errs on such a share of new pictures."""
    return min(max(error / ENOUGH_ERROR, LEAST_EFFORT), 1.0)


def with_effort(
    settings: TrainingSettings,
    error: float,
    *,
    given: Collection[str],
    open_epochs: bool = False,
) -> TrainingSettings:
    """Return the settings for a network whose solved head errs so often; what was given stays.

    Rates follow the effort, and epochs where their number is open.
    """
    effort = effort_for(error)
    rate = HIGHEST_RATE * effort
    shorter = open_epochs and not settings.progressive  # whose last epochs see the final size
    return changed(
        settings,
        backbone_rate=settings.backbone_rate if "backbone_rate" in given else rate,
        head_rate=settings.head_rate if "head_rate" in given else HEAD_TIMES * rate,
        epochs=max(1, round(settings.epochs * effort)) if shorter else settings.epochs,
    )


def going_on(settings: TrainingSettings) -> TrainingSettings:
    """Return the settings for going on from the end of a training, with some more pictures than it had."""
    return changed(
        settings,
        epochs=max(1, round(GOING_ON * settings.epochs)),
        backbone_rate=settings.backbone_rate * GENTLER,
        head_rate=settings.head_rate * GENTLER,
    )


def epochs_for(steps: int, pictures: int, batch_size: int) -> int:
    """Return in how many epochs about so many steps are taken on so many pictures, 12 to 16.

    Examples
    --------
    >>> epochs_for(250, 200, 16), epochs_for(250, 280, 16), epochs_for(250, 2000, 16)
    (16, 14, 12)
    """
    return min(max(round(steps * batch_size / max(pictures, 1)), FEWEST_EPOCHS), MOST_EPOCHS)
