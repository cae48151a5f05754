"""Paired tests against published tables, independent calculations and enumeration."""

from __future__ import annotations

import math
from itertools import product
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import binom, binomtest, multinomial, norm
from simulating import false_claims
from statsmodels.stats.multitest import multipletests

from headstart.base.errors import ConfigError
from headstart.evidence.paired import (
    compare_pairs,
    difference_interval,
    disagreements,
    grouped_difference_interval,
    holm,
    mcnemar_midp,
    pictures_to_tell,
    sign_flip_midp,
)

counts = st.integers(0, 60)


class TestMcNemar:
    @pytest.mark.parametrize(
        ("only_a", "only_b", "published"),
        [(1, 7, 0.0391), (6, 16, 0.0347)],  # Fagerland 2013: airway study, consolidation study
    )
    def test_published_examples(self, only_a, only_b, published):
        assert mcnemar_midp(only_a, only_b) == pytest.approx(published, abs=5e-5)

    @given(counts, counts)
    def test_is_exact_p_less_half_of_what_is_as_lopsided(self, only_a, only_b):
        n = only_a + only_b
        p = mcnemar_midp(only_a, only_b)
        assert p == mcnemar_midp(only_b, only_a)
        assert 0 < p <= 1
        if n == 0:
            assert p == 1
        elif only_a == only_b:
            assert p == pytest.approx(1 - binom.pmf(only_a, n, 0.5) / 2)
        else:
            exact = binomtest(only_a, n).pvalue
            assert p == pytest.approx(exact - binom.pmf(only_a, n, 0.5), abs=1e-12)

    def test_false_alarms_over_whole_tables_never_pass_the_level(self):
        n = 40
        for differ in (0.05, 0.2, 0.6):
            rate = sum(
                binom.pmf(d, n, differ)
                * sum(binom.pmf(k, d, 0.5) for k in range(d + 1) if mcnemar_midp(k, d - k) < 0.05)
                for d in range(n + 1)
            )
            assert rate <= 0.0501

    def test_negative_counts_are_refused(self):
        with pytest.raises(ConfigError, match="'only_b' parameter of mcnemar_midp"):
            mcnemar_midp(1, -1)


class TestDifferenceInterval:
    @pytest.mark.parametrize(
        ("only_a", "only_b", "n", "published"),
        [
            (1, 7, 21, (-0.5172, -0.0260)),  # Fagerland 2014, airway study
            (6, 16, 161, (-0.1240, -0.0054)),  # Fagerland 2014, consolidation study
        ],
    )
    def test_published_examples(self, only_a, only_b, n, published):
        assert difference_interval(only_a, only_b, n) == pytest.approx(published, abs=5e-5)

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 15), st.integers(0, 15), st.integers(1, 40))
    def test_limits_solve_the_score_equation_with_a_searched_likelihood(self, only_a, only_b, more):
        """An independent way: the likelihood is maximised numerically instead of by Tango's formula."""
        n = only_a + only_b + more
        z = 1.959963984540054
        for limit in difference_interval(only_a, only_b, n):
            q = _searched_q(only_a, only_b, n, limit)
            error = math.sqrt((2 * q + limit * (1 - limit)) / n)
            assert abs((only_a - only_b) / n - limit) == pytest.approx(z * error, abs=2e-5)

    def test_no_disagreement_still_has_a_width(self):
        z2 = 1.959963984540054**2
        expected = z2 / (44 + z2)
        assert difference_interval(0, 0, 44) == pytest.approx((-expected, expected))

    @given(counts, counts, counts)
    def test_mirrors_stays_in_bounds_and_holds_the_difference(self, only_a, only_b, more):
        n = only_a + only_b + more + 1
        low, high = difference_interval(only_a, only_b, n)
        assert -1 <= low <= (only_a - only_b) / n <= high <= 1
        assert difference_interval(only_b, only_a, n) == pytest.approx((-high, -low), abs=1e-9)
        wide_low, wide_high = difference_interval(only_a, only_b, n, confidence=0.99)
        assert wide_low <= low
        assert high <= wide_high

    def test_every_picture_apart(self):
        assert difference_interval(5, 0, 5)[1] == 1.0
        assert difference_interval(0, 5, 5)[0] == -1.0

    @pytest.mark.parametrize(("a", "b", "c"), [(0.15, 0.05, 0.8), (0.3, 0.3, 0.4), (0.02, 0.08, 0.9)])
    def test_coverage_by_enumeration(self, a, b, c):
        n, covered = 25, 0.0
        for only_a in range(n + 1):
            for only_b in range(n + 1 - only_a):
                low, high = difference_interval(only_a, only_b, n)
                if low <= a - b <= high:
                    covered += multinomial.pmf([only_a, only_b, n - only_a - only_b], n, [a, b, c])
        assert 0.93 < covered < 0.995  # it errs towards too wide where disagreement is rare

    def test_too_few_pictures_are_refused(self):
        with pytest.raises(ConfigError, match="'n' parameter of difference_interval"):
            difference_interval(3, 3, 5)


