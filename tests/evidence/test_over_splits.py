"""Means, pairs and the verdict over several splits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.base.errors import ConfigError
from headstart.evidence.candidate import Candidate
from headstart.evidence.judging import Balanced, Judges
from headstart.evidence.metrics import measure
from headstart.evidence.over_splits import compare_over_splits, decide_over_splits, mean_over_splits
from headstart.evidence.reasons import (
    CheaperOfTied,
    Cheapest,
    ClearWinner,
    MostAccurate,
    NearChance,
    NothingLearned,
    OnlyOne,
    Splits,
)
from headstart.evidence.resampled import corrected_resampled_t


def verdict(accuracies, *, flops=None, chance=0.5):
    pairs = compare_over_splits(accuracies, train=80, test=20)
    judges = Judges(pictures=100, least=50, chance=chance)
    candidates = []
    for order, (name, values) in enumerate(accuracies.items()):
        found = mean_over_splits(values.reshape(1, -1), strategy=name, seconds=1.0, train=80, test=20)
        cost = (flops or {}).get(name, 1e9)
        candidates.append(Candidate(name, found.accuracy, np.zeros(0, bool), cost, 10, order, interval=found.interval))
    return decide_over_splits(candidates, pairs, folds=5, seeds=4, judges=judges)


def around(mean, seed, *, spread=0.02):
    values = np.random.default_rng(seed).standard_normal(20)
    return mean + spread * (values - values.mean())


def test_a_clear_winner():
    found = verdict({"linear": around(0.9, 0), "knn": around(0.8, 1)}, flops={"linear": 2e9})
    assert (found.winner, found.tied_with) == ("linear", ())
    (clear,) = found.reasons
    assert isinstance(clear, ClearWinner)
    assert (clear.on, clear.on.count) == (Splits(5, 4, 100), 20)
    assert (clear.second.name, clear.only, clear.use.right) == ("knn", True, None)
    assert clear.ahead.value == pytest.approx(0.1)
    assert clear.ahead.p < 0.05


def test_a_tie_goes_to_the_cheaper_and_says_how_many_would_settle_it():
    found = verdict({"full": around(0.9, 0), "linear": around(0.893, 1)}, flops={"full": 9e9})
    assert (found.winner, found.tied_with) == ("linear", ("full",))
    tie, settle = found.reasons
    assert isinstance(tie, CheaperOfTied)
    assert tie.behind.value == pytest.approx(0.007)
    assert tie.behind.p > 0.3173
    assert tie.cheapest == Cheapest("linear", ("full", "linear"), tied=2, close=2, costs=("operations",))
    assert (settle.names, settle.grouped) == (("linear", "full"), False)
    assert 3_000 < settle.pictures <= 4_000


def test_a_cheaper_one_that_is_tied_and_does_not_come_close_is_not_taken():
    found = verdict({"full": around(0.9, 0), "linear": around(0.88, 1)}, flops={"full": 9e9})  # p = 0.17
    assert (found.winner, found.tied_with) == ("full", ("linear",))
    assert (found.reasons[0].tied_with, found.reasons[0].cheapest) == (("linear",), None)
    assert verdict({"full": around(0.9, 0), "linear": around(0.888, 1)}, flops={"full": 9e9}).winner == "linear"


def test_a_common_class_is_no_proof_that_nothing_was_learned():
    labels = np.repeat([0, 1], [90, 10])
    one = Candidate("knn", 0.9, np.repeat([True, False], [81, 19]) | (labels == 1), 1e9, 10, 0, interval=(0.85, 0.95))
    measured = measure(labels, np.eye(2)[np.where(one.correct, labels, 1 - labels)])
    judges = Judges(pictures=100, least=10, chance=0.9)
    for told, candidate in ((False, replace(one, balanced=Balanced.of(measured))), (True, one)):
        found = decide_over_splits([candidate], [], folds=None, seeds=4, judges=judges)
        assert isinstance(found.reasons[0], NothingLearned) == told


def test_the_best_may_also_be_the_cheapest_or_the_only_one():
    found = verdict({"linear": around(0.9, 0), "full": around(0.895, 1)}, flops={"full": 9e9})
    (most,) = found.reasons
    assert isinstance(most, MostAccurate)
    assert (most.use.name, most.use.accuracy) == ("linear", pytest.approx(0.9))
    assert most.cheapest.costs == ("operations",)
    (only,) = verdict({"linear": around(0.9, 0)}).reasons
    assert isinstance(only, OnlyOne)
    assert only.use.accuracy == pytest.approx(0.9)


def test_chance_is_said():
    (nothing,) = verdict({"knn": around(0.4, 0)}).reasons
    assert isinstance(nothing, NothingLearned)
    assert (nothing.best.accuracy, nothing.chance) == (pytest.approx(0.4), 0.5)
    near = verdict({"knn": around(0.505, 0, spread=0.05)}).reasons[-1]
    assert isinstance(near, NearChance)
    assert near.use.name == "knn"
    assert not verdict({"knn": around(0.4, 0)}).above_chance
    assert not verdict({"knn": around(0.505, 0, spread=0.05)}).above_chance
    assert verdict({"knn": around(0.9, 0)}).above_chance


def test_equal_differences_of_few_pictures_are_no_certainty():
    pairs = compare_over_splits({"a": np.full(2, 0.9), "b": np.full(2, 0.85)}, train=80, test=20)
    assert pairs[0].p > 0.05


def test_means_and_spreads():
    values = np.array([[0.8, 0.9], [0.7, 0.8], [0.9, 1.0]])
    found = mean_over_splits(values, strategy="knn", seconds=3.0, train=80, test=20)
    assert (found.strategy, found.seconds) == ("knn", 3.0)
    assert found.accuracy == pytest.approx(0.85)
    assert found.spread_over_seeds == pytest.approx(0.1)
    assert found.spread_over_splits == pytest.approx(values.std(ddof=1))
    assert (found.lowest, found.highest) == (0.7, 1.0)
    low, high = corrected_resampled_t(values.ravel(), train=80, test=20)[1]
    assert high > 1
    assert found.interval == pytest.approx([low, 1.0])
    single = mean_over_splits(values[:1, :1], strategy="knn", seconds=1.0, train=80, test=20)
    assert single.interval is single.spread_over_seeds is single.spread_over_splits is None


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(2, 12))
def test_the_rule_holds_for_any_accuracies(seed, count, splits):
    rng = np.random.default_rng(seed)
    accuracies = {f"c{one}": np.round(rng.random(splits) * 20) / 20 for one in range(count)}
    found = verdict(accuracies)
    best = max(accuracies, key=lambda name: accuracies[name].mean())
    group = {found.winner, *found.tied_with}
    assert found.winner not in found.tied_with
    assert max(accuracies[name].mean() for name in group) == pytest.approx(accuracies[best].mean())
    assert found.reasons


def test_other_splits_are_refused():
    with pytest.raises(ConfigError, match="compare_over_splits"):
        compare_over_splits({"a": np.ones(3), "b": np.ones(2)}, train=8, test=2)
