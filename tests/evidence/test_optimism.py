"""How much too good the best of several looks: against what simulated candidates are truly worth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.base.errors import ConfigError
from headstart.evidence.optimism import best_of


def test_one_candidate_has_next_to_no_optimism():
    right = np.random.default_rng(0).random((1, 200)) < 0.8
    assert best_of([right]).optimism < 0.01


@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 5), st.integers(2, 40))
def test_what_is_expected_is_a_share_and_the_apparent_one_the_best(seed, stages, candidates, n):
    rng = np.random.default_rng(seed)
    given_answers = [rng.random((candidates, n)) < 0.7 for _ in range(stages)]
    found = best_of(given_answers, resamples=30)
    assert found.apparent == max(stage.mean(axis=1).max() for stage in given_answers)
    assert 0 <= found.expected <= 1
    assert found.optimism >= 0
    assert found == best_of(given_answers, resamples=30)


def test_groups_are_drawn_whole():
    right = np.repeat(np.random.default_rng(1).random((10, 12)) < 0.8, 10, axis=1)
    alone = best_of([right])
    grouped = best_of([right], units=np.arange(120) // 10)
    assert grouped.optimism > alone.optimism + 0.01


@pytest.mark.parametrize("stages", [[], [np.ones(3, bool)], [np.ones((1, 2), bool), np.ones((1, 3), bool)]])
def test_nothing_to_choose_among_is_refused(stages):
    with pytest.raises(ConfigError, match="'stages' parameter of best_of"):
        best_of(stages)


@pytest.mark.parametrize(("n", "alike"), [(50, 0.0), (150, 0.0), (150, 0.7)])
def test_the_estimate_is_about_what_choosing_costs(n, alike):
    """Twelve equally good candidates, whose answers resemble each other: the best one's truth is 0.85."""
    rng, estimated, real = np.random.default_rng(2), [], []
    threshold = 1.0364  # of a normal number: 0.85 lie below
    for one in range(60):
        noise = np.sqrt(alike) * rng.normal(size=n) + np.sqrt(1 - alike) * rng.normal(size=(12, n))
        found = best_of([noise < threshold], resamples=60, seed=one)
        estimated.append(found.optimism)
        real.append(found.apparent - 0.85)
    assert np.mean(estimated) == pytest.approx(np.mean(real), abs=0.012)
