"""Logistic regression against scikit-learn's, and how its strength is chosen."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import FlooredScaler
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from headstart.base.errors import ConfigError
from headstart.base.types import softmax
from headstart.evidence.metrics import log_loss
from headstart.heads import abreast, logistic, objective, problem


def blobs(classes, *, each, features, seed=0, distance=0.7):
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(classes), each)
    X = rng.normal(size=(classes, features))[y] * distance + rng.normal(size=(len(y), features))
    X = X * rng.uniform(0.1, 3, features) + rng.uniform(-2, 2, features)
    return X.astype(np.float32), y, np.tile(np.arange(5), len(y))[: len(y)]


def reference(X, y, C, asked):
    model = make_pipeline(FlooredScaler(), LogisticRegression(C=C, solver="newton-cg", tol=1e-9, max_iter=1000))
    return model.fit(X.astype(np.float64), y).predict_proba(asked.astype(np.float64))


@pytest.mark.parametrize(("classes", "each", "features"), [(2, 40, 10), (2, 20, 200), (5, 30, 12), (5, 12, 150)])
def test_answers_equal_scikit_learns(classes, each, features):
    """More rows than features and fewer, two classes and five: within 1e-5, and C in the same units."""
    X, y, folds = blobs(classes, each=each, features=features, distance=0.4)
    fitted = logistic.fit(X, y, classes, folds=folds)
    assert fitted.converged
    assert fitted.head.temperature == 1.0
    assert fitted.head.weight.dtype == np.float32
    asked = blobs(classes, each=9, features=features, seed=1)[0]
    np.testing.assert_allclose(fitted.head.probabilities(asked), reference(X, y, fitted.chosen["C"], asked), atol=1e-5)


def test_out_of_fold_scores_equal_scikit_learns_without_the_fold():
    X, y, folds = blobs(3, each=20, features=40)
    fitted = logistic.fit(X, y, 3, folds=folds)
    for fold in range(5):
        held = folds == fold
        expected = reference(X[~held], y[~held], fitted.chosen["C"], X[held])
        np.testing.assert_allclose(softmax(fitted.out_of_fold[held]), expected, atol=1e-3)


def test_the_strength_has_the_least_out_of_fold_loss_of_its_neighbours():
    X, y, folds = blobs(3, each=20, features=40, distance=0.3)
    fitted = logistic.fit(X, y, 3, folds=folds)

    def loss(C):
        losses = [log_loss(y[folds == f], reference(X[folds != f], y[folds != f], C, X[folds == f])) for f in range(5)]
        return np.mean(losses)

    C = fitted.chosen["C"]
    assert loss(C) <= min(loss(C * 10**0.5), loss(C / 10**0.5)) + 1e-6
    assert loss(C) == pytest.approx(log_loss(y, softmax(fitted.out_of_fold)), abs=1e-4)


def test_the_search_ends_where_the_loss_rises():
    """Weaker penalties only cost time then: of 196 classes the next one takes as long as all before it."""
    curve = {-5: 0.70, -4: 0.65, -3: 0.60, -2: 0.45, -1: 0.46, 0: 0.30, 1: 0.2, 2: 0.1}

    class Folds:
        def __init__(self):
            self.asked = []

        def losses(self, exponent):
            self.asked.append(exponent)
            return np.full(80, np.interp(exponent, list(curve), list(curve.values())))

    folds = Folds()
    assert logistic._choose(folds, 0.005) == -2
    assert folds.asked == [-5, -4, -3, -2, -1, -2.5, -1.5]
    assert logistic._choose(Folds(), 0.02) == 2, "a rise that may be one picture's ends nothing"


@pytest.mark.parametrize(("each", "seed", "value"), [(10, 1, 100), (20, 1, 3000), (20, 0, 100), (40, 0, 3000)])
def test_the_search_goes_on_where_one_strange_picture_makes_the_loss_rise(each, seed, value):
    """A feature that says nothing is loud in one picture alone; the strength is that of all strengths tried."""
    rng = np.random.default_rng(seed)
    y = np.repeat([0, 1], each)
    X = rng.normal(size=(len(y), 20))
    X[np.arange(len(y)), y] += 2.5
    folds = np.concatenate([rng.permutation(np.arange(each) % 5) for _ in range(2)])
    strange = np.hstack([X, rng.normal(size=(len(y), 1))])
    strange[3, -1] = value
    whole = logistic.fit(strange, y, 2, folds=folds, strengths=list(10.0 ** np.arange(-5, 2.5, 0.5))).chosen["C"]
    assert abs(np.log10(logistic.fit(strange, y, 2, folds=folds).chosen["C"] / whole)) <= 0.5


def test_noise_wants_a_strong_penalty_and_clear_classes_a_weak_one():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(100, 30)).astype(np.float32)
    y, folds = np.tile([0, 1], 50), np.repeat(np.arange(5), 20)
    clear = noise + 3 * y[:, None].astype(np.float32)
    assert logistic.fit(noise, y, 2, folds=folds).chosen["C"] < 1e-3
    assert logistic.fit(clear, y, 2, folds=folds).chosen["C"] > 1e-2


def test_many_rows_and_classes_choose_on_two_folds(monkeypatch):
    """The short way for large problems must end at a neighbouring strength and solve as well."""
    X, y, folds = blobs(6, each=25, features=30)
    plain = logistic.fit(X, y, 6, folds=folds)
    monkeypatch.setattr(logistic, "_LARGE", 0)
    short = logistic.fit(X, y, 6, folds=folds)
    assert abs(np.log10(short.chosen["C"] / plain.chosen["C"])) <= 1
    assert short.converged
    assert np.isfinite(short.out_of_fold).all()
    np.testing.assert_allclose(short.head.probabilities(X), reference(X, y, short.chosen["C"], X), atol=1e-5)


@pytest.mark.parametrize("classes", [2, 6])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_that_all_folds_share_answer_as_copies_do(monkeypatch, classes, dtype):
    """Beyond the memory for copies nothing may change but rounding; blocks of a few rows, to walk through many."""
    X, y, folds = blobs(classes, each=150 // classes, features=20)
    X = (X * np.linspace(0.1, 50, 20) + np.linspace(-500, 500, 20)).astype(dtype)
    X[:, 7] = 3.0  # says nothing
    X[:, 8] = np.where(folds == 2, 1 + 0.1 * np.cos(np.arange(len(y))), 1.0)  # varies in one fold alone
    order = np.random.default_rng(0).permutation(len(y))
    X, y, folds = X[order], y[order], folds[order]
    monkeypatch.setattr(logistic, "_LARGE", 0)
    copies = logistic.fit(X, y, classes, folds=folds)
    monkeypatch.setattr(logistic, "_MOST_COPIES", 0)
    monkeypatch.setattr(objective, "MOST_SCORES", 16 * classes)
    monkeypatch.setattr(problem, "_MOST_NUMBERS", 700)
    monkeypatch.setattr(problem, "OwnMaterial", None)
    shared = logistic.fit(X, y, classes, folds=folds)
    assert shared.converged
    assert shared.chosen == copies.chosen
    np.testing.assert_allclose(softmax(shared.out_of_fold), softmax(copies.out_of_fold), atol=2e-3)
    np.testing.assert_allclose(shared.head.probabilities(X), copies.head.probabilities(X), atol=1e-5)
    np.testing.assert_allclose(shared.head.probabilities(X), reference(X, y, shared.chosen["C"], X), atol=1e-4)


def test_a_fold_that_lacks_a_class_is_solved_among_the_others_in_shared_rows_too(monkeypatch):
    X, y, _ = blobs(3, each=30, features=10)
    folds = np.where(y == 2, 0, np.arange(len(y)) % 2 + 1)
    monkeypatch.setattr(logistic, "_LARGE", 0)
    copies = logistic.fit(X, y, 3, folds=folds, strengths=[0.1])
    monkeypatch.setattr(logistic, "_MOST_COPIES", 0)
    shared = logistic.fit(X, y, 3, folds=folds, strengths=[0.1])
    np.testing.assert_allclose(softmax(shared.out_of_fold), softmax(copies.out_of_fold), atol=2e-3)


@pytest.mark.parametrize(("classes", "each", "features"), [(2, 40, 10), (2, 20, 200), (5, 12, 150)])
def test_folds_solved_together_answer_as_each_on_its_own(monkeypatch, classes, each, features):
    X, y, folds = blobs(classes, each=each, features=features, distance=0.4)
    folds = np.where(np.arange(len(y)) % 7 == 0, 0, folds)  # of unequal size
    together = logistic.fit(X, y, classes, folds=folds)
    monkeypatch.setattr(logistic, "Abreast", None)
    monkeypatch.setattr(logistic, "_MOST_TOGETHER", 0)
    apart = logistic.fit(X, y, classes, folds=folds)
    assert together.chosen == apart.chosen
    np.testing.assert_allclose(softmax(together.out_of_fold), softmax(apart.out_of_fold), atol=1e-4)
    np.testing.assert_allclose(together.head.probabilities(X), apart.head.probabilities(X), atol=1e-6)


def test_unsolved_folds_say_so(monkeypatch):
    X, y, folds = blobs(4, each=20, features=40)
    monkeypatch.setattr(abreast, "MOST_STEPS", 1)
    fitted = logistic.fit(X, y, 4, folds=folds)
    assert not fitted.converged
    assert fitted.warnings[0].code == "choice-not-converged"


def test_an_unsolved_head_says_so(monkeypatch):
    monkeypatch.setattr(problem, "MOST_STEPS", 1)
    X, y, folds = blobs(4, each=20, features=40)
    fitted = logistic.fit(X, y, 4, folds=folds)
    assert not fitted.converged
    assert fitted.warnings[0].code == "not-converged"


def test_a_nearly_dead_feature_with_a_large_mean_costs_no_precision():
    """Folding standardisation into float32 weights must not lose what the mean cancels."""
    X, y, folds = blobs(2, each=40, features=10)
    rng = np.random.default_rng(3)
    X = np.concatenate([X, (1000 + 0.01 * rng.normal(size=(80, 5))).astype(np.float32)], axis=1)
    fitted = logistic.fit(X, y, 2, folds=folds)
    np.testing.assert_allclose(fitted.head.probabilities(X), reference(X, y, fitted.chosen["C"], X), atol=1e-5)


def test_given_strengths_are_all_tried_and_the_best_of_them_is_taken():
    X, y, folds = blobs(3, each=20, features=40, distance=0.3)
    searched = logistic.fit(X, y, 3, folds=folds).chosen["C"]
    strengths = [10 * searched, searched, searched / 10]
    fitted = logistic.fit(X, y, 3, folds=folds, strengths=strengths)
    assert fitted.chosen["C"] == pytest.approx(searched)
    np.testing.assert_allclose(fitted.head.probabilities(X), reference(X, y, searched, X), atol=1e-5)
    weak = logistic.fit(X, y, 3, folds=folds, strengths=[3.0])
    np.testing.assert_allclose(weak.head.probabilities(X), reference(X, y, 3.0, X), atol=1e-5)


@pytest.mark.parametrize("strengths", [[], [0.0], [-1.0], [float("nan")], [1.0, "1"]])
def test_strengths_that_cannot_be_are_refused(strengths):
    X, y, folds = blobs(2, each=20, features=4)
    with pytest.raises(ConfigError, match="strengths"):
        logistic.fit(X, y, 2, folds=folds, strengths=strengths)
