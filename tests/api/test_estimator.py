from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score

import headstart as hs
from headstart.base.errors import ConfigError, DataError

OPTIONS = {"image_size": 64, "framing": "squash", "augment": "photo", "readout": "pool", "random_state": 0}


@pytest.fixture
def files_and_labels(picture_folder: Path) -> tuple[list[str], list[str]]:
    files = sorted((picture_folder / "train").rglob("*.*"))
    return [str(file) for file in files], [file.parent.name for file in files]


def test_paths_in_labels_out(files_and_labels) -> None:
    files, labels = files_and_labels
    classifier = hs.ImageClassifier(strategy="linear", **OPTIONS).fit(files, labels)
    assert classifier.classes_.tolist() == ["circle", "square"]
    assert classifier.predict_proba(files).shape == (24, 2)
    assert classifier.score(files, labels) > 0.9
    assert set(classifier.predict(files[:3])) <= {"circle", "square"}


def test_arrays_and_numbers_as_labels(files_and_labels) -> None:
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 60, size=(40 + k, 50), dtype=np.uint8) + 150 * (k % 3 == 0) for k in range(24)]
    pictures = [picture.astype(np.uint8) for picture in pictures]
    labels = np.array([10 if k % 3 == 0 else 9 for k in range(24)])  # as words, "10" comes before "9"
    classifier = hs.ImageClassifier(strategy="knn", **OPTIONS).fit(pictures, labels)
    assert classifier.classes_.tolist() == [9, 10]
    assert classifier.score(pictures, labels) == 1.0
    assert classifier.predict_proba(pictures)[0].argmax() == 1


def test_it_is_a_scikit_learn_estimator(files_and_labels) -> None:
    files, labels = files_and_labels
    classifier = hs.ImageClassifier(strategy="svm", **OPTIONS)
    assert clone(classifier).get_params() == classifier.get_params()
    with pytest.raises(NotFittedError):
        classifier.predict(files)
    scores = cross_val_score(classifier, np.array(files), np.array(labels), cv=2)
    assert scores.shape == (2,)


def test_search_over_strategies(files_and_labels) -> None:
    files, labels = files_and_labels
    search = GridSearchCV(hs.ImageClassifier(**OPTIONS), {"strategy": ["linear", "knn"]}, cv=2)
    search.fit(np.array(files), np.array(labels))
    assert search.best_params_["strategy"] in ("linear", "knn")


@pytest.mark.slow
def test_two_processes_give_the_same_scores(files_and_labels) -> None:
    files, labels = np.array(files_and_labels[0]), np.array(files_and_labels[1])
    classifier = hs.ImageClassifier(strategy="linear", **OPTIONS)
    alone = cross_val_score(classifier, files, labels, cv=2)
    together = cross_val_score(classifier, files, labels, cv=2, n_jobs=2)
    assert np.array_equal(alone, together)


def test_a_trained_strategy(files_and_labels) -> None:
    files, labels = files_and_labels
    classifier = hs.ImageClassifier(strategy="scratch", epochs=1, **OPTIONS).fit(files, labels)
    assert classifier.predict_proba(files[:2]).sum(axis=1) == pytest.approx(1)


def test_what_is_wrong_is_said(files_and_labels, tmp_path: Path) -> None:
    files, labels = files_and_labels
    with pytest.raises(DataError, match="24 pictures"):
        hs.ImageClassifier(**OPTIONS).fit(files, labels[:5])
    with pytest.raises(DataError, match=r"missing\.jpg"):
        hs.ImageClassifier(**OPTIONS).fit([*files, "missing.jpg"], [*labels, "circle"])
    with pytest.raises(DataError, match="uint8"):
        hs.ImageClassifier(**OPTIONS).fit([np.zeros((4, 4))] * 4, [0, 0, 1, 1])
    with pytest.raises(ConfigError, match="linear"):
        hs.ImageClassifier(strategy="linaer", **OPTIONS).fit(files, labels)
