"""Forecasts from learning curves: synthetic power laws, coverage, and what may not be said."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulating import forecast_coverage, named_classes

from headstart.base.errors import ConfigError
from headstart.evidence.forecast import forecast, rising_class, worth_of_more

SIZES = np.array([50, 100, 200, 400])


def answers(errors, n=2000, draws=2, seed=0):
    """Return answers for n pictures of different difficulty; the share of wrong ones at each size is `errors`."""
    difficulty = np.random.default_rng(seed).permutation(n) / n
    return np.broadcast_to(difficulty >= np.asarray(errors)[:, None], (draws, len(errors), n)).copy()


@pytest.mark.parametrize(("a", "b", "c"), [(0.0, 1.0, 0.3), (0.1, 2.0, 0.5), (0.02, 3.0, 0.8)])
def test_a_power_law_without_noise_is_continued(a, b, c):
    found = forecast(answers(a + b * SIZES**-c), SIZES, pictures=400)
    gain = b * (400.0**-c - 800.0**-c)
    assert found.more == 800
    assert found.gain == pytest.approx(gain, abs=0.01)
    assert found.interval[0] < gain < found.interval[1]
    assert found.accuracy_interval[0] < 1 - a - b * 800**-c < found.accuracy_interval[1]


def test_where_nothing_is_gained_any_more_nothing_is_promised():
    found = forecast(answers([0.1] * 4), SIZES, pictures=400)
    assert found.interval[0] < 0.005
    assert found.gain < 0.01


def test_all_right_leaves_little_to_gain_and_some_doubt():
    found = forecast(answers([0.0] * 4, n=50), SIZES, pictures=400)
    assert found.accuracy == pytest.approx(1, abs=0.02)
    assert 0 < found.interval[1] < 0.06


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 5), st.integers(1, 3), st.integers(5, 80))
def test_any_answers_give_a_forecast_in_order(seed, count, draws, n):
    rng = np.random.default_rng(seed)
    right = rng.random((draws, count, n)) < rng.random()
    sizes = np.cumsum(rng.integers(1, 50, count))
    found = forecast(right, sizes, pictures=int(sizes[-1]), resamples=60)
    assert 0 <= found.interval[0] <= found.gain <= found.interval[1] <= 1
    assert 0 <= found.accuracy_interval[0] <= found.accuracy <= found.accuracy_interval[1] <= 1
    assert found == forecast(right, sizes, pictures=int(sizes[-1]), resamples=60)


def test_groups_widen_the_interval():
    right = np.repeat(answers(0.1 + 2 * SIZES**-0.5, n=60), 10, axis=2)
    alone = forecast(right, SIZES, pictures=400)
    grouped = forecast(right, SIZES, pictures=400, units=np.arange(600) // 10)
    low, high = alone.accuracy_interval
    assert grouped.accuracy_interval[0] < low
    assert grouped.accuracy_interval[1] > high


@pytest.mark.parametrize(
    ("right", "sizes"),
    [
        (np.ones((1, 2, 9), bool), [1, 2]),
        (np.ones((1, 3, 9), bool), [1, 3, 2]),
        (np.ones((1, 3, 9), bool), [1, 2]),
        (np.ones((3, 9), bool), [1, 2, 3]),
    ],
)
def test_input_that_cannot_be_is_refused(right, sizes):
    with pytest.raises(ConfigError, match="parameter of forecast"):
        forecast(right, sizes, pictures=9)


def test_the_rising_class_is_named_and_luck_is_not():
    labels = np.repeat([0, 1, 2], 100)
    right = np.ones((2, 3, 300), bool)
    right[:, 1, 230:] = False  # 70 of class 2 become right with the last doubling
    found = rising_class(right, labels)
    assert found is not None
    assert found.label == 2
    assert found.recall == (0.3, 1.0)
    assert found.p < 0.05
    right[:, 1] = True
    assert rising_class(right, labels) is None


@pytest.mark.parametrize(("n", "a", "b", "c"), [(150, 0.05, 1.0, 0.4), (400, 0.1, 2.0, 0.5), (1000, 0.0, 1.0, 0.3)])
def test_intervals_hold_the_truth_of_noisy_power_laws(n, a, b, c):
    held = forecast_coverage(n, a, b, c, simulations=60)
    assert min(held) >= 0.85


@pytest.mark.slow
def test_classes_that_rise_alike_are_rarely_named():
    assert named_classes(300, simulations=600) <= 0.07


@pytest.mark.parametrize("c", [-0.3, 0.5])
def test_the_curve_gives_the_errors_back_also_where_they_fall_faster_and_faster(c):
    sizes = np.array([25, 50, 100, 200])
    errors = 0.9 - 0.1 * sizes**0.3 if c < 0 else 0.1 + 2.0 * sizes**-0.5
    right = np.arange(1000) >= np.round(1000 * errors)[:, None]
    found = forecast(right[None], sizes, pictures=200)
    a, b, exponent = found.curve
    assert exponent == pytest.approx(c)
    assert a + b * sizes**-exponent == pytest.approx(errors, abs=0.005)
    assert found.interval[0] < (a + b * 200**-exponent) - (a + b * 400**-exponent) < found.interval[1]


def test_where_more_pictures_did_worse_their_mean_is_believed_and_no_gain():
    found = forecast(answers([0.2, 0.24, 0.28, 0.32]), SIZES, pictures=400)
    assert found.curve == pytest.approx((found.curve[0], 0.0, found.curve[2]))
    assert 0.2 < found.curve[0] < 0.3
    assert found.interval[0] == found.gain == 0.0


def test_however_many_are_asked_a_curve_is_thought_to_stray():
    """By 1.5 points at the last size and as much more at each half: what is left of it in the accuracy there."""
    found = forecast(
        answers(0.1 + 2.0 * SIZES**-0.5, n=100_000, draws=1), SIZES, pictures=400, times=1.0, resamples=300
    )
    low, high = found.accuracy_interval
    assert high - low == pytest.approx(0.057, abs=0.008)


@pytest.mark.parametrize(
    ("ends", "worth"),
    [
        ((0.021, 0.042), "yes"),
        ((0.005, 0.012), "yes"),
        ((0.0049, 0.012), "unclear"),
        ((0.0, 0.03), "unclear"),
        ((0.0, 0.0051), "unclear"),
        ((0.0, 0.0049), "hardly"),
    ],
)
def test_what_more_pictures_are_worth(ends, worth):
    assert worth_of_more(ends) == worth
