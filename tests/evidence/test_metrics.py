"""Metrics against scikit-learn, and what holds for any answers at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from headstart.base.errors import ConfigError
from headstart.evidence.intervals import clopper_pearson, wilson
from headstart.evidence.metrics import (
    accuracy,
    balanced_accuracy,
    bounded_log_losses,
    confusion,
    log_loss,
    macro_f1,
    measure,
    per_class_recall,
)
from headstart.records.record import named_values


@st.composite
def answers(draw):
    classes = draw(st.integers(2, 6))
    n = draw(st.integers(1, 40))
    seed = draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    return rng.integers(classes, size=n), rng.dirichlet(np.ones(classes), size=n)


@settings(max_examples=60, deadline=None)
@given(answers())
@pytest.mark.filterwarnings("ignore")  # scikit-learn warns of classes that are predicted but never true
def test_measures_agree_with_scikit_learn(drawn):
    labels, probabilities = drawn
    classes = probabilities.shape[1]
    predicted = probabilities.argmax(axis=1)
    present = np.unique(labels)
    measured = measure(labels, probabilities)
    assert measured.n == len(labels)
    assert measured.accuracy == pytest.approx(reference.accuracy_score(labels, predicted))
    assert measured.accuracy == pytest.approx(accuracy(labels, predicted))
    assert measured.loss == pytest.approx(reference.log_loss(labels, probabilities, labels=range(classes)), rel=1e-9)
    assert measured.macro_f1 == pytest.approx(
        reference.f1_score(labels, predicted, labels=present, average="macro", zero_division=0)
    )
    assert measured.balanced_accuracy == pytest.approx(reference.balanced_accuracy_score(labels, predicted))
    expected = reference.confusion_matrix(labels, predicted, labels=range(classes))
    np.testing.assert_array_equal(confusion(labels, predicted, classes), expected)


@settings(max_examples=40, deadline=None)
@given(answers(), st.integers(0, 1000))
def test_order_of_pictures_and_names_of_classes_do_not_matter(drawn, seed):
    labels, probabilities = drawn
    rng = np.random.default_rng(seed)
    pictures = rng.permutation(len(labels))
    names = rng.permutation(probabilities.shape[1])
    moved = measure(np.argsort(names)[labels[pictures]], probabilities[pictures][:, names])
    for key, value in named_values(measure(labels, probabilities)).items():
        if not key.startswith("per_class") and not key.endswith(("1_interval", "cy_interval", "_kind", "unit")):
            assert getattr(moved, key) == (
                None if value is None else pytest.approx(value)
            )  # the others are drawn, or words
    low, high = moved.interval
    assert 0 <= low <= moved.accuracy <= high <= 1


def test_a_class_without_pictures_is_left_out_of_the_means():
    labels, predicted = np.array([0, 0, 2, 2]), np.array([0, 1, 2, 2])
    recall = per_class_recall(labels, predicted, 3)
    np.testing.assert_array_equal(recall, [0.5, np.nan, 1.0])
    assert balanced_accuracy(labels, predicted, 3) == 0.75
    assert macro_f1(labels, predicted, 3) == pytest.approx((2 / 3 + 1) / 2)
    assert measure(labels, np.eye(3)[predicted]).per_class_recall == (0.5, None, 1.0)


def test_certain_and_wrong_is_bad_but_finite():
    assert log_loss(np.array([0]), np.array([[0.0, 1.0]])) == pytest.approx(-np.log(np.finfo(float).eps))
    assert log_loss(np.array([0]), np.array([[1.0, 0.0]])) == 0.0


@pytest.mark.parametrize("n", [0, 3])
def test_no_pictures_or_unequal_lengths_are_refused(n):
    with pytest.raises(ConfigError, match="'labels' parameter of measure"):
        measure(np.zeros(n, int), np.full((0 if n == 0 else 2, 2), 0.5))


def test_every_measure_has_its_interval_and_says_what_was_counted():
    labels, predicted = np.array([0, 0, 0, 1, 1, 1, 3, 3]), np.array([0, 0, 1, 1, 1, 1, 3, 0])
    probabilities = np.eye(4)[predicted]
    plain = measure(labels, probabilities)
    assert (plain.unit, plain.interval_kind) == ("picture", "wilson")
    assert plain.per_class_recall_intervals == (wilson(2, 3), wilson(3, 3), None, wilson(1, 2))
    for name in ("macro_f1", "balanced_accuracy"):
        low, high = getattr(plain, f"{name}_interval")
        assert 0 <= low < getattr(plain, name) < high <= 1
    assert measure(labels, probabilities, groups=np.arange(8)) == plain
    exact = measure(labels, probabilities, interval="clopper-pearson")
    assert exact.interval == clopper_pearson(6, 8)
    grouped = measure(labels, probabilities, groups=np.array([0, 0, 1, 2, 2, 3, 4, 5]))
    assert grouped.unit == "group"
    assert grouped.interval[0] < plain.interval[0]
    assert grouped.per_class_recall_intervals[3] == wilson(1, 2)  # its groups are single pictures


@given(answers(), st.integers(1, 500))
def test_losses_that_choose_are_the_plain_ones_up_to_a_bound(drawn, more):
    labels, probabilities = drawn
    probabilities[0] = np.eye(probabilities.shape[1])[(labels[0] + 1) % probabilities.shape[1]]  # surely wrong
    n, classes = probabilities.shape
    for among in (n, n + more):
        found = bounded_log_losses(labels, probabilities, among=among)
        bound = np.log(classes * (among + 1))
        plain = np.array([log_loss(labels[[row]], probabilities[[row]]) for row in range(n)])
        np.testing.assert_allclose(found, np.minimum(plain, bound))
        assert found[0] == bound
    np.testing.assert_array_equal(
        bounded_log_losses(labels, probabilities), bounded_log_losses(labels, probabilities, among=n)
    )
