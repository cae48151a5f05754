"""A limit of time: what fits, what is stopped, and how a length of time is written."""

from __future__ import annotations

import pytest

from headstart.base.errors import ConfigError
from headstart.experiment.budget import Budget, OutOfTimeError, parse_duration
from headstart.records.progress import Silent


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_fits() -> None:
    clock = Clock()
    budget = Budget(60, clock=clock)
    assert budget.fits(60)
    assert budget.fits(None), "what nobody can estimate is tried"
    clock.now += 30
    assert budget.spent == 30
    assert budget.fits(30)
    assert not budget.fits(31)
    assert Budget(None, clock=clock).fits(1e9)


def test_work_ends_when_the_time_is_over() -> None:
    clock = Clock()
    budget = Budget(60, clock=clock)
    progress = budget.over(Silent())
    with progress.step("train", 10) as step:
        clock.now += 62  # nearly done may end
        step.advance()
        clock.now += 2
        with pytest.raises(OutOfTimeError):
            step.advance()


def test_without_a_limit_nothing_stands_between() -> None:
    silent = Silent()
    assert Budget(None).over(silent) is silent


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("10m", 600), ("1.5 h", 5400), ("2min", 120), (30, 30), ("45", 45), (None, None)]
)
def test_lengths_of_time(text: object, seconds: float | None) -> None:
    assert parse_duration(text) == seconds  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "soon", "-3m", "0", "10 parsecs", "m"])
def test_what_is_no_length_of_time(text: str) -> None:
    with pytest.raises(ConfigError, match="length of time"):
        parse_duration(text)
