"""What groups are worth: against the textbook formulas, and at the edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, t

from headstart.evidence.units import design_effect, effective, numbered


def test_only_groups_of_several_pictures_are_units():
    assert numbered(np.array(["b", "a", "c"])) is None
    assert numbered(np.array(["b", "a", "b"])).tolist() == [1, 0, 1]
    assert numbered(np.array([], dtype=np.str_)) is None


@given(st.integers(2, 200), st.integers(2, 9))
def test_wholly_alike_groups_of_one_size_are_worth_one_picture_each(groups, size):
    right = np.repeat(np.arange(groups) % 2 == 0, size)
    units = np.repeat(np.arange(groups), size)
    assert design_effect(right, units) == pytest.approx(size, rel=1.1 / groups)


def test_equals_the_ratio_of_two_variances_where_surprises_are_many():
    rng = np.random.default_rng(0)
    units = np.repeat(np.arange(500), rng.integers(1, 9, size=500))
    values = (rng.random(500)[units] > rng.random(len(units))).astype(float)
    share, n = values.mean(), len(values)
    sums, sizes = np.bincount(units, weights=values), np.bincount(units)
    by_group = 500 / 499 * np.sum((sums - share * sizes) ** 2) / n**2  # the linearised variance of a ratio
    assert design_effect(values, units) == pytest.approx(by_group / (share * (1 - share) / n), rel=0.02)


def test_without_any_surprise_it_is_the_size_of_the_group_of_a_picture():
    units = np.repeat([0, 1, 2], [6, 3, 1])
    assert design_effect(np.ones(10, bool), units) == pytest.approx((36 + 9 + 1) / 10)


@given(st.integers(0, 10_000))
def test_never_below_one_and_never_worth_more_than_the_pictures(seed):
    rng = np.random.default_rng(seed)
    units = np.unique(rng.integers(8, size=20), return_inverse=True)[1]
    values = rng.integers(-1, 2, size=20)
    assert design_effect(values, units) >= 1
    assert 0 <= effective(values, units) < 20


def test_students_t_takes_something_off_where_groups_are_few():
    units, values = np.repeat(np.arange(5), 4), np.tile([0, 1, 1, 1], 5)
    whole = len(values) / design_effect(values, units)
    assert effective(values, units) == pytest.approx(whole * (norm.ppf(0.975) / t.ppf(0.975, 4)) ** 2)
    assert effective(values, np.zeros(20, int)) == 0.0