def _searched_q(only_a, only_b, n, difference):
    """Return the probability of only b that is most likely when P(only a) - P(only b) = difference."""
    rest = n - only_a - only_b

    def loss(q):
        parts = [(only_a, q + difference), (only_b, q), (rest, 1 - 2 * q - difference)]
        return -sum(count * math.log(max(p, 1e-300)) for count, p in parts if count)

    low, high = max(0.0, -difference), (1 - difference) / 2
    found = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-13})
    return min([found.x, low, high], key=loss)


class TestHolm:
    @given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
    def test_equals_statsmodels(self, p):
        with patch("gc.collect"):  # multipletests calls it each time: half a second in a process that holds much
            expected = multipletests(p, method="holm")[1]
        np.testing.assert_allclose(holm(p), expected, atol=1e-12)

    @given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.randoms())
    def test_order_does_not_matter(self, p, random):
        order = list(range(len(p)))
        random.shuffle(order)
        adjusted = holm(p)
        assert holm([p[i] for i in order]) == [adjusted[i] for i in order]

    def test_nothing_to_adjust(self):
        assert holm([]) == []


class TestComparePairs:
    def test_record(self):
        a = np.array([1, 1, 1, 0, 0, 1, 1, 1], bool)
        b = np.array([0, 0, 1, 1, 0, 0, 0, 1], bool)
        c = a.copy()
        pairs = compare_pairs({"b": b, "a": a, "c": c}, split="val")
        assert [(pair.a, pair.b) for pair in pairs] == [("a", "b"), ("c", "b"), ("a", "c")]
        first = pairs[0]
        assert (first.unit, first.units, first.design_effect) == ("picture", 8, 1.0)
        assert first.difference == 3 / 8
        assert first.interval == difference_interval(4, 1, 8)
        assert first.p == mcnemar_midp(4, 1)
        assert [pair.p_adjusted for pair in pairs] == holm([pair.p for pair in pairs])
        assert {pair.split for pair in pairs} == {"val"}

    def test_one_candidate_has_no_pair(self):
        assert compare_pairs({"a": np.ones(3, bool)}, split="test") == ()

    def test_different_pictures_are_refused(self):
        with pytest.raises(ConfigError, match="'correct' parameter of compare_pairs"):
            compare_pairs({"a": np.ones(3, bool), "b": np.ones(4, bool)}, split="test")

    def test_disagreements_are_counted_on_both_sides(self):
        a, b = np.array([1, 1, 0, 0, 1], bool), np.array([1, 0, 1, 0, 0], bool)
        assert disagreements(a, b) == (2, 1)


class TestPicturesToTell:
    def test_equal_ones_are_never_told_apart(self):
        assert pictures_to_tell(4, 4, 100) is None
        assert pictures_to_tell(0, 0, 100) is None

    @pytest.mark.parametrize(("only_a", "only_b", "n"), [(9, 4, 100), (20, 5, 150), (3, 1, 50), (12, 0, 60)])
    def test_that_many_pictures_give_the_power(self, only_a, only_b, n):
        """Exact power of the mid-p test at the proposed number, by enumeration."""
        needed = pictures_to_tell(only_a, only_b, n)
        differ, share = (only_a + only_b) / n, only_a / (only_a + only_b)
        power = 0.0
        for disagreeing in range(needed + 1):
            weight = binom.pmf(disagreeing, needed, differ)
            if weight < 1e-9:
                continue
            k = np.arange(disagreeing + 1)
            told = [mcnemar_midp(int(i), int(disagreeing - i)) < 0.05 for i in k]
            power += weight * np.dot(told, binom.pmf(k, disagreeing, share))
        assert 0.74 < power < 0.9  # counts come in steps

    @given(counts, counts, counts)
    def test_sides_do_not_matter_and_stricter_asks_for_more(self, only_a, only_b, more):
        n = only_a + only_b + more + 1
        needed = pictures_to_tell(only_a, only_b, n)
        assert needed == pictures_to_tell(only_b, only_a, n)
        if needed is not None:
            assert needed >= 1
            assert pictures_to_tell(only_a, only_b, n, level=0.01) >= needed
            assert pictures_to_tell(only_a, only_b, n, power=0.9) >= needed


