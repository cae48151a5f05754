"""The corrected resampled t test against scipy's plain one, and on ties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t, ttest_1samp
from simulating import false_resampled

from headstart.base.errors import ConfigError
from headstart.evidence.resampled import corrected_resampled_t

differences = st.lists(st.floats(-1, 1), min_size=2, max_size=30).filter(lambda values: np.std(values) > 1e-3)


@given(differences)
def test_is_the_plain_test_where_training_pictures_are_beyond_number(values):
    p, interval = corrected_resampled_t(values, train=10**15, test=1)
    plain = ttest_1samp(values, 0)
    assert p == pytest.approx(plain.pvalue, rel=1e-6)
    assert interval == pytest.approx(tuple(plain.confidence_interval()), rel=1e-6, abs=1e-9)


@given(differences, st.integers(1, 100), st.integers(1, 100))
def test_is_the_formula_and_agrees_with_its_interval(values, train, test):
    p, (low, high) = corrected_resampled_t(values, train=train, test=test)
    error = np.sqrt((1 / len(values) + test / train) * np.var(values, ddof=1))
    assert p == pytest.approx(2 * t.sf(abs(np.mean(values)) / error, len(values) - 1), rel=1e-9)
    assert (p < 0.05) == (low > 0 or high < 0)
    mirrored, ends = corrected_resampled_t([-value for value in values], train=train, test=test)
    assert mirrored == pytest.approx(p)
    assert ends == pytest.approx((-high, -low))


def test_without_any_spread():
    assert corrected_resampled_t([0.0, 0.0], train=80, test=20) == (1.0, (0.0, 0.0))
    assert corrected_resampled_t([0.1, 0.1], train=80, test=20) == (0.0, (0.1, 0.1))


@pytest.mark.parametrize("values", [[], [0.1], [0.1, np.nan], [[0.1, 0.2]]])
def test_differences_that_cannot_be_are_refused(values):
    with pytest.raises(ConfigError, match="'differences' parameter"):
        corrected_resampled_t(values, train=80, test=20)


@pytest.mark.slow
@pytest.mark.parametrize(("folds", "seeds"), [(5, 1), (5, 5), (10, 1)])
def test_ties_are_rarely_called_a_difference(folds, seeds):
    assert false_resampled(100, folds, seeds, simulations=2000) <= 0.05


@pytest.mark.slow
def test_the_plain_test_calls_ties_a_difference_over_seeds():
    assert false_resampled(100, 5, 5, simulations=1000, corrected=False) > 0.3
