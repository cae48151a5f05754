"""One battery of checks over every head: a new row of HEADS is tested by being there."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from headstart.base.errors import ConfigError
from headstart.base.types import HEAD_KINDS, Neighbours, head_of, softmax
from headstart.heads import HEADS
from headstart.heads.training import Fitted


def drawn(seed=0, *, each=12, classes=3, features=20, distance=1.5):
    """Return blobs: features (float32), labels and folds; rows sorted by class."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(classes), each)
    centres = rng.normal(size=(classes, features)) * distance
    X = (centres[y] + rng.normal(size=(len(y), features))) * rng.uniform(0.1, 9, features) + 3
    folds = np.tile(np.arange(min(5, each)), len(y))[: len(y)]
    return X.astype(np.float32), y, folds


def settings_like(chosen, rel=1e-9):
    """Return what equals the chosen settings: their units follow from all rows, and so do their last digits."""
    return {name: value if isinstance(value, str) else pytest.approx(value, rel=rel) for name, value in chosen.items()}


@pytest.fixture(params=sorted(HEADS))
def fit(request):
    return HEADS[request.param].fit


def test_shapes_order_and_truth(fit):
    X, y, folds = drawn()
    fitted = fit(X, y, 3, folds=folds)
    assert isinstance(fitted, Fitted)
    assert isinstance(fitted.head, HEAD_KINDS[fitted.head.kind])
    assert fitted.converged
    assert fitted.warnings == ()
    assert fitted.chosen
    probabilities = fitted.head.probabilities(X[:7])
    assert probabilities.shape == (7, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), fitted.head.scores(X[:7]).argmax(axis=1))
    assert np.mean(fitted.head.scores(X).argmax(axis=1) == y) > 0.95
    assert fitted.out_of_fold.shape == (len(y), 3)
    assert np.isfinite(fitted.out_of_fold).all()
    assert np.mean(fitted.out_of_fold.argmax(axis=1) == y) > 0.8


def test_new_pictures_are_answered_right(fit):
    X, y, folds = drawn(each=30)
    asked = np.arange(len(y)) % 3 == 0
    fitted = fit(X[~asked], y[~asked], 3, folds=folds[~asked])
    assert np.mean(fitted.head.scores(X[asked]).argmax(axis=1) == y[asked]) > 0.9


def test_the_given_arrays_stay_as_they_are(fit):
    X, y, folds = drawn()
    before = X.copy(), y.copy(), folds.copy()
    fit(X, y, 3, folds=folds)
    for given, kept in zip((X, y, folds), before, strict=True):
        np.testing.assert_array_equal(given, kept)


def test_twice_the_same_is_bit_for_bit_the_same(fit):
    X, y, folds = drawn(distance=0.6)
    one, two = fit(X, y, 3, folds=folds, seed=3), fit(X, y, 3, folds=folds, seed=3)
    assert one.chosen == two.chosen
    np.testing.assert_array_equal(one.out_of_fold, two.out_of_fold)
    np.testing.assert_array_equal(one.head.probabilities(X), two.head.probabilities(X))


def test_the_order_of_rows_does_not_matter(fit):
    X, y, folds = drawn(distance=0.8)
    order = np.random.default_rng(1).permutation(len(y))
    plain, moved = fit(X, y, 3, folds=folds), fit(X[order], y[order], 3, folds=folds[order])
    assert moved.chosen == settings_like(plain.chosen)
    np.testing.assert_allclose(moved.out_of_fold, plain.out_of_fold[order], atol=5e-3)
    np.testing.assert_allclose(moved.head.probabilities(X), plain.head.probabilities(X), atol=2e-3)


def test_names_of_classes_do_not_matter(fit):
    X, y, folds = drawn(distance=0.8)
    names = np.array([2, 0, 1])
    plain, renamed = fit(X, y, 3, folds=folds), fit(X, names[y], 3, folds=folds)
    np.testing.assert_allclose(renamed.head.probabilities(X)[:, names], plain.head.probabilities(X), atol=2e-3)


def test_offsets_of_features_and_the_unit_of_a_block_do_not_matter(fit):
    X, y, folds = drawn(distance=0.8)
    factor, offset = np.repeat([0.01, 50], [8, 12]), np.linspace(-4, 4, X.shape[1])
    plain = fit(X, y, 3, folds=folds, blocks=(8, 12))
    scaled = fit(X * factor + offset, y, 3, folds=folds, blocks=(8, 12))
    np.testing.assert_allclose(scaled.head.probabilities(X * factor + offset), plain.head.probabilities(X), atol=2e-3)
    other = fit(X * factor + offset, y, 3, folds=folds)
    assert np.abs(other.head.probabilities(X * factor + offset) - plain.head.probabilities(X)).max() > 0.004


