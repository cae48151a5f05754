"""What is picked out of the answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.evidence.mistakes import confused_pairs, counted, likely_label_errors, seriated, worst_mistakes
from headstart.records.held_out import HeldOutAnswers

PROBABILITIES = np.array(
    [[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.3, 0.1, 0.6], [0.05, 0.95, 0.0], [0.6, 0.3, 0.1], [0.1, 0.2, 0.7]]
)
LABELS = np.array([0, 0, 0, 0, 1, 2])


@pytest.fixture
def answers() -> HeldOutAnswers:
    paths = tuple(f"{row}.jpg" for row in range(6))
    return HeldOutAnswers(("a", "b", "c"), paths, LABELS, {"one": PROBABILITIES, "two": PROBABILITIES.copy()})


def test_the_surest_mistake_comes_first(answers: HeldOutAnswers) -> None:
    assert worst_mistakes(answers, "one").tolist() == [3, 1, 2, 4]


def test_pairs_come_by_count_with_their_surest_pictures_first(answers: HeldOutAnswers) -> None:
    first, *others = confused_pairs(answers, "one")
    assert (first.truth, first.answer, first.count, first.of, first.rows) == (0, 1, 2, 4, (3, 1))
    assert [(pair.truth, pair.answer) for pair in others] == [(0, 2), (1, 0)]


def test_right_answers_are_no_pairs(answers: HeldOutAnswers) -> None:
    right = HeldOutAnswers(answers.classes, answers.paths, PROBABILITIES.argmax(axis=1), answers.probabilities)
    assert confused_pairs(right, "one") == []
    assert likely_label_errors(right, "one", ["one"]) == []


def test_a_label_is_suspected_where_another_class_is_as_sure_as_its_own_and_runs_agree(answers: HeldOutAnswers) -> None:
    found = likely_label_errors(answers, "one", ["one", "two"])
    assert [row for row, _ in found] == [3, 1, 4]  # row 2 names c with less than c's own 0.7
    assert {count for _, count in found} == {2}
    against = HeldOutAnswers(
        answers.classes, answers.paths, LABELS, {**answers.probabilities, "two": np.eye(3)[LABELS]}
    )
    assert likely_label_errors(against, "one", ["one", "two"]) == []


@given(st.integers(2, 12), st.integers(0, 2**32 - 1))
def test_an_order_of_classes_holds_each_once(classes: int, seed: int) -> None:
    matrix = np.random.default_rng(seed).poisson(0.7, size=(classes, classes))
    assert sorted(seriated(matrix).tolist()) == list(range(classes))


def test_classes_that_are_confused_stand_side_by_side() -> None:
    matrix = np.diag([9] * 6)
    for a, b in ((0, 3), (3, 5), (1, 4), (4, 2)):
        matrix[a, b] = 3
    order = seriated(matrix).tolist()
    assert all(abs(order.index(a) - order.index(b)) == 1 for a, b in ((0, 3), (3, 5), (1, 4), (4, 2)))


def test_the_matrix_counts_labels_in_rows(answers: HeldOutAnswers) -> None:
    assert counted(answers, "one").tolist() == [[1, 2, 1], [1, 0, 0], [0, 0, 1]]
