"""From which pictures a strategy's limits come: only from those that its answers were not learned from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import table_of

from headstart.base.types import Affine
from headstart.strategies import answer_limits
from headstart.strategies.answer_limits import trust_of_head, trust_of_network
from headstart.strategies.division import Division

HEAD = Affine(weight=np.eye(2), bias=np.zeros(2))


@pytest.fixture
def division() -> Division:
    """Return 60 pictures of two classes, the even ones to learn from; 0 and 2 are copies."""
    table = table_of("-", each=30)
    rows = np.arange(60)
    return Division.of(
        replace(
            table,
            labels=rows // 30,
            splits=np.where(rows % 2 == 0, "train", "val"),
            digests=("2", "1", "2", *map(str, range(3, 60))),
        ),
        seed=0,
    )


def test_a_head_is_judged_by_its_out_of_fold_scores_at_its_temperature(division: Division) -> None:
    rng = np.random.default_rng(0)
    features, scores = rng.random((30, 5)), rng.normal(size=(30, 2))
    known = trust_of_head(division, features, scores, 2.0)
    assert (known.sets.pictures, known.sets.units) == (30, 29), "copies count once"
    own = 1 / (1 + np.exp(-(scores[:, 0] - scores[:, 1]) / 2.0))
    reached = np.where(division.labels[division.train] == 0, own, 1 - own)
    assert np.isclose(reached, known.sets.thresholds[0.8]).any()
    assert known.familiar is not None
    assert len(known.familiar.examples) == 30


def test_a_large_training_leaves_a_part_of_each_class(division: Division, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_limits, "MOST_EXAMPLES", 22)
    monkeypatch.setattr(answer_limits, "MOST_HELD", 26)
    rng = np.random.default_rng(0)
    known = trust_of_head(division, rng.random((30, 5)), rng.normal(size=(30, 2)), 1.0)
    assert known.familiar is not None
    assert len(known.familiar.examples) == 22
    assert known.sets.pictures == 26


def test_a_trained_network_is_judged_by_what_was_held_out(division: Division) -> None:
    asked: list[list[int]] = []
    features = np.random.default_rng(0).random((60, 2))

    def features_of(rows: np.ndarray) -> np.ndarray:
        asked.append(rows.tolist())
        return features[rows]

    learned, held = np.arange(0, 36), np.arange(59, 35, -1)
    known = trust_of_network(division, learned, held, HEAD, features_of)
    assert asked == [sorted(held.tolist()), learned.tolist()]
    assert known.familiar is not None
    assert known.sets.pictures == known.familiar.pictures == 24
    assert len(known.familiar.examples) == 36


def test_scores_of_a_classifier_that_had_not_seen_them_set_the_thresholds_where_they_are_given(
    division: Division,
) -> None:
    features, held = np.random.default_rng(0).random((60, 2)), np.arange(59, 35, -1)
    labels = division.labels[held]
    scores = np.where(np.arange(2) == labels[:, None], 1.0, 0.0)  # each right, none surely, in the order of `held`
    known = trust_of_network(division, np.arange(0, 36), held, HEAD, lambda rows: features[rows], scores)
    sure = np.exp(1.0) / (1 + np.exp(1.0))
    found = {level: one for level, one in known.sets.thresholds.items() if one is not None}
    assert found
    np.testing.assert_allclose(list(found.values()), sure)


def test_where_nothing_was_held_out_nothing_is_known(division: Division) -> None:
    known = trust_of_network(division, division.train, division.train[:0], HEAD, abs)
    assert known.familiar is None
    assert known.sets.units == 0
    assert set(known.sets.thresholds.values()) == {None}
