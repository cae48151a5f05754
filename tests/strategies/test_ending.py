"""What a training ends with: the solved head, the trained network, or both; by the pictures that choose, and no others.

What the trained network says are numbers of a source, which pass it unchanged.
"""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
import torch
from builders import PREPROCESSING, context_of
from torch import nn

from headstart.base.types import Affine, Floats, softmax
from headstart.heads import Fitted
from headstart.records.training import Choose, TrainingSettings
from headstart.strategies.ending import BENEFIT, HALF, Ending, better, ending_of
from headstart.strategies.fit_head import Solved
from headstart.strategies.rival import Rival
from headstart.strategies.strategy import RIVALS
from headstart.strategies.training_input import TrainingInput
from headstart.tune import ActivationSource, Trained, Trainee
from headstart.tune.choosing import judge

CLASSES, LEARNING, CHOOSING = 3, 10, 40
RIVAL = Rival(
    RIVALS[0], Solved(Fitted(Affine(weight=np.zeros((1, 1)), bias=np.zeros(1)), {}, None, converged=True), "pool")
)

pytestmark = pytest.mark.network  # a network that says what it is given


def same() -> Trainee:
    """Return a network that says what it is given."""
    head = nn.Linear(CLASSES, CLASSES)
    with torch.no_grad():
        head.weight.copy_(torch.eye(CLASSES))
        head.bias.zero_()
    return Trainee(nn.Identity(), head)


LABELS = np.random.default_rng(0).integers(0, CLASSES, LEARNING + CHOOSING)


def says(sure: float, noise: float, *, seed: int) -> Floats:
    """Return scores of all pictures: so sure of what is right, and so loud about nothing."""
    own = np.random.default_rng(seed).normal(size=(len(LABELS), CLASSES)) * noise
    return (sure * np.eye(CLASSES)[LABELS] + own).astype(np.float32)


def ended(
    trained: Floats, unseen: Floats | None, *, rival: Rival | None = RIVAL, choose: Choose = "loss", **settings: Any
) -> Ending:
    """Return how a training ends whose network and rival say so of all pictures; weights stay at their end."""
    source = ActivationSource([], trained, LABELS)
    chooses = unseen is not None
    inputs = TrainingInput(
        backbone=context_of().resolved.need_backbone(),
        preprocessing=PREPROCESSING,
        cut="late",
        prefix=None,  # type: ignore[arg-type]
        folded=None,  # type: ignore[arg-type]
        source=source,
        learning=np.arange(LEARNING),
        choosing=np.arange(LEARNING, LEARNING + CHOOSING if chooses else LEARNING),
        choosing_in="train" if chooses else "none",
        shared=(),
    )
    trainee, rows = same(), inputs.choosing_rows
    end = judge(trained[rows], LABELS[rows], choose) if chooses else None
    told = Trained((), 4 if chooses else None, end)
    given = None if unseen is None else unseen[LEARNING:]
    asked = TrainingSettings(choose=choose, **{"batch_norm": "update", **settings})
    return ending_of(trainee, inputs, asked, told, rival, given)


def answers(right: np.ndarray[Any, Any], sure: float) -> Floats:
    """Return scores of two classes that are right where they should be, and so sure of it."""
    return sure * np.where(right[:, None], [1.0, 0.0], [0.0, 1.0])


@pytest.mark.parametrize(
    ("wins", "losses", "sure", "doubt", "kept"),
    [
        (9, 1, 0.1, 0.0, True),  # by eight of ten that differ: more than a standard error
        (1, 9, 0.9, 0.0, False),
        (1, 9, 0.9, 1.0, False),  # by more than two
        (1, 6, 0.9, 1.0, True),  # clear for one standard error, not for two
        (6, 1, 0.1, 1.0, False),
        (4, 1, 0.1, 0.0, True),
        (3, 1, 0.1, 0.0, False),  # by two of four: what luck does, so the loss decides
        (1, 3, 0.9, 0.0, True),
        (0, 0, 0.51, 0.0, True),
        (0, 0, 0.5, 0.0, False),  # among equals the head, which is cheaper
        (0, 0, 0.5, 1.0, False),
        (2, 3, 0.5, 0.0, False),  # by less than a standard error of the loss
        (2, 3, 0.5, 1.0, True),
        (0, 0, 0.49, 1.0, False),  # by little, but for each picture alike
    ],
)
def test_the_more_accurate_is_better_and_of_about_as_accurate_ones_that_with_less_loss(
    wins: int, losses: int, sure: float, doubt: float, kept: bool
) -> None:
    trained, head, labels = np.ones(40, bool), np.ones(40, bool), np.zeros(40, np.int64)
    head[:wins] = trained[wins : wins + losses] = False
    assert better(answers(trained, sure), answers(head, 0.5), labels, doubt=doubt) == kept


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("choose", get_args(Choose))
def test_a_network_that_knows_more_answers_and_one_that_knows_less_does_not(choose: Choose, together: bool) -> None:
    knows, guesses = says(9.0, 1.0, seed=1), says(0.0, 1.0, seed=2)
    mix = ended(knows, guesses, choose=choose, together=together).mix
    assert mix == (HALF if together else 1.0)
    assert ended(guesses, knows, choose=choose, together=False).mix == 0.0


