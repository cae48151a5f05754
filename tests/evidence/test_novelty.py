"""None of these: honest for pictures of the same kind, and far for others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.base.errors import ConfigError
from headstart.evidence.novelty import fit_familiar


def features(rng, n, d=12, shift=0.0):
    return (rng.normal(size=(n, d)) + 2.0 + shift * np.eye(d)[0]).astype(np.float32)


def test_about_one_in_twenty_of_the_same_kind_is_taken_for_none():
    rng, shares = np.random.default_rng(0), []
    for _ in range(150):
        near = fit_familiar(features(rng, 60))
        asked = features(rng, 60)
        shares.append(near.none_of_these(near.distances(asked)).mean())
    assert np.mean(shares) == pytest.approx(0.05, abs=0.015)


def test_what_is_elsewhere_is_none_of_these():
    rng = np.random.default_rng(1)
    near = fit_familiar(features(rng, 100))
    assert near.none_of_these(near.distances(features(rng, 50, shift=-40.0))).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.floats(0.01, 100.0))
def test_the_distance_is_one_less_the_largest_cosine_whatever_the_length(seed, length):
    rng = np.random.default_rng(seed)
    known, asked = features(rng, 25), features(rng, 5)
    near = fit_familiar(known)
    cosines = asked @ known.T / np.linalg.norm(asked, axis=1)[:, None] / np.linalg.norm(known, axis=1)
    np.testing.assert_allclose(near.distances(asked * length), 1 - cosines.max(axis=1), atol=1e-3)
    assert near.examples.dtype == np.float16


def test_in_blocks_or_alone_the_distances_are_the_same(monkeypatch):
    rng = np.random.default_rng(2)
    near, asked = fit_familiar(features(rng, 30)), features(rng, 10)
    whole = near.distances(asked)
    monkeypatch.setattr("headstart.evidence.novelty._ROWS", 3)
    np.testing.assert_allclose(near.distances(asked), whole, rtol=0, atol=1e-12)
    assert near.distances(asked[:0]).shape == (0,)


def test_copies_in_a_group_do_not_make_the_limit_small():
    known = np.repeat(features(np.random.default_rng(3), 40), 2, axis=0)
    alone = fit_familiar(known)
    together = fit_familiar(known, groups=np.repeat(np.arange(40), 2))
    assert alone.limit < 1e-3 < together.limit


def test_pictures_that_the_network_has_not_learned_from_set_the_limit():
    rng = np.random.default_rng(4)
    known, unseen = features(rng, 40), features(rng, 40, shift=3.0)
    assert fit_familiar(known, unseen=unseen).limit > fit_familiar(known).limit
    assert fit_familiar(known, unseen=unseen).pictures == 40
    moved = fit_familiar(known, unseen=unseen).on(known[:7])
    assert (len(moved.examples), moved.limit) == (7, fit_familiar(known, unseen=unseen).limit)


def test_too_few_pictures_or_groups_set_none():
    rng = np.random.default_rng(5)
    assert fit_familiar(features(rng, 18)) is None
    assert fit_familiar(features(rng, 19)) is not None
    assert fit_familiar(features(rng, 0)) is None
    assert fit_familiar(features(rng, 60), groups=np.arange(60) % 18) is None
    assert fit_familiar(features(rng, 60), groups=np.zeros(60)) is None
    assert fit_familiar(features(rng, 60), unseen=features(rng, 18)) is None


@pytest.mark.parametrize("spoiled", [np.full((30, 2), np.nan), np.zeros(30)])
def test_features_that_cannot_be_are_refused(spoiled):
    with pytest.raises(ConfigError, match="'features' parameter of fit_familiar"):
        fit_familiar(spoiled)
    with pytest.raises(ConfigError, match="one group each"):
        fit_familiar(np.ones((30, 2)), groups=np.zeros(3))
