"""Whether stated probabilities can be believed."""

from __future__ import annotations

import numpy as np
import pytest

from headstart.evidence.confidence import off_by_more_than_luck, overconfident, right_when_sure
from headstart.records.held_out import HeldOutAnswers
from headstart.records.metrics import Calibration

PROBABILITIES = np.array([[0.9, 0.1], [0.2, 0.8], [0.05, 0.95], [0.6, 0.4]])


def answers(labels: list[int]) -> HeldOutAnswers:
    paths = tuple(f"{row}.jpg" for row in range(4))
    return HeldOutAnswers(("a", "b"), paths, np.array(labels), {"one": PROBABILITIES})


def test_only_sure_answers_are_counted() -> None:
    sure, right, mean = right_when_sure(answers([0, 0, 0, 0]), "one", 0.9)
    assert (sure, right) == (2, 1)
    assert mean == pytest.approx(0.925)
    assert right_when_sure(answers([0, 0, 0, 0]), "one", 1.1) == (0, 0, 0.0)


def test_it_is_overconfident_where_it_states_more_than_it_is_right() -> None:
    assert overconfident(answers([0, 0, 0, 0]), "one")  # right on a half, stated four fifths
    assert not overconfident(answers([0, 1, 1, 0]), "one")


@pytest.mark.parametrize(("ece", "off"), [(0.05, False), (0.125, False), (0.13, True)])
def test_luck_alone_explains_some_difference(ece: float, off: bool) -> None:
    record = Calibration(
        ece=ece, ece_before=ece, ece_if_true=0.1, ece_by_luck_at_most=0.2, loss_before=1.0, reliability=()
    )
    assert off_by_more_than_luck(record) == off
    assert not off_by_more_than_luck(None)
