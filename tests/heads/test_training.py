"""Standardisation: what differs little is never made larger than what differs much."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import FlooredScaler

from headstart.heads.training import Standard


def drawn(seed, n=30, size=12):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, size)) * 10 ** rng.uniform(-4, 1, size) + rng.normal(size=size)


def test_it_equals_scikit_learns_with_a_floor():
    X = drawn(0, size=40)
    np.testing.assert_allclose(Standard.of(X).apply(X), FlooredScaler().fit_transform(X), rtol=1e-9, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 12))
def test_nothing_is_divided_by_less_than_the_usual_deviation_of_its_block(seed, first):
    X = drawn(seed)
    blocks = tuple(size for size in (first, 12 - first) if size)
    deviation, scale = X.std(axis=0), Standard.of(X, blocks).scale
    assert (scale >= deviation * (1 - 1e-12)).all()
    for part, own in zip(
        np.split(scale, np.cumsum(blocks)[:-1]), np.split(deviation, np.cumsum(blocks)[:-1]), strict=True
    ):
        assert part.min() >= np.median(own) / 4
        assert np.sum(part > own * (1 + 1e-12)) <= np.ceil(0.75 * len(own)), "what differs as usual keeps its own"


def test_a_block_has_its_own_unit():
    X = drawn(1, size=20)
    one = Standard.of(np.hstack([X[:, :8], 1000 * X[:, 8:]]), (8, 12))
    np.testing.assert_allclose(one.scale, np.append(Standard.of(X[:, :8]).scale, 1000 * Standard.of(X[:, 8:]).scale))


def test_constant_features_are_centred_and_change_nothing():
    X = drawn(2)
    more = np.hstack([X, np.full((len(X), 9), 7.25), np.zeros((len(X), 30))])
    standard = Standard.of(more)
    np.testing.assert_array_equal(standard.scale[:12], Standard.of(X).scale)
    np.testing.assert_array_equal(standard.apply(more)[:, 12:], 0)
    np.testing.assert_array_equal(Standard.of(np.ones((5, 3))).scale, 1)


def test_rounding_is_no_deviation():
    X = np.full((50, 3), 1000.0)
    X[:, 0] += np.linspace(0, 1e-4, 50)  # float32 has steps of 6e-5 there
    X[:, 1] += np.linspace(0, 5, 50)
    assert Standard.of(X).scale[0] == Standard.of(X).scale[1] == pytest.approx(X[:, 1].std())


def test_neither_many_silent_features_nor_a_few_loud_ones_say_what_is_usual():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(100, 40))
    usual = Standard.of(X).scale.min()
    loud, silent = X.copy(), X.copy()
    loud[0, :4] = 1e6
    silent[:, :9] *= 1e-5
    assert Standard.of(loud).scale.min() == pytest.approx(usual, rel=0.1)
    assert Standard.of(silent).scale.min() == pytest.approx(usual, rel=0.1)
