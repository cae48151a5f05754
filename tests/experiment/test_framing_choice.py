"""When another choice is clearly better: by more than one standard error of the pictures' gains."""

from __future__ import annotations

import numpy as np
import pytest

from headstart.experiment.framing_choice import clearly_better, losses_of

GAINS = np.array([0.0, 1.0, 2.0, 3.0]) - 1.5  # mean 0; standard error of the mean 0.6455


@pytest.mark.parametrize(("gain", "chosen"), [(0.60, "pool"), (0.70, "stages"), (-0.70, "pool"), (0.0, "pool")])
def test_the_first_unless_the_gain_is_more_than_its_error(gain: float, chosen: str) -> None:
    losses = np.full(4, 5.0)
    assert clearly_better({"pool": losses, "stages": losses - GAINS - gain}) == chosen


def test_equal_losses_leave_the_first() -> None:
    losses = np.array([0.1, 0.2, 0.3])
    assert clearly_better({"squash": losses, "crop": losses}) == "squash"


def test_of_several_the_one_of_least_loss_is_the_rival() -> None:
    losses = np.linspace(1.0, 2.0, 9)
    assert clearly_better({"a": losses, "b": losses - 0.1, "c": losses - 0.2}) == "c"


def test_pictures_that_one_was_not_asked_about_do_not_count() -> None:
    losses = np.array([1.0, 1.0, 1.0, 1.0])
    other = np.array([0.9, 0.8, 0.9, np.nan])
    assert clearly_better({"pool": losses, "stages": other}) == "stages"
    assert (
        clearly_better({"pool": np.array([1.0, 1.0, 1.0, 100.0]), "stages": np.array([1.1, 1.2, 1.1, np.nan])})
        == "pool"
    )


def test_one_picture_that_is_surely_wrong_does_not_outweigh_the_others() -> None:
    scores, labels = np.tile([[2.0, 0.0]], (20, 1)), np.zeros(20, np.int64)
    scores[3] = [-5000.0, 5000.0]
    assert losses_of(scores, labels).max() == pytest.approx(np.log(2 * 21))
