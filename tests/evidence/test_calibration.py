"""The temperature against a plain search, and at its edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from headstart.base.errors import ConfigError
from headstart.base.types import softmax
from headstart.evidence.calibration import cautious_temperature, fit_temperature
from headstart.evidence.metrics import bounded_log_losses, log_loss


def drawn_scores(seed, n=300, classes=4, sharpness=1.0):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, classes)) * 2
    labels = np.array([rng.choice(classes, p=p) for p in softmax(logits)])
    return logits * sharpness, labels


def usual_picture(scores):
    """Return the medians by rank, the largest score first; only differences within a row count."""
    return np.median(np.sort(scores - scores.mean(axis=1, keepdims=True), axis=1)[:, ::-1], axis=0)


@pytest.mark.parametrize("sharpness", [0.2, 1.0, 7.0])
def test_finds_what_a_plain_search_finds(sharpness):
    scores, labels = drawn_scores(1, sharpness=sharpness)
    found = minimize_scalar(
        lambda log_t: log_loss(labels, softmax(scores / np.exp(log_t))),
        bounds=(np.log(0.05), np.log(100)),
        method="bounded",
        options={"xatol": 1e-10},
    )
    assert fit_temperature(scores, labels) == pytest.approx(np.exp(found.x), rel=1e-5)


def test_scores_that_are_log_odds_already_need_none():
    scores, labels = drawn_scores(2, n=20_000)
    assert fit_temperature(scores, labels) == pytest.approx(1.0, abs=0.03)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.5, 20), st.floats(-1e6, 1e6))
def test_scales_with_the_scores_and_ignores_offsets_and_order(seed, factor, offset):
    scores, labels = drawn_scores(seed, n=60)
    order = np.random.default_rng(seed).permutation(len(labels))
    one = fit_temperature(scores, labels, least=1e-3, most=1e4)
    other = fit_temperature(factor * scores[order] + offset, labels[order], least=1e-3 * factor, most=1e4 * factor)
    assert other == pytest.approx(factor * one, rel=1e-4)


def test_all_right_stops_at_the_least_and_all_wrong_at_the_most():
    scores = np.array([[3.0, 0.0], [0.0, 2.0]])
    assert fit_temperature(scores, np.array([0, 1])) == 0.05
    assert fit_temperature(scores, np.array([1, 0])) == 100.0
    assert fit_temperature(np.zeros((2, 2)), np.array([1, 0])) > 0


@pytest.mark.parametrize("scores", [np.zeros((0, 2)), np.full((2, 2), np.nan), np.zeros((3, 2)), np.zeros(2)])
def test_scores_that_cannot_be_are_refused(scores):
    with pytest.raises(ConfigError, match="'scores' parameter of fit_temperature"):
        fit_temperature(scores, np.zeros(2 if scores.shape[0] else 0, int))


@pytest.mark.parametrize("classes", [2, 6])
def test_one_picture_wrong_by_a_hundred_margins_does_not_make_the_others_unsure(classes):
    """As an SVM on 324 photographs once had it: 1.007 with that picture, 0.376 without."""
    scores, labels = drawn_scores(3, n=224, classes=classes)
    strange = np.zeros((1, classes))
    strange[0, 1] = 124.0
    without = cautious_temperature(scores, labels)
    beside = cautious_temperature(np.vstack([scores, strange]), np.append(labels, 0))
    assert beside == pytest.approx(without, rel=0.05)
    plain = fit_temperature(np.vstack([scores, strange]), np.append(labels, 0))
    assert plain > 1.25 * without, "else this shows nothing"


@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("margin", [124.0, 6324.0])
@pytest.mark.parametrize("n", [20, 40])
def test_nor_with_a_handful_of_pictures_be_it_right_or_wrong(n, margin, right):
    scores, labels = drawn_scores(3, n=n, classes=2)
    strange = np.array([[margin, 0.0]])
    without = cautious_temperature(scores, labels)
    beside = cautious_temperature(np.vstack([scores, strange]), np.append(labels, 0 if right else 1))
    assert without / 1.5 < beside < without * 1.5


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 50), st.floats(-1e3, 1e3))
def test_the_cautious_one_is_the_best_for_bounded_losses_and_one_wrong_picture_more(seed, factor, offset):
    scores, labels = drawn_scores(seed, n=80)
    usual = usual_picture(scores)

    def loss(temperature):
        added = log_loss(np.array([1]), softmax(usual[None] / temperature))
        return bounded_log_losses(labels, softmax(scores / temperature)).sum() + added

    best = min(loss(temperature) for temperature in np.geomspace(0.02, 50, 4001))
    found = cautious_temperature(factor * scores + offset, labels) / factor
    assert loss(found) <= best + 1e-3


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_where_no_picture_is_far_off_it_is_the_plain_one_with_a_wrong_picture_more(seed):
    scores, labels = drawn_scores(seed, n=80)
    labels = np.where(scores.max(axis=1) - scores[np.arange(80), labels] > 2, scores.argmax(axis=1), labels)
    usual = usual_picture(scores)
    expected = fit_temperature(np.vstack([scores, usual]), np.append(labels, 1), least=1e-6, most=1e3)
    assert cautious_temperature(scores, labels) == pytest.approx(expected, rel=1e-4)


def test_the_order_of_very_many_pictures_tells_nothing():
    scores, labels = drawn_scores(7, n=50_000, classes=2)
    scores[::2] *= 5  # every other row is too sure
    order = np.random.default_rng(0).permutation(len(labels))
    assert cautious_temperature(scores, labels) == pytest.approx(
        cautious_temperature(scores[order], labels[order]), rel=0.05
    )


def test_of_very_many_pictures_some_say_as_much():
    scores, labels = drawn_scores(6, n=60_000)
    assert cautious_temperature(3 * scores, labels) == pytest.approx(3 * fit_temperature(scores, labels), rel=0.03)


def test_scores_that_say_nothing_have_temperature_one_and_wrong_ones_an_end():
    assert cautious_temperature(np.zeros((4, 3)), np.array([0, 1, 2, 0])) == 1.0
    assert cautious_temperature(np.array([[9.0, 0.0], [0.0, 9.0]] * 9), np.array([1, 0] * 9)) == 1e3
    with pytest.raises(ConfigError, match="'scores' parameter of cautious_temperature"):
        cautious_temperature(np.full((2, 2), np.inf), np.array([0, 1]))
