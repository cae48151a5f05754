"""Bootstrap intervals of means over classes: what they are made of, and how often they hold the truth."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from simulating import mean_coverage

from headstart.base.errors import ConfigError
from headstart.evidence.bootstrap import majority, mean_intervals
from headstart.evidence.metrics import balanced_accuracy, macro_f1


def drawn(seed, n=60, classes=3, right=0.8):
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=n)
    others = (labels + rng.integers(1, classes, size=n)) % classes
    return labels, np.where(rng.random(n) < right, labels, others), rng


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000), st.integers(1, 50), st.integers(2, 5), st.sampled_from([0.0, 0.3, 0.9, 1.0]), st.booleans()
)
def test_intervals_hold_what_was_measured_and_stay_in_bounds(seed, n, classes, right, grouped):
    labels, predicted, rng = drawn(seed, n, classes, right)
    groups = rng.integers(max(1, n // 3), size=n) if grouped else None
    found = mean_intervals(labels, predicted, classes, groups=groups, resamples=50)
    measured = {
        "macro_f1": macro_f1(labels, predicted, classes),
        "balanced_accuracy": balanced_accuracy(labels, predicted, classes),
    }
    for name, (low, high) in found.items():
        assert -1e-12 <= low <= measured[name] + 1e-12
        assert measured[name] - 1e-12 <= high <= 1 + 1e-12


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_order_of_pictures_does_not_matter_and_seeds_do(seed):
    labels, predicted, rng = drawn(seed)
    groups = rng.integers(25, size=60)
    order = rng.permutation(60)
    for units in (None, groups):
        found = mean_intervals(labels, predicted, 3, groups=units, resamples=100)
        moved = None if units is None else units[order]
        assert mean_intervals(labels[order], predicted[order], 3, groups=moved, resamples=100) == found
        assert mean_intervals(labels, predicted, 3, groups=units, resamples=100, seed=1) != found


def test_single_pictures_as_groups_change_nothing():
    labels, predicted, _ = drawn(3)
    names = np.array([f"path{place}" for place in range(60)])
    assert mean_intervals(labels, predicted, 3, groups=names) == mean_intervals(labels, predicted, 3)


def test_balanced_accuracy_of_one_class_is_a_binomial_quantile():
    """One class of 40, 30 right, and the two added pictures: 40 draws with a chance of 31 / 42."""
    labels, predicted = np.zeros(40, int), np.repeat([0, 1], [30, 10])
    low, high = mean_intervals(labels, predicted, 2, resamples=40_000)["balanced_accuracy"]
    expected = binom.ppf([0.025, 0.975], 40, 31 / 42) / 40
    assert (low, high) == pytest.approx(expected, abs=0.026)  # at most one picture apart


def test_equals_drawing_pictures_one_by_one():
    """An independent way: draw rows of pictures instead of rows of the confusion matrix."""
    labels, predicted, rng = drawn(5, n=2000, classes=4)
    values = []
    for _ in range(1500):
        rows = np.concatenate([rng.choice(np.flatnonzero(labels == k), np.sum(labels == k)) for k in range(4)])
        values.append(macro_f1(labels[rows], predicted[rows], 4))
    found = mean_intervals(labels, predicted, 4)["macro_f1"]
    assert found == pytest.approx(np.quantile(values, [0.025, 0.975]), abs=0.0025)


def test_all_right_is_not_certain():
    labels = np.repeat([0, 1], 10)
    low, high = mean_intervals(labels, labels, 2)["macro_f1"]
    assert high == 1.0
    assert 0.75 < low < 0.9


def test_whole_groups_are_drawn():
    """Twenty groups of ten, wholly right or wrong, are as uncertain as twenty pictures, not two hundred."""
    kinds, right = np.repeat([0, 1], 10), np.tile([True] * 8 + [False] * 2, 2)
    single = mean_intervals(kinds, np.where(right, kinds, 1 - kinds), 2)["balanced_accuracy"]
    units = np.repeat(np.arange(20), 10)
    labels, correct = kinds[units], right[units]
    grouped = mean_intervals(labels, np.where(correct, labels, 1 - labels), 2, groups=units)["balanced_accuracy"]
    plain = mean_intervals(labels, np.where(correct, labels, 1 - labels), 2)["balanced_accuracy"]
    assert grouped == pytest.approx(single, abs=0.051)
    assert grouped[1] - grouped[0] > 2.5 * (plain[1] - plain[0])


def test_a_group_belongs_to_its_commonest_class():
    units = np.array([0, 0, 0, 1, 1, 2])
    assert majority(np.array([2, 1, 2, 1, 0, 1]), units).tolist() == [2, 0, 1]


@pytest.mark.parametrize("change", [{"groups": np.zeros(2)}, {"resamples": 0}, {"confidence": 1.0}])
def test_what_cannot_be_is_refused(change):
    with pytest.raises(ConfigError, match="mean_intervals"):
        mean_intervals(np.zeros(3, int), np.zeros(3, int), 2, **change)
    with pytest.raises(ConfigError, match="'labels' parameter"):
        mean_intervals(np.zeros(0, int), np.zeros(0, int), 2)


def test_ten_thousand_pictures_of_two_hundred_classes_take_about_a_second():
    labels, predicted, rng = drawn(0, n=10_000, classes=200)
    for groups in (None, rng.integers(2500, size=10_000)):
        begin = time.process_time()
        mean_intervals(labels, predicted, 200, groups=groups)
        assert time.process_time() - begin < 10  # a busy machine, and no more than to catch another order of growth


# Without the two added pictures the percentiles hold 0.40 (n = 20, accuracy 0.97) and 0.81 (0.90).
@pytest.mark.slow
@pytest.mark.parametrize("n", [20, 150, 2000])
@pytest.mark.parametrize(("classes", "accuracy"), [(2, 0.7), (4, 0.9), (4, 0.97)])
def test_coverage(n, classes, accuracy):
    held = mean_coverage(n, classes, accuracy, simulations=2000)
    assert all(0.935 <= share <= 0.99 for share in held.values()), held


@pytest.mark.slow
@pytest.mark.parametrize(("groups", "classes"), [(12, 2), (40, 4), (150, 4)])
def test_coverage_with_groups(groups, classes):
    held = mean_coverage(groups, classes, 0.9, simulations=2000, groups=True)
    assert all(0.935 <= share <= 0.99 for share in held.values()), held