class TestGroups:
    @given(st.lists(st.sampled_from([-1, 0, 1]), max_size=40))
    def test_sums_of_one_are_mcnemars(self, sums):
        assert sign_flip_midp(np.array(sums, int)) == mcnemar_midp(sums.count(1), sums.count(-1))

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.integers(-4, 4), max_size=9))
    def test_equals_trying_every_swap(self, sums):
        """An independent way: all 2^k choices of signs, one by one."""
        signs = np.array(list(product([-1, 1], repeat=len(sums)))).reshape(2 ** len(sums), len(sums))
        totals, observed = np.abs(signs @ np.array(sums, int)), abs(sum(sums))
        expected = np.mean(totals > observed) + np.mean(totals == observed) / 2
        p = sign_flip_midp(np.array(sums, int))
        assert p == pytest.approx(expected if any(sums) else 1.0)
        assert p == pytest.approx(sign_flip_midp(-np.array(sums[::-1], int)))

    def test_many_groups_are_normal(self):
        sums = np.random.default_rng(0).integers(-3, 5, size=3000)
        z = abs(sums.sum()) / np.sqrt(np.sum(sums**2))
        assert sign_flip_midp(sums) == pytest.approx(2 * norm.sf(z), rel=0.1)

    def test_record(self):
        rng = np.random.default_rng(1)
        units = np.repeat(np.arange(12), 5)
        a, b = rng.random(60) < 0.9, rng.random(60) < 0.6
        (pair,) = compare_pairs({"a": a, "b": b}, split="val", groups=units)
        sums = np.bincount(units, weights=a.astype(int) - b).astype(int)
        assert (pair.unit, pair.units) == ("group", 12)
        assert pair.p == sign_flip_midp(sums)
        assert pair.interval == grouped_difference_interval(a.astype(int) - b, units)
        assert pair.design_effect >= 1

    @given(st.integers(0, 10_000))
    def test_single_pictures_as_groups_change_nothing(self, seed):
        rng = np.random.default_rng(seed)
        correct = {name: rng.random(20) < 0.7 for name in "abc"}
        names = np.array([f"path{place}" for place in range(20)])
        assert compare_pairs(correct, split="val", groups=names) == compare_pairs(correct, split="val")

    @settings(max_examples=40, deadline=None)
    @given(st.integers(0, 10_000), st.integers(1, 10))
    def test_intervals_hold_the_difference_and_are_wider_than_without_groups(self, seed, groups):
        rng = np.random.default_rng(seed)
        units = np.unique(np.append(rng.integers(groups, size=30), 0), return_inverse=True)[1]
        signs = rng.integers(-1, 2, size=31)
        low, high = grouped_difference_interval(signs, units)
        plain = difference_interval(int(np.sum(signs > 0)), int(np.sum(signs < 0)), 31)
        assert -1 <= low <= signs.mean() <= high <= 1
        assert high - low >= plain[1] - plain[0]

    def test_one_group_says_nothing(self):
        assert grouped_difference_interval(np.array([1, 1, 0]), np.zeros(3, int)) == (-1.0, 1.0)
        assert sign_flip_midp(np.array([7])) == 0.5

    def test_groups_of_another_length_are_refused(self):
        with pytest.raises(ConfigError, match="'correct' parameter of compare_pairs"):
            compare_pairs({"a": np.ones(3, bool)}, split="test", groups=np.zeros(2))


@pytest.mark.slow
class TestTies:
    @pytest.mark.parametrize("n", [96, 153, 656])
    @pytest.mark.parametrize("size", [1, 4])
    def test_six_equal_ones_are_rarely_told_apart(self, n, size):
        """By the whole rule: any of 15 pairs, mid-p and Holm."""
        claimed, missed = false_claims(n, 0.93, simulations=2000, size=size)
        assert claimed <= 0.05
        assert missed <= 0.055

    def test_without_their_groups_they_would_be(self):
        assert false_claims(656, 0.93, simulations=300, size=4, plain=True)[0] > 0.1
