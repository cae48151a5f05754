"""Nearest neighbours: the number that votes, and its temperature."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import FlooredScaler
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

from headstart.base.types import Neighbours, softmax
from headstart.evidence.calibration import cautious_temperature
from headstart.evidence.metrics import log_loss
from headstart.heads import knn
from headstart.heads.training import check_training


def blobs(classes, *, each, features=20, seed=0, distance=0.8):
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(classes), each)
    X = rng.normal(size=(classes, features))[y] * distance + rng.normal(size=(len(y), features))
    return X.astype(np.float32), y, np.tile(np.arange(5), len(y))[: len(y)]


def test_votes_equal_those_of_scikit_learns_neighbours():
    X, y, folds = blobs(3, each=20)
    fitted = knn.fit(X, y, 3, folds=folds)
    scaler = FlooredScaler().fit(X.astype(np.float64))
    rows, asked = (normalize(scaler.transform(part.astype(np.float64))) for part in (X, blobs(3, each=5, seed=2)[0]))
    k = fitted.chosen["k"]
    distance, nearest = NearestNeighbors(n_neighbors=k, metric="cosine").fit(rows).kneighbors(asked)
    weight = np.exp(-distance / 0.07)
    weight /= weight.sum(axis=1, keepdims=True)
    votes = np.stack([(weight * (y[nearest] == one)).sum(axis=1) for one in range(3)], axis=1)
    expected = np.log(votes + 1 / (3 * k))
    plain = blobs(3, each=5, seed=2)[0]
    np.testing.assert_allclose(fitted.head.scores(plain), expected, atol=1e-4)


def test_the_number_has_the_least_out_of_fold_loss():
    X, y, folds = blobs(3, each=30, distance=0.4)
    fitted = knn.fit(X, y, 3, folds=folds)
    training = check_training("knn", X, y, 3, folds)

    def loss(k):
        scores = knn._out_of_fold(training, [k])[0]
        return log_loss(y, softmax(scores / cautious_temperature(scores, y)))

    losses = {k: loss(k) for k in (1, 3, 5, 10, 20)}
    assert fitted.chosen["k"] == min(losses, key=losses.__getitem__)
    assert log_loss(y, softmax(fitted.out_of_fold / fitted.head.temperature)) == pytest.approx(min(losses.values()))


def test_one_look_at_the_similarities_serves_all_numbers(monkeypatch):
    """Similarities are nearly all of the work: each fold is held against the others once, also a few rows at a time."""
    X, y, folds = blobs(3, each=30, distance=0.4)
    asked, usual = [], Neighbours.scores_by
    monkeypatch.setattr(
        Neighbours, "scores_by", lambda head, numbers, rows: asked.append(len(rows)) or usual(head, numbers, rows)
    )
    whole = knn.fit(X, y, 3, folds=folds)
    assert sum(asked) == len(y)
    monkeypatch.setattr(knn, "MOST_NUMBERS", 400)
    monkeypatch.setattr("headstart.base.types.MOST_NUMBERS", 400)
    asked.clear()
    pieces = knn.fit(X, y, 3, folds=folds)
    assert sum(asked) == len(y)
    assert max(asked) <= 6
    assert pieces.chosen == whole.chosen
    np.testing.assert_allclose(pieces.out_of_fold, whole.out_of_fold, rtol=1e-12)
    np.testing.assert_allclose(pieces.head.scores(X), whole.head.scores(X), rtol=1e-12)


def test_no_more_neighbours_than_a_fold_has_rows():
    X, y, folds = blobs(2, each=4)
    assert knn.fit(X, y, 2, folds=folds).chosen["k"] <= 5


def test_one_wrong_picture_more_keeps_the_temperature_from_nought():
    margins = np.tile([[2.0, -2.0], [-2.0, 2.0]], (50, 1))
    labels = np.tile([0, 1], 50)
    doubt = 1 - softmax(margins / cautious_temperature(margins, labels)).max(axis=1)
    np.testing.assert_allclose(doubt, 1 / 101, rtol=0.01)