@pytest.mark.parametrize("name", sorted(HEADS))
def test_blocks_are_known_in_the_ways_for_large_problems_too(name, monkeypatch):
    """Few rows and many, copies and shared rows, all rows and drawn ones: a unit of a block changes no answer."""
    X, y, folds = drawn(each=30, distance=0.8)
    factor = np.repeat([0.001, 50], [8, 12])
    ways = [{"logistic._MOST_TOGETHER": 0}, {"logistic._LARGE": 0}, {"logistic._LARGE": 0, "logistic._MOST_COPIES": 0}]
    for way in [*ways, {"svm._MOST_ROWS": 60}]:
        with monkeypatch.context() as patch:
            for place, value in way.items():
                patch.setattr(f"headstart.heads.{place}", value)
            plain, scaled = (HEADS[name].fit(rows, y, 3, folds=folds, blocks=(8, 12)) for rows in (X, X * factor))
        asked = plain.head.probabilities(X)
        np.testing.assert_allclose(scaled.head.probabilities(X * factor), asked, atol=3e-3)
        np.testing.assert_allclose(softmax(scaled.out_of_fold), softmax(plain.out_of_fold), atol=2e-2)
    known = HEADS[name].solve(X, y, 3, plain.chosen, blocks=(8, 12)).scores(X)
    np.testing.assert_allclose(
        HEADS[name].solve(X * factor, y, 3, plain.chosen, blocks=(8, 12)).scores(X * factor), known, atol=1e-2
    )


def nearly_silent(X, y, *, speaks=1.0, seed=4):
    """Return the features with as many more beside them that speak in one row of twenty, and hardly."""
    rng = np.random.default_rng(seed)
    more = rng.normal(size=X.shape) * np.where(rng.random(X.shape) < 0.05, 1e-4 * speaks, 0)
    return np.hstack([X, more.astype(X.dtype)])


def test_features_that_are_silent_in_nearly_all_pictures_drown_nothing(fit):
    """New pictures in which they speak are answered by what the others say."""
    X, y, folds = drawn(each=20, distance=1.0)
    asked, truth, _ = drawn(each=20, distance=1.0)
    plain = fit(X, y, 3, folds=folds)
    fitted = fit(nearly_silent(X, y), y, 3, folds=folds)
    loud = fitted.head.probabilities(nearly_silent(asked, truth, speaks=100.0, seed=5))
    expected = plain.head.probabilities(asked)
    assert np.mean(loud.argmax(axis=1) == expected.argmax(axis=1)) > 0.95
    assert np.abs(loud - expected).mean() < 0.02


def test_one_picture_from_another_world_chooses_nothing(fit):
    """What learned without it answers it surely and wrongly; neither strength nor temperature is its own."""
    X, y, folds = drawn(each=40, distance=0.8)
    strange = np.hstack([X, (5 * (y == 2) + np.random.default_rng(3).normal(size=len(y)))[:, None]])
    strange[7, -1] = 3000
    assert y[7] == 0
    rest = np.arange(len(y)) != 7
    without = fit(strange[rest], y[rest], 3, folds=folds[rest])
    misled = fit(strange, y, 3, folds=folds)
    own = 1 - softmax(without.out_of_fold / without.head.temperature).max(axis=1).mean()
    beside = 1 - softmax(misled.out_of_fold[rest] / misled.head.temperature).max(axis=1).mean()
    assert beside == pytest.approx(own, abs=0.06)


@pytest.mark.parametrize("value", [100.0, 3000.0])
@pytest.mark.parametrize("each", [10, 20, 40])
def test_nor_by_one_feature_that_says_nothing_else(fit, each, value):
    """With a handful of pictures, too, what is stated is as if that feature were not there."""
    X, y, folds = drawn(each=each, classes=2, distance=0.6)
    rng = np.random.default_rng(1)
    strange = np.hstack([X, rng.normal(size=(len(y), 1))])
    strange[3, -1] = value
    asked, _, _ = drawn(each=30, classes=2, distance=0.6)
    fresh = np.hstack([asked, rng.normal(size=(len(asked), 1))])
    plain, misled = fit(X, y, 2, folds=folds), fit(strange, y, 2, folds=folds)
    stated = [one.head.probabilities(new).max(axis=1).mean() for one, new in ((plain, asked), (misled, fresh))]
    assert stated[1] == pytest.approx(stated[0], abs=0.15)


