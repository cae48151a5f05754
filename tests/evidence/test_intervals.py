"""Intervals of a share against statsmodels, their coverage by enumeration, and groups as units."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson
from simulating import ACCURACIES, enumerated_coverage, share_coverage
from statsmodels.stats.proportion import proportion_confint

from headstart.base.errors import ConfigError
from headstart.evidence.intervals import INTERVALS, clopper_pearson, share_interval, wilson

FORMULAS = {"wilson": (wilson, "wilson"), "clopper-pearson": (clopper_pearson, "beta")}


@pytest.mark.parametrize("n", [1, 2, 7, 20, 153])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(("interval", "name"), FORMULAS.values(), ids=FORMULAS)
def test_equals_statsmodels_for_every_count(interval, name, n, confidence):
    """Wilson's is wider where one to three are right or wrong, and only there, on that side."""
    for correct in range(n + 1):
        expected = proportion_confint(correct, n, alpha=1 - confidence, method=name)
        low, high = interval(correct, n, confidence=confidence)
        few = min(3, n / 2) if name == "wilson" else 0
        assert low == pytest.approx(expected[0], abs=1e-12) or (0 < correct <= few and low < expected[0])
        assert high == pytest.approx(expected[1], abs=1e-12) or (0 < n - correct <= few and high > expected[1])


def test_mean_coverage_of_wilson_is_the_confidence():
    """Enumerated over all counts, averaged over true shares: 95 % within 1.2 points, at any size."""
    for n in (10, 40, 153):
        coverage = enumerated_coverage(wilson, n, np.linspace(0.005, 0.995, 397))
        assert coverage.mean() == pytest.approx(0.95, abs=0.012)
        assert coverage.min() > 0.919


@pytest.mark.parametrize(
    ("n", "mean", "least", "where"),
    [
        (20, 0.9561, 0.9274, 0.82),
        (50, 0.9527, 0.9315, 0.81),
        (153, 0.9503, 0.9315, 0.99),
        (656, 0.9506, 0.9449, 0.93),
        (2000, 0.9499, 0.9432, 0.97),
    ],
)
def test_coverage_of_wilson_between_a_half_and_nearly_one(n, mean, least, where):
    coverage = enumerated_coverage(wilson, n)
    assert coverage.mean() == pytest.approx(mean, abs=5e-5)
    assert coverage.min() == pytest.approx(least, abs=5e-5)
    assert ACCURACIES[coverage.argmin()] == where
    assert coverage.mean() >= 0.94
    assert coverage.min() >= 0.92


@pytest.mark.parametrize("n", [20, 50, 153, 656, 2000])
def test_wilson_is_nowhere_below_092_either_between_the_hundredths_or_where_hardly_one_is_wrong(n):
    fine = np.concatenate([np.linspace(0.5, 0.99, 981), 1 - np.geomspace(0.01, 1e-5, 1500)])
    assert enumerated_coverage(wilson, n, fine).min() >= 0.925
    unmodified = proportion_confint(np.arange(n + 1), n, method="wilson")
    plain = enumerated_coverage(lambda correct, n: (unmodified[0][correct], unmodified[1][correct]), n, fine)
    assert plain.min() < 0.85  # what the modification is for


@pytest.mark.parametrize(("wrong", "of_hundred"), [(1, 0.0513), (2, 0.3554), (3, 0.8177)])
def test_of_hardly_any_wrong_the_limit_is_the_one_of_brown_cai_and_dasgupta(wrong, of_hundred):
    """Their limit: the mean of a Poisson distribution that reaches `wrong` or more in one case of twenty."""
    assert wilson(100 - wrong, 100)[1] == pytest.approx(1 - of_hundred / 100, abs=1e-6)
    assert poisson.sf(wrong - 1, 100 * (1 - wilson(100 - wrong, 100)[1])) == pytest.approx(0.05)
    assert wilson(wrong, 100)[0] == pytest.approx(of_hundred / 100, abs=1e-6)


