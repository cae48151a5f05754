"""How far and how long a network is trained: the more the solved head errs, and the fewer the pictures, the more."""

from __future__ import annotations

import pytest

from headstart.records.training import TrainingSettings
from headstart.strategies.rates import HEAD_TIMES, HIGHEST_RATE, LEAST_EFFORT, going_on, with_effort
from headstart.strategies.resolved import ResolvedStrategy
from headstart.strategies.strategy import STRATEGIES


def test_the_more_the_solved_head_errs_the_higher_the_rates_and_given_ones_stay() -> None:
    settings = TrainingSettings()
    rates = [with_effort(settings, error, given=()).backbone_rate for error in (0.0, 0.1, 0.15, 0.6)]
    assert rates == [HIGHEST_RATE * LEAST_EFFORT, pytest.approx(HIGHEST_RATE * 2 / 3), HIGHEST_RATE, HIGHEST_RATE]
    found = with_effort(settings, 0.6, given={"backbone_rate"})
    assert (found.backbone_rate, found.head_rate) == (settings.backbone_rate, pytest.approx(HEAD_TIMES * HIGHEST_RATE))
    assert with_effort(settings, 0.6, given={"head_rate", "backbone_rate"}) == settings


def test_epochs_that_are_open_follow_the_error() -> None:
    settings = TrainingSettings(epochs=30, refit=True)
    found = [with_effort(settings, error, given=(), open_epochs=True) for error in (0.01, 0.1, 0.15, 0.6)]
    assert [one.epochs for one in found] == [10, 20, 30, 30]
    assert all(one.refit for one in found)
    assert with_effort(settings, 0.01, given=()).epochs == 30, "somebody gave their number"
    growing = TrainingSettings(epochs=30, progressive=True)
    assert with_effort(growing, 0.01, given=(), open_epochs=True).epochs == 30, "the last ones see the final size"


def test_who_goes_on_with_all_pictures_goes_a_quarter_as_far_and_half_as_fast() -> None:
    found = [going_on(TrainingSettings(epochs=epochs, backbone_rate=3e-4, head_rate=9e-4)) for epochs in (1, 2, 20)]
    assert [one.epochs for one in found] == [1, 1, 5]
    assert {(one.backbone_rate, one.head_rate) for one in found} == {(1.5e-4, 4.5e-4)}


@pytest.mark.parametrize(("pictures", "epochs"), [(10, 16), (250, 16), (286, 14), (334, 12), (10**6, 12)])
def test_the_fewer_pictures_the_more_epochs(pictures: int, epochs: int) -> None:
    open_, given = (
        ResolvedStrategy(STRATEGIES["full"], "input", TrainingSettings(batch_size=16), steps) for steps in (250, None)
    )
    assert open_.settings_for(pictures).epochs == epochs
    assert given.settings_for(pictures).epochs == TrainingSettings().epochs
