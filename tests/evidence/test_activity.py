"""Shares of inactive units: means that know what belongs together, and whether the guess holds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from headstart.base.errors import ConfigError
from headstart.evidence.activity import mean_over, trend


def shares(*means: float, spread: float = 0.002, n: int = 60) -> list[np.ndarray]:
    """Return shares of the same pictures in several networks: each picture has a level of its own."""
    rng = np.random.default_rng(0)
    level = rng.normal(0, 0.03, n)
    level -= level.mean()
    noise = [rng.normal(0, spread, n) for _ in means]
    return [mean + level + one - one.mean() for mean, one in zip(means, noise, strict=True)]


def test_the_interval_is_that_of_scipy() -> None:
    values = np.random.default_rng(1).normal(0.6, 0.1, 40)
    found = mean_over(values, confidence=0.9)
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.9)
    assert found.value == pytest.approx(values.mean())
    assert found.interval == pytest.approx((expected.low, expected.high))


def test_pictures_of_equal_groups_count_as_the_means_of_their_groups() -> None:
    values, groups = np.random.default_rng(2).normal(0.6, 0.1, 40), np.repeat(np.arange(10), 4)
    expected = mean_over(values.reshape(10, 4).mean(axis=1)).interval
    assert mean_over(values, groups=groups).interval == pytest.approx(expected)
    assert mean_over(values, groups=np.arange(40)).interval == mean_over(values).interval


def test_copies_of_a_picture_add_no_certainty() -> None:
    values = np.random.default_rng(3).normal(0.6, 0.1, 20)
    copied, groups = np.tile(values, 5), np.tile(np.arange(20), 5)
    assert mean_over(copied, groups=groups).interval == pytest.approx(mean_over(values).interval)


def test_one_picture_or_one_group_says_nothing_of_the_interval() -> None:
    assert mean_over(np.array([0.4])).interval is None
    alone = mean_over(np.array([0.4, 0.6]), groups=np.array(["a", "a"]))
    assert (alone.value, alone.interval, alone.falls, alone.rises) == (0.5, None, False, False)


@pytest.mark.parametrize(("values", "groups"), [([], None), ([0.1, np.nan], None), ([0.1, 0.2], np.array([1]))])
def test_what_cannot_be_averaged_is_refused(values: list[float], groups: np.ndarray | None) -> None:
    with pytest.raises(ConfigError):
        mean_over(np.array(values), groups=groups)


@pytest.mark.parametrize(
    ("means", "answer"),
    [
        ((0.9, 0.8, 0.7), "holds"),
        ((0.9, 0.8, 0.8), "partly"),
        ((0.9, 0.9, 0.8), "holds"),
        ((0.9, 0.7, 0.8), "partly"),
        ((0.8, 0.85, 0.9), "fails"),
        ((0.9, 0.8, 0.9), "fails"),
        ((0.9, 0.8), "holds"),
        ((0.9, 0.9, 0.9), "unclear"),
    ],
)
def test_the_guess_is_answered(means: tuple[float, ...], answer: str) -> None:
    found = trend(list(range(len(means))), shares(*means))
    assert found.answer == answer
    assert found.unfrozen == tuple(range(len(means)))
    assert found.shares == pytest.approx(means)
    assert found.whole.value == pytest.approx(means[-1] - means[0])
    assert [step.value for step in found.steps] == pytest.approx(np.diff(means))
    assert (found.beyond is None) == (len(means) == 2)


def test_pictures_are_compared_with_themselves() -> None:
    """A fall of a tenth of the spread between pictures is seen, since each picture is its own comparison."""
    first, last = shares(0.900, 0.897)
    assert trend([0, 1], [first, last]).answer == "holds"
    assert trend([0, 1], [first, np.roll(last, 1)]).answer == "unclear"


def test_the_same_pictures_in_one_group_cannot_tell() -> None:
    found = trend([0, 1], shares(0.9, 0.8), groups=np.full(60, "one slide"))
    assert found.answer == "unclear"
    assert found.whole.interval is None


def test_steps_are_judged_together() -> None:
    """Of twenty steps that are luck, one in twenty would be called a fall or a rise if each stood alone."""
    rng, told = np.random.default_rng(4), 0
    for _ in range(60):
        found = trend(list(range(9)), [rng.normal(0.8, 0.1, 40) for _ in range(9)])
        told += any(step.falls or step.rises for step in found.steps)
    assert told <= 8


@pytest.mark.parametrize("unfrozen", [[0], [1, 2], [0, 2, 1], [0, 0]])
def test_numbers_that_do_not_ascend_from_the_frozen_network_are_refused(unfrozen: list[int]) -> None:
    with pytest.raises(ConfigError, match="unfrozen"):
        trend(unfrozen, shares(*[0.9] * len(unfrozen)))