@pytest.mark.parametrize("n", [20, 50, 153, 656, 2000])
def test_clopper_pearson_is_nowhere_below_its_confidence(n):
    assert enumerated_coverage(clopper_pearson, n, np.linspace(0.5, 0.999, 1000)).min() >= 0.95


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_clopper_pearson_mirrors_and_holds_the_share(counts):
    correct, n = counts
    low, high = clopper_pearson(correct, n)
    assert 0 <= low <= correct / n <= high <= 1
    assert clopper_pearson(n - correct, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)
    if min(correct, n - correct) > 3:  # nearer to the ends Wilson's is widened
        assert high - low >= 0.999 * (wilson(correct, n)[1] - wilson(correct, n)[0])


@given(st.integers(0, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_holds_the_share_stays_in_bounds_and_mirrors(counts):
    correct, n = counts
    low, high = wilson(correct, n)
    assert 0 <= low <= high <= 1
    if n:
        assert low <= correct / n <= high
        assert wilson(n - correct, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_nothing_seen_nothing_known():
    assert wilson(0, 0) == clopper_pearson(0, 0) == (0.0, 1.0)
    assert wilson(0, 12)[0] == 0.0
    assert wilson(12, 12)[1] == 1.0


@pytest.mark.parametrize(("correct", "n", "confidence"), [(3, 2, 0.95), (-1, 2, 0.95), (1, 2, 1.0), (1, 2, 0.0)])
@pytest.mark.parametrize("interval", [wilson, clopper_pearson])
def test_counts_that_cannot_be_are_refused(interval, correct, n, confidence):
    with pytest.raises(ConfigError, match=interval.__name__):
        interval(correct, n, confidence=confidence)


class TestShares:
    @given(st.lists(st.booleans(), max_size=60), st.sampled_from(INTERVALS))
    def test_single_pictures_as_groups_change_nothing(self, answers, kind):
        correct = np.array(answers, bool)
        plain = FORMULAS[kind][0](int(correct.sum()), len(correct))
        names = np.array([f"path{place}" for place in range(len(correct))], dtype=np.str_)
        assert share_interval(correct, kind=kind) == plain
        assert share_interval(correct, groups=names, kind=kind) == plain

    @given(st.integers(0, 10_000), st.integers(1, 12), st.sampled_from(INTERVALS))
    def test_groups_hold_the_share_and_their_names_and_order_do_not_matter(self, seed, count, kind):
        rng = np.random.default_rng(seed)
        units = rng.integers(count, size=3 * count)
        correct = rng.random(len(units)) < rng.choice([0.1, 0.7, 1.0])
        low, high = share_interval(correct, groups=units, kind=kind)
        assert 0 <= low <= correct.mean() <= high <= 1
        order = rng.permutation(len(units))
        renamed = rng.permutation(count)[units[order]]
        assert share_interval(correct[order], groups=renamed, kind=kind) == pytest.approx((low, high), abs=1e-12)

    def test_groups_that_are_wholly_right_or_wrong_count_once(self):
        """Twenty groups of five: about Wilson's interval of twenty, a little wider as the variance is estimated."""
        correct = np.repeat(np.arange(20) < 15, 5)
        low, high = share_interval(correct, groups=np.repeat(np.arange(20), 5))
        expected = wilson(15, 20)
        assert (low, high) == pytest.approx(expected, abs=0.03)
        assert low < expected[0]
        assert high > expected[1]

    def test_one_group_says_nothing(self):
        for kind in INTERVALS:
            assert share_interval(np.array([1, 1, 0], bool), groups=np.zeros(3, int), kind=kind) == (0.0, 1.0)

    def test_what_cannot_be_is_refused(self):
        with pytest.raises(ConfigError, match="'interval' parameter of share_interval"):
            share_interval(np.ones(3, bool), kind="wald")
        with pytest.raises(ConfigError, match="'groups' parameter of share_interval"):
            share_interval(np.ones(3, bool), groups=np.zeros(2))

    # 0.932 where groups are nearly always wholly right or wholly wrong and their sizes vary: the one that falls short.
    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("case", "least"),
        [((20, 6, 0.9, 0.3), 0.95), ((20, 6, 0.7, 0.1), 0.94), ((50, 6, 0.97, 0.3), 0.95), ((100, 4, 0.9, 0.6), 0.92)],
    )
    def test_coverage_where_pictures_of_a_group_are_alike(self, case, least):
        assert share_coverage(*case, simulations=2000) >= least
        assert share_coverage(*case, simulations=2000, plain=True) < 0.9
