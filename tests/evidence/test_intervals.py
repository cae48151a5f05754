"""Wilson's interval against statsmodels, and its coverage by enumeration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from statsmodels.stats.proportion import proportion_confint

from headstart.base.errors import ConfigError
from headstart.evidence.intervals import wilson


@pytest.mark.parametrize("n", [1, 2, 7, 20, 153])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_equals_statsmodels_for_every_count(n, confidence):
    for correct in range(n + 1):
        expected = proportion_confint(correct, n, alpha=1 - confidence, method="wilson")
        assert wilson(correct, n, confidence=confidence) == pytest.approx(expected, abs=1e-12)


def test_mean_coverage_is_the_confidence():
    """Enumerated over all counts, averaged over true shares: 95 % within one point, at any size."""
    shares = np.linspace(0.005, 0.995, 397)
    for n in (10, 40, 153):
        limits = np.array([wilson(correct, n) for correct in range(n + 1)])
        covers = (limits[:, :1] <= shares) & (shares <= limits[:, 1:])
        chances = binom.pmf(np.arange(n + 1)[:, None], n, shares)
        coverage = (covers * chances).sum(axis=0)
        assert coverage.mean() == pytest.approx(0.95, abs=0.01)
        assert coverage.min() > 0.82


@given(st.integers(0, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_holds_the_share_stays_in_bounds_and_mirrors(counts):
    correct, n = counts
    low, high = wilson(correct, n)
    assert 0 <= low <= high <= 1
    if n:
        assert low <= correct / n <= high
        assert wilson(n - correct, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_nothing_seen_nothing_known():
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 12)[0] == 0.0
    assert wilson(12, 12)[1] == 1.0


@pytest.mark.parametrize(("correct", "n", "confidence"), [(3, 2, 0.95), (-1, 2, 0.95), (1, 2, 1.0), (1, 2, 0.0)])
def test_counts_that_cannot_be_are_refused(correct, n, confidence):
    with pytest.raises(ConfigError, match="wilson"):
        wilson(correct, n, confidence=confidence)