@pytest.mark.parametrize("blocks", [(8, 8), (20, 5, -5), (0, 20), (21,)])
def test_blocks_that_do_not_add_up_are_refused(fit, blocks):
    X, y, folds = drawn()
    with pytest.raises(ConfigError, match="'blocks' parameter"):
        fit(X, y, 3, folds=folds, blocks=blocks)


def test_two_classes(fit):
    X, y, folds = drawn(classes=2)
    fitted = fit(X, y, 2, folds=folds)
    assert fitted.out_of_fold.shape == (len(y), 2)
    assert np.mean(fitted.head.scores(X).argmax(axis=1) == y) > 0.95


@pytest.mark.parametrize("classes", [2, 4])
def test_two_pictures_of_each_class(fit, classes):
    X, y, folds = drawn(each=2, classes=classes, distance=4)
    fitted = fit(X, y, classes, folds=folds)
    probabilities = fitted.head.probabilities(X)
    assert np.isfinite(probabilities).all()
    np.testing.assert_array_equal(probabilities.argmax(axis=1), y)
    assert probabilities.max() < 1  # so few pictures allow no certainty


def test_a_few_easy_pictures_leave_a_doubt(fit):
    X, y, folds = drawn(each=10, classes=2, distance=5)
    doubt = 1 - fit(X, y, 2, folds=folds).head.probabilities(X).max(axis=1)
    assert doubt.mean() > 1e-4


def test_constant_features(fit):
    X, y, folds = drawn()
    plain = fit(X, y, 3, folds=folds).head.probabilities(X)
    constant = np.concatenate([X, np.full((len(X), 2), 7.3, np.float32), np.zeros((len(X), 1))], axis=1)
    fitted = fit(constant, y, 3, folds=folds)
    np.testing.assert_allclose(fitted.head.probabilities(constant), plain, atol=2e-3)


def test_nothing_but_constant_features(fit):
    _, y, folds = drawn()
    fitted = fit(np.ones((len(y), 4), np.float32), y, 3, folds=folds)
    probabilities = fitted.head.probabilities(np.ones((2, 4)))
    assert np.isfinite(probabilities).all()
    np.testing.assert_allclose(probabilities, 1 / 3, atol=0.05)


def test_one_feature(fit):
    _, y, folds = drawn(classes=2)
    X = (4 * y + np.random.default_rng(0).normal(size=len(y)))[:, None].astype(np.float32)
    fitted = fit(X, y, 2, folds=folds)
    assert fitted.head.probabilities(X).shape == (len(y), 2)
    if not isinstance(fitted.head, Neighbours):  # a cosine in one dimension knows only the side
        assert np.mean(fitted.head.scores(X).argmax(axis=1) == y) > 0.9


def test_many_classes(fit):
    X, y, folds = drawn(each=4, classes=40, features=30, distance=3)
    fitted = fit(X, y, 40, folds=folds)
    assert fitted.head.probabilities(X[:3]).shape == (3, 40)
    assert np.mean(fitted.out_of_fold.argmax(axis=1) == y) > 0.8


def test_more_rows_than_features_and_the_other_way_round(fit):
    for features in (5, 200):
        X, y, folds = drawn(features=features, distance=2)
        assert np.mean(fit(X, y, 3, folds=folds).head.scores(X).argmax(axis=1) == y) > 0.9


def test_a_class_absent_from_a_folds_training_part(fit):
    """A group can hold all pictures of a class but one fold's: its held-out pictures are then missed."""
    X, y, folds = drawn()
    folds = np.where(y == 1, 0, folds)
    fitted = fit(X, y, 3, folds=folds)
    assert np.isfinite(fitted.out_of_fold).all()
    assert not (fitted.out_of_fold[y == 1].argmax(axis=1) == 1).any()
    assert np.mean(fitted.head.scores(X).argmax(axis=1) == y) > 0.9


def test_only_one_class_in_a_folds_training_part(fit):
    X, y, _ = drawn(classes=2)
    fitted = fit(X, y, 2, folds=y)
    assert np.isfinite(fitted.out_of_fold).all()
    assert np.isfinite(fitted.head.probabilities(X)).all()


