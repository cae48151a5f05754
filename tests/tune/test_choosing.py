"""Which epoch is kept, and what its rank means."""

import numpy as np
import pytest

from headstart.tune.choosing import best, judge

LABELS = np.array([0, 1, 1, 0])
GOOD = np.array([[2.0, 0.0], [0.0, 2.0], [0.0, 2.0], [2.0, 0.0]])
ONE_WRONG = np.array([[2.0, 0.0], [0.0, 2.0], [0.0, 2.0], [-0.1, 0.0]])


def test_the_earliest_of_equals() -> None:
    assert best([(2.0,), (1.0,), (1.0,)]) == 1
    assert best([(-0.9, 0.5), (-0.9, 0.4), (-0.8, 0.1)]) == 1


def test_loss_and_accuracy_are_plain_whatever_the_rule() -> None:
    judged = [judge(GOOD * 3, LABELS, choose) for choose in ("loss", "calibrated-loss", "accuracy")]
    assert {(one.loss, one.accuracy) for one in judged} == {(judged[0].loss, 1.0)}
    assert judged[0].loss == pytest.approx(np.log1p(np.exp(-6.0)))


def test_calibrated_loss_forgives_a_wrong_temperature_and_nothing_else() -> None:
    over = judge(ONE_WRONG * 20, LABELS, "calibrated-loss")
    plain = judge(ONE_WRONG, LABELS, "calibrated-loss")
    assert over.rank == pytest.approx(plain.rank, rel=1e-3)
    assert over.loss > 0.3 > plain.loss
    assert judge(GOOD, LABELS, "calibrated-loss").rank < plain.rank


def test_accuracy_breaks_ties_by_loss() -> None:
    assert judge(GOOD, LABELS, "accuracy").rank < judge(GOOD / 2, LABELS, "accuracy").rank
    assert judge(ONE_WRONG, LABELS, "accuracy").rank > judge(GOOD / 10, LABELS, "accuracy").rank


def test_a_few_right_answers_do_not_make_the_rest_certain() -> None:
    judged = judge(GOOD, LABELS, "calibrated-loss")
    assert 1 - 1 / (1 + np.exp(-2 / judged.temperature)) == pytest.approx(1 / 5, abs=0.02), "a doubt of about 1 in n"
    assert judge(GOOD * 50, LABELS, "loss").temperature == 1


def test_by_default_one_picture_of_the_hold_out_chooses_no_epoch() -> None:
    labels = np.tile([0, 1], 20)
    better, worse = (np.where(np.eye(2)[labels] == 1, margin, 0.0) for margin in (4.0, 0.5))
    better[::4], worse[::4] = better[::4, ::-1], worse[::4, ::-1]  # a quarter wrong
    ahead = judge(better, labels, "calibrated-loss").rank
    better[3] = [9000.0, 0.0]  # now surely wrong
    worse = worse + np.random.default_rng(0).normal(size=worse.shape)
    assert ahead < judge(better, labels, "calibrated-loss").rank < judge(worse, labels, "calibrated-loss").rank
