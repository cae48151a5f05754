"""From which pictures a strategy's limits come: only from those that its answers were not learned from."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from headstart.base.types import Affine
from headstart.strategies import trust
from headstart.table import Table


@pytest.fixture
def ground() -> Any:
    """Return 60 pictures of two classes, the even ones to learn from; 0 and 2 are copies."""
    count = 60
    table = Table(
        root=SimpleNamespace(name="x"),  # type: ignore[arg-type]
        paths=tuple(f"{row:03d}" for row in range(count)),
        labels=np.arange(count) // 30,
        classes=("a", "b"),
        splits=np.where(np.arange(count) % 2 == 0, "train", "val"),
        groups=np.full(count, "", dtype="<U1"),
        digests=tuple(str(max(row, 2)) if row != 1 else "1" for row in range(count)),
    )
    train = table.rows("train")
    groups = np.array(["000" if row in (0, 2) else table.paths[row] for row in train])
    request = SimpleNamespace(seed=0)
    return SimpleNamespace(table=table, train=train, train_groups=groups, classes=table.classes, request=request)


def test_a_head_is_judged_by_its_out_of_fold_scores_at_its_temperature(ground: Any) -> None:
    rng = np.random.default_rng(0)
    features, scores = rng.random((30, 5)), rng.normal(size=(30, 2))
    known = trust.trust_of_head(ground, features, scores, 2.0)
    assert (known.sets.pictures, known.sets.units) == (30, 29), "copies count once"
    own = 1 / (1 + np.exp(-(scores[:, 0] - scores[:, 1]) / 2.0))
    reached = np.where(ground.table.labels[ground.train] == 0, own, 1 - own)
    assert np.isclose(reached, known.sets.thresholds[0.8]).any()
    assert len(known.familiar.examples) == 30


def test_a_large_training_leaves_a_part_of_each_class(ground: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust, "MOST_EXAMPLES", 22)
    monkeypatch.setattr(trust, "MOST_HELD", 26)
    rng = np.random.default_rng(0)
    known = trust.trust_of_head(ground, rng.random((30, 5)), rng.normal(size=(30, 2)), 1.0)
    assert len(known.familiar.examples) == 22
    assert known.sets.pictures == 26


def test_a_trained_network_is_judged_by_what_was_held_out(ground: Any) -> None:
    asked: list[list[int]] = []
    features = np.random.default_rng(0).random((60, 2))

    def features_of(rows: np.ndarray) -> np.ndarray:
        asked.append(rows.tolist())
        return features[rows]

    head = Affine(weight=np.eye(2), bias=np.zeros(2))
    learned, held = np.arange(0, 36), np.arange(59, 35, -1)
    known = trust.trust_of_network(ground, learned, held, head, features_of)
    assert asked == [sorted(held.tolist()), learned.tolist()]
    assert known.sets.pictures == known.familiar.pictures == 24
    assert len(known.familiar.examples) == 36


def test_where_nothing_was_held_out_nothing_is_known(ground: Any) -> None:
    known = trust.trust_of_network(
        ground, ground.train, ground.train[:0], Affine(weight=np.eye(2), bias=np.zeros(2)), abs
    )
    assert known.familiar is None
    assert known.sets.units == 0
    assert set(known.sets.thresholds.values()) == {None}