def test_what_says_no_more_than_the_head_does_not_answer() -> None:
    scores = says(2.0, 1.0, seed=1)
    for together in (True, False):
        assert ended(scores, scores, together=together) == Ending(mix=0.0)


@pytest.mark.parametrize("choose", get_args(Choose))
@pytest.mark.parametrize("seed", range(6))
def test_both_answer_half_and_half_if_that_is_better_than_the_head(choose: Choose, seed: int) -> None:
    trained, head = says(2.0, 1.5, seed=seed), says(2.0, 1.5, seed=seed + 100)
    rows = np.arange(LEARNING, LEARNING + CHOOSING)
    labels, own = LABELS[rows], judge(trained[rows], LABELS[rows], choose).temperature
    mean = trained[rows] / own / 2 + head[rows] / 2
    both, alone = (judge(said, labels, choose).temperature for said in (mean, head[rows]))
    kept = better(mean / both, head[rows] / alone, labels, doubt=BENEFIT)
    found = ended(trained, head, choose=choose)
    assert found.mix == (HALF if kept else 0.0)
    if kept:
        assert found.own == pytest.approx(own)
        assert found.temperature == pytest.approx(both, rel=1e-3)


def test_pictures_that_learned_do_not_choose() -> None:
    knows, guesses = says(9.0, 1.0, seed=1), says(0.0, 1.0, seed=2)
    learned = np.arange(len(LABELS))[:, None] < LEARNING
    assert ended(np.where(learned, guesses, knows), np.where(learned, knows, guesses)).mix == HALF
    assert ended(np.where(learned, knows, guesses), np.where(learned, guesses, knows), together=False).mix == 0.0


def test_what_is_known_of_both_comes_from_pictures_that_neither_had_seen() -> None:
    knows, guesses, rows = says(9.0, 1.0, seed=1), says(0.0, 1.0, seed=2), np.arange(LEARNING, LEARNING + CHOOSING)
    found = ended(knows, guesses)
    assert found.unseen is not None
    both = HALF * knows[rows] / found.own + (1 - HALF) * guesses[rows]
    np.testing.assert_allclose(found.unseen, both / found.temperature, rtol=1e-5)
    assert ended(knows, guesses, together=False).unseen is None


def test_where_nobody_can_choose_both_answer_or_the_network_alone() -> None:
    scores = says(2.0, 1.0, seed=1)
    assert ended(scores, None) == Ending(mix=HALF)
    assert ended(scores, None, together=False) == Ending(mix=1.0)
    assert ended(scores, None, rival=None) == Ending(mix=1.0)


def test_without_a_rival_the_network_answers_at_its_own_temperature() -> None:
    scores, rows = says(4.0, 1.0, seed=1), np.arange(LEARNING, LEARNING + CHOOSING)
    found = ended(scores, says(9.0, 0.1, seed=3), rival=None, choose="calibrated-loss", batch_norm="frozen")
    own = judge(scores[rows], LABELS[rows], "calibrated-loss").temperature
    assert found == Ending(mix=1.0, temperature=own)
    assert own != 1


@pytest.mark.parametrize("mix", [0.25, 0.5])
def test_the_head_of_both_says_the_mixture(mix: float) -> None:
    rng = np.random.default_rng(0)
    trained, solved = (
        Affine(weight=rng.normal(size=(CLASSES, width)), bias=rng.normal(size=CLASSES), temperature=temperature)
        for width, temperature in ((4, 1.0), (6, 3.0))
    )
    rival = Rival(RIVALS[0], Solved(Fitted(solved, {}, None, converged=True), "stages"))
    ending = Ending(mix=mix, own=2.0, temperature=1.5)
    head = ending.head(trained, rival)
    some, others = rng.normal(size=(5, 4)), rng.normal(size=(5, 6))
    own, its = trained.scores(some) / 2.0, solved.scores(others) / 3.0
    expected = softmax((mix * own + (1 - mix) * its) / 1.5)
    np.testing.assert_allclose(head.probabilities(np.hstack([some, others])), expected, rtol=1e-10)


@pytest.mark.parametrize("rival", [RIVAL, None])
def test_alone_the_trained_head_answers_at_the_temperature_that_was_found(rival: Rival | None) -> None:
    trained = Affine(weight=np.eye(2), bias=np.array([1.0, 2.0]))
    head = Ending(own=7.0, temperature=1.5).head(trained, rival)
    np.testing.assert_array_equal(head.weight, trained.weight)
    np.testing.assert_array_equal(head.bias, trained.bias)
    assert head.temperature == 1.5
