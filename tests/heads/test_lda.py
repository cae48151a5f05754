"""Linear discriminant analysis: held against scikit-learn's, and its shrinkage."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import FlooredScaler
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from headstart.base.types import softmax
from headstart.evidence.calibration import cautious_temperature
from headstart.evidence.metrics import bounded_log_losses
from headstart.heads import HEADS, lda


def blobs(classes, *, each, features=20, seed=0, distance=0.8, alike=None):
    """Return blobs whose rows differ along some directions much more than along others."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(classes), each)
    mixed = np.random.default_rng(7).normal(size=(features, features)) if alike is None else alike
    centres = np.random.default_rng(8).normal(size=(classes, features)) * distance
    X = centres[y] + rng.normal(size=(len(y), features)) @ mixed
    return X.astype(np.float32), y, np.tile(np.arange(5), len(y))[: len(y)]


@pytest.mark.parametrize("features", [12, 90])
@pytest.mark.parametrize("counts", [(40, 40, 40), (60, 15, 9)])
def test_answers_are_those_of_scikit_learn(features, counts):
    """With more rows than features and the other way round; a share of added spread vanishes among so many rows."""
    X, y, _ = blobs(3, each=60, features=features)
    seen = np.concatenate([np.flatnonzero(y == one)[:count] for one, count in enumerate(counts)])
    X, y = X[seen], y[seen]
    known = lda.solve(X, y, 3, {"shrinkage": 0.3})
    scaled = FlooredScaler().fit(X.astype(np.float64))
    rows = scaled.transform(X.astype(np.float64))
    freedom = len(y) - 3 + 1
    centred = rows - np.stack([rows[y == one].mean(axis=0) for one in range(3)])[y]
    spread = centred.T @ centred / freedom
    usual = (np.trace(spread) * freedom / features + 1) / freedom
    fixed = (1 - 0.3) * spread + 0.3 * usual * np.eye(features)

    class Known:
        def fit(self, _):
            self.covariance_ = fixed

    theirs = LinearDiscriminantAnalysis(solver="lsqr", covariance_estimator=Known()).fit(rows, y)
    asked = blobs(3, each=15, features=features, seed=3)[0]
    expected = theirs.predict_proba(scaled.transform(asked.astype(np.float64)))
    np.testing.assert_allclose(softmax(known.scores(asked)), expected, atol=1e-5)


def test_the_shrinkage_has_the_least_out_of_fold_loss():
    X, y, folds = blobs(4, each=15, features=60)
    fitted = lda.fit(X, y, 4, folds=folds)

    def unseen(shrinkage):
        found = np.empty((len(y), 4))
        for fold in range(5):
            head = lda.solve(X[folds != fold], y[folds != fold], 4, {"shrinkage": shrinkage})
            found[folds == fold] = head.scores(X[folds == fold])
        return found

    def loss(scores):
        return bounded_log_losses(y, softmax(scores / cautious_temperature(scores, y))).mean()

    losses = {shrinkage: loss(unseen(shrinkage)) for shrinkage in lda.SHRINKAGES}
    assert fitted.chosen["shrinkage"] == min(losses, key=losses.__getitem__)
    np.testing.assert_allclose(fitted.out_of_fold, unseen(fitted.chosen["shrinkage"]), atol=1e-9)


def test_what_differs_within_every_class_is_discounted():
    """One direction differs hugely within classes: a nearest mean is misled by it, this is not."""
    alike = np.eye(40)
    alike[0, :10] = 8.0  # ten features move together
    X, y, folds = blobs(5, each=12, features=40, distance=0.5, alike=alike)
    asked, truth, _ = blobs(5, each=40, features=40, seed=5, distance=0.5, alike=alike)

    def right(head):
        return np.mean(head.scores(asked).argmax(axis=1) == truth)

    assert right(lda.fit(X, y, 5, folds=folds).head) > right(lda.solve(X, y, 5, {"shrinkage": 1.0})) + 0.05
    assert right(lda.fit(X, y, 5, folds=folds).head) > right(HEADS["knn"].fit(X, y, 5, folds=folds).head)


def test_rare_classes_are_answered_less_often():
    X, y, _ = blobs(2, each=50, features=5, distance=0.0)
    few = np.concatenate([np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:5]])
    head = lda.solve(X[few], y[few], 2, {"shrinkage": 0.2})
    assert softmax(head.scores(X)).mean(axis=0)[0] == pytest.approx(50 / 55, abs=0.05)