def test_out_of_fold_scores_do_not_know_their_own_label(fit):
    """Labels without any meaning: what a row's own fold has not seen, nobody can answer above chance."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(120, 15)).astype(np.float32)
    y, folds = rng.permutation(np.repeat([0, 1], 60)), np.tile(np.arange(5), 24)
    fitted = fit(X, y, 2, folds=folds)
    assert np.mean(fitted.out_of_fold.argmax(axis=1) == y) < 0.65


def test_out_of_fold_scores_ignore_the_other_rows_of_their_fold(fit):
    """Nothing of the held-out rows enters, not even their mean: moving one leaves the others' scores.

    The chosen settings are the same here because the classes are far apart.
    """
    X, y, folds = drawn(distance=4)
    one, other = np.flatnonzero(folds == 0)[:2]
    moved = X.copy()
    moved[one] = moved[one] + 0.05 * np.abs(moved[one])
    plain, changed = fit(X, y, 3, folds=folds), fit(moved, y, 3, folds=folds)
    assert changed.chosen == settings_like(plain.chosen, rel=0.01)
    np.testing.assert_allclose(changed.out_of_fold[other], plain.out_of_fold[other], rtol=1e-4, atol=1e-4)
    if not isinstance(plain.head, Neighbours):  # the nearest are all of one class, which has the whole vote
        assert np.abs(changed.out_of_fold[one] - plain.out_of_fold[one]).max() > 0


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"X": np.full((36, 20), np.nan)}, "X"),
        ({"X": np.zeros((36, 0))}, "X"),
        ({"X": np.zeros(36)}, "X"),
        ({"y": np.zeros(35, int)}, "y"),
        ({"y": np.full(36, 3)}, "y"),
        ({"y": np.tile([0, 1], 18)}, "y"),
        ({"classes": 1}, "classes"),
        ({"folds": np.zeros(36, int)}, "folds"),
        ({"folds": np.arange(35)}, "folds"),
    ],
)
def test_input_that_cannot_be_is_refused(fit, change, named):
    X, y, folds = drawn()
    given = {"X": X, "y": y, "classes": 3, "folds": folds} | change
    with pytest.raises(ConfigError, match=f"'{named}' parameter"):
        fit(**given)


def test_its_parts_make_the_same_head_again(fit):
    """A bundle keeps a head as these parts; nothing else of it may count."""
    X, y, folds = drawn()
    head = fit(X, y, 3, folds=folds).head
    again = head_of(head.kind, head.arrays(), head.scalars())
    np.testing.assert_array_equal(again.probabilities(X), head.probabilities(X))
    assert 0 <= head.fitted_numbers <= head.numbers <= sum(each.size for each in head.arrays().values())
    assert head.flops() > 0
    for parts in (head.arrays(), head.scalars()):
        for name in parts:
            arrays = {key: value for key, value in head.arrays().items() if key != name}
            scalars = {key: value for key, value in head.scalars().items() if key != name}
            with pytest.raises(KeyError, match=rf"head\.{name}"):
                head_of(head.kind, arrays, scalars)
    with pytest.raises(ValueError, match=r"head\.more"):
        head_of(head.kind, head.arrays(), {**head.scalars(), "more": 1})


def test_heads_never_see_torch():
    """In a process of its own, for here other tests may have imported it."""
    import subprocess

    code = "import sys, headstart.heads; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", sorted(HEADS))
def test_known_settings_give_the_same_answers(name):
    X, y, folds = drawn(each=20)
    fitted = HEADS[name].fit(X, y, 3, folds=folds)
    solved = HEADS[name].solve(X, y, 3, fitted.chosen)
    scores = fitted.head.scores(X)
    assert np.corrcoef(solved.scores(X).ravel(), scores.ravel())[0, 1] > 0.99
    np.testing.assert_array_equal(solved.scores(X).argmax(axis=1), scores.argmax(axis=1))


@pytest.mark.parametrize("name", sorted(HEADS))
def test_a_class_without_a_picture_is_not_named(name):
    X, y, _ = drawn(each=20)
    seen = y != 1
    settings = {
        "logistic": {"C": 1.0},
        "lda": {"shrinkage": 0.3},
        "svm": {"kernel": "rbf", "gamma": 0.05, "C": 1.0},
        "knn": {"k": 3},
    }
    chosen = settings[name]
    assert 1 not in HEADS[name].solve(X[seen], y[seen], 3, chosen).scores(X).argmax(axis=1)
