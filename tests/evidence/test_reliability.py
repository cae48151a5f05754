"""The calibration error against a plain loop, what luck alone gives, and what the temperature changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.base.errors import ConfigError
from headstart.base.types import softmax
from headstart.evidence.metrics import log_loss
from headstart.evidence.reliability import (
    LEAST_IN_BIN,
    at_temperature_one,
    calibration_error,
    calibration_record,
    error_if_true,
    reliability,
    untrue,
)
from headstart.records.record import named_values


def drawn(seed, n, *, sharpness=1.0, classes=3):
    """Return labels that come true as often as softmax(scores) says, and probabilities at another sharpness."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(n, classes)) * 2
    labels = np.array([rng.choice(classes, p=p) for p in softmax(scores)])
    return labels, softmax(scores * sharpness)


def plain_error(labels, probabilities, bins):
    stated, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    total = 0.0
    for rows in np.array_split(np.argsort(stated, kind="stable"), bins):
        total += len(rows) / len(labels) * abs(right[rows].mean() - stated[rows].mean())
    return total


@pytest.mark.parametrize(("n", "bins"), [(150, 15), (600, 15), (40, 4), (7, 1), (1, 1)])
def test_it_is_the_mean_difference_over_bins_of_equally_many_pictures(n, bins):
    labels, probabilities = drawn(0, n)
    assert calibration_error(labels, probabilities) == pytest.approx(plain_error(labels, probabilities, bins))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 400))
def test_every_picture_is_in_one_bin_and_bins_are_alike(seed, n):
    table = reliability(*drawn(seed, n))
    sizes = [entry.n for entry in table]
    assert sum(sizes) == n
    assert max(sizes) - min(sizes) <= 1
    assert len(sizes) == 1 or min(sizes) >= LEAST_IN_BIN
    stated = [entry.stated for entry in table]
    assert stated == sorted(stated)


def test_true_shares_have_the_error_that_luck_gives_and_sharpened_ones_more():
    found = [calibration_error(*drawn(seed, 150)) for seed in range(60)]
    expected = [error_if_true(drawn(seed, 150)[1]) for seed in range(10)]
    assert np.mean(found) == pytest.approx(np.mean(expected), rel=0.15)
    assert calibration_error(*drawn(0, 150, sharpness=5.0)) > 2 * error_if_true(drawn(0, 150, sharpness=5.0)[1])


def test_what_luck_gives_is_always_the_same():
    probabilities = drawn(3, 50)[1]
    assert error_if_true(probabilities) == error_if_true(probabilities[::-1])


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 1000), st.floats(0.05, 20.0))
def test_before_is_the_softmax_of_the_scores_and_has_the_same_answers(seed, temperature):
    scores = np.random.default_rng(seed).normal(size=(20, 4)) * 3
    after = softmax(scores / temperature)
    before = at_temperature_one(after, temperature)
    np.testing.assert_allclose(before, softmax(scores), rtol=1e-6, atol=1e-9)
    assert np.array_equal(before.argmax(axis=1), after.argmax(axis=1))


def test_shares_that_vanish_stay_finite():
    after = softmax(np.array([[0.0, 5000.0], [3.0, 0.0]]) / 0.5)
    assert np.array_equal(at_temperature_one(after, 0.5)[0], [0.0, 1.0])
    record = calibration_record(np.array([1, 0]), after, 0.5)
    assert all(np.isfinite(value) for key, value in named_values(record).items() if key != "reliability")


def test_the_record_has_both_sides_of_the_temperature():
    labels, sharp = drawn(1, 300, sharpness=4.0)
    record = calibration_record(labels, at_temperature_one(sharp, 0.25), 4.0)
    assert record.ece_before == pytest.approx(calibration_error(labels, sharp), abs=0.01)
    assert record.ece < record.ece_before
    assert record.reliability == reliability(labels, at_temperature_one(sharp, 0.25))
    assert record.ece_if_true == error_if_true(at_temperature_one(sharp, 0.25)) < record.ece_by_luck_at_most
    assert record.loss_before == pytest.approx(log_loss(labels, sharp), abs=0.01)


def test_nothing_to_measure_is_refused():
    with pytest.raises(ConfigError, match="'labels' parameter of calibration_error"):
        calibration_error(np.zeros(0, int), np.zeros((0, 2)))
    with pytest.raises(ConfigError, match="'labels' parameter of reliability"):
        reliability(np.zeros(3, int), np.zeros((2, 2)))
    with pytest.raises(ConfigError, match="error_if_true"):
        error_if_true(np.zeros((0, 2)))


def test_shares_far_from_true_are_told_from_luck():
    labels, sharp = drawn(5, 150, sharpness=0.15)
    assert untrue(calibration_record(labels, sharp, 1.0))
    honest = [untrue(calibration_record(*drawn(seed, n), 1.0)) for n in (6, 20, 150) for seed in range(40)]
    assert sum(honest) <= 2
