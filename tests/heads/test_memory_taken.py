"""No head takes more memory than it says before it begins, and no copy of the rows that it does not need at once."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import sklearn.svm  # noqa: F401 - so that no head pays for its import

from headstart.heads import HEADS
from headstart.heads.training import HeadMethod, Size, Standard

WAYS = {
    "small": {},
    "in turn": {"logistic._MOST_TOGETHER": 0},
    "large": {"logistic._LARGE": 0, "svm._LARGE": 0},
    "shared": {"logistic._LARGE": 0, "logistic._MOST_COPIES": 0, "problem._MOST_NUMBERS": 10_000},
    "in pieces": {"knn.MOST_NUMBERS": 50_000, "logistic._LARGE": 0},
}
ROWS, FEATURES, CLASSES, FOLDS = 1500, 160, 3, 5


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    y = np.tile(np.arange(CLASSES), ROWS // CLASSES)
    X = rng.normal(size=(CLASSES, FEATURES))[y] * 0.2 + rng.normal(size=(ROWS, FEATURES))
    return X.astype(np.float32), y, np.arange(ROWS) // CLASSES % FOLDS


def peak_of(work):
    tracemalloc.start()
    try:
        return work(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("name", "way"),
    [("knn", "small"), ("knn", "in pieces"), ("svm", "small"), ("svm", "large"), ("lda", "small")]
    + [("logistic", way) for way in ("in turn", "large", "shared")],
)
def test_a_head_takes_no_more_than_it_says(name, way, data, monkeypatch):
    for place, value in WAYS[way].items():
        monkeypatch.setattr(f"headstart.heads.{place}", value)
    monkeypatch.setattr("headstart.heads.svm._CACHE", 0)  # of libsvm's own, which nobody traces here
    X, y, folds = data
    fitted, taken = peak_of(lambda: HEADS[name].fit(X, y, CLASSES, folds=folds))
    said = HEADS[name].memory(Size(ROWS, FEATURES, CLASSES, FOLDS))
    room = 300_000  # what is there beside tables of numbers
    assert taken <= said + room
    if name != "knn":  # whose tables of pairs are as large as they may be only with many rows
        assert taken >= said / 4, "and it does not cry wolf"
    _, taken = peak_of(lambda: HEADS[name].solve(X, y, CLASSES, fitted.chosen))
    assert taken <= HEADS[name].memory(Size(ROWS, FEATURES, CLASSES, 1)) + room


@pytest.mark.parametrize("name", sorted(HEADS))
def test_every_head_says_what_it_takes_and_more_of_more(name):
    small, large = (HEADS[name].memory(Size(rows, 2640, 10, 5)) for rows in (1000, 15_000))
    assert 0 < small < large < 2.5e9, "15,000 pictures with the widest readout"


def test_a_head_that_says_nothing_is_thought_to_copy():
    assert HeadMethod(None, None).memory(Size(10, 20, 3, 5)) == 4 * 8 * (200 + 30)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_columns_and_rows_in_pieces_are_the_same_to_the_bit(dtype, monkeypatch):
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(301, 57)) * 10 ** rng.uniform(-3, 3, 57) + rng.normal(size=57)).astype(dtype)
    whole = Standard.of(X, (20, 37))
    rows = rng.permutation(301)[:200]
    applied = whole.apply(X[rows])
    monkeypatch.setattr("headstart.heads.training.MOST_NUMBERS", 2600)
    pieces = Standard.of(X, (20, 37))
    np.testing.assert_array_equal(pieces.mean, X.astype(np.float64).mean(axis=0))
    np.testing.assert_array_equal(pieces.mean, whole.mean)
    np.testing.assert_array_equal(pieces.scale, whole.scale)
    np.testing.assert_array_equal(pieces.rows(X, rows), applied)
