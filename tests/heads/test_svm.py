"""Support vector machines against scikit-learn's, and how kernel, strength and temperature are chosen."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import FlooredScaler
from sklearn.svm import SVC

from headstart.base.types import Affine, Kernel, softmax
from headstart.evidence.metrics import log_loss
from headstart.heads import svm


def blobs(classes, *, each, features, seed=0, distance=0.8):
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(classes), each)
    X = rng.normal(size=(classes, features))[y] * distance + rng.normal(size=(len(y), features))
    return (X * rng.uniform(0.1, 3, features) + 1).astype(np.float32), y, np.tile(np.arange(5), len(y))[: len(y)]


def rings(n=120, seed=0):
    """Two classes that no line parts: a ring around a disc."""
    rng = np.random.default_rng(seed)
    y = np.tile([0, 1], n // 2)
    radius, angle = np.where(y == 1, 3.0, 1.0) + 0.2 * rng.normal(size=n), rng.uniform(0, 6.28, n)
    X = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return X.astype(np.float32), y, np.arange(n) // 2 % 5


def reference_margins(X, y, classes, chosen, asked):
    scaler = FlooredScaler().fit(X.astype(np.float64))
    columns = []
    for one in range(classes):
        machine = SVC(**chosen).fit(scaler.transform(X.astype(np.float64)), y == one)
        columns.append(machine.decision_function(scaler.transform(asked.astype(np.float64))))
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("classes", [2, 4])
def test_linear_machines_are_an_affine_head_equal_to_scikit_learns(classes, monkeypatch):
    monkeypatch.setattr(svm, "_SETTINGS", [one for one in svm._SETTINGS if one.kernel == "linear"])
    X, y, folds = blobs(classes, each=25, features=60)
    fitted = svm.fit(X, y, classes, folds=folds)
    assert fitted.chosen["kernel"] == "linear"
    assert isinstance(fitted.head, Affine)
    asked = blobs(classes, each=9, features=60, seed=1)[0]
    expected = reference_margins(X, y, classes, fitted.chosen, asked)
    np.testing.assert_allclose(fitted.head.scores(asked), expected, atol=5e-3)


def test_radial_machines_keep_only_support_vectors_and_equal_scikit_learns():
    X, y, folds = rings()
    fitted = svm.fit(X, y, 2, folds=folds)
    assert fitted.chosen["kernel"] == "rbf"
    assert isinstance(fitted.head, Kernel)
    assert len(fitted.head.support) < len(y)
    assert (fitted.head.coefficients != 0).any(axis=1).all()
    asked = rings(seed=1)[0]
    expected = reference_margins(X, y, 2, fitted.chosen, asked)
    np.testing.assert_allclose(fitted.head.scores(asked), expected, atol=5e-3)
    assert np.mean(fitted.head.scores(asked).argmax(axis=1) == y) > 0.95


def test_two_classes_have_one_margin_with_both_signs():
    X, y, folds = blobs(2, each=25, features=10)
    fitted = svm.fit(X, y, 2, folds=folds)
    for margins in (fitted.out_of_fold, fitted.head.scores(X)):
        np.testing.assert_allclose(margins[:, 0], -margins[:, 1], atol=1e-6)


def test_the_temperature_makes_out_of_fold_probabilities_as_true_as_it_can():
    X, y, folds = blobs(3, each=60, features=20, distance=0.5)
    fitted = svm.fit(X, y, 3, folds=folds)

    def loss(factor):
        return log_loss(y, softmax(fitted.out_of_fold / (factor * fitted.head.temperature)))

    assert loss(1) < min(loss(0.8), loss(1.25))


def test_large_problems_choose_only_the_kernel(monkeypatch):
    X, y, folds = rings()
    monkeypatch.setattr(svm, "_LARGE", 0)
    fitted = svm.fit(X, y, 2, folds=folds)
    assert fitted.chosen["kernel"] == "rbf"
    assert fitted.chosen["C"] == 10.0
    assert np.isfinite(fitted.out_of_fold).all()


def test_too_many_rows_for_a_kernel_matrix_are_drawn_by_class_and_it_says_so(monkeypatch):
    X, y, folds = blobs(3, each=40, features=10, distance=2)
    monkeypatch.setattr(svm, "_MOST_ROWS", 60)
    fitted = svm.fit(X, y, 3, folds=folds, seed=1)
    assert "learned from 60 of the 120 training pictures" in fitted.warnings[0].text
    asked = np.isfinite(fitted.out_of_fold).all(axis=1)
    np.testing.assert_array_equal(np.bincount(y[asked]), [20, 20, 20])
    assert np.mean(fitted.head.scores(X).argmax(axis=1) == y) > 0.9
    again = svm.fit(X, y, 3, folds=folds, seed=1)
    np.testing.assert_array_equal(again.head.scores(X), fitted.head.scores(X))


def test_an_unsolved_machine_says_so(monkeypatch):
    monkeypatch.setattr(svm, "_MOST_STEPS", 1)
    X, y, folds = blobs(2, each=25, features=10, distance=0.2)
    fitted = svm.fit(X, y, 2, folds=folds)
    assert not fitted.converged
    assert "did not converge in 1 steps" in fitted.warnings[0].text


def test_threads_do_not_change_the_machines(monkeypatch):
    X, y, folds = blobs(4, each=20, features=30)
    found = []
    for threads in (1, 3):
        monkeypatch.setattr(svm, "_threads", lambda machines, threads=threads: threads)
        found.append(svm.fit(X, y, 4, folds=folds).head.scores(X))
    np.testing.assert_array_equal(found[0], found[1])
