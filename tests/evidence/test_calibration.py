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
from headstart.evidence.metrics import log_loss


def drawn_scores(seed, n=300, classes=4, sharpness=1.0):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, classes)) * 2
    labels = np.array([rng.choice(classes, p=p) for p in softmax(logits)])
    return logits * sharpness, labels


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


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 50), st.floats(-1e3, 1e3))
def test_the_cautious_one_is_that_of_the_pictures_and_one_more(seed, factor, offset):
    """Where no picture is far off it is the plain temperature with a wrong average picture added."""
    scores, labels = drawn_scores(seed, n=80)
    average = np.sort(scores, axis=1)[:, ::-1].mean(axis=0)
    expected = fit_temperature(np.vstack([scores, average]), np.append(labels, 1), least=1e-6, most=1e3)
    assert cautious_temperature(factor * scores + offset, labels) == pytest.approx(factor * expected, rel=1e-4)


def test_of_very_many_pictures_some_say_as_much():
    scores, labels = drawn_scores(6, n=60_000)
    assert cautious_temperature(3 * scores, labels) == pytest.approx(3 * fit_temperature(scores, labels), rel=0.03)


def test_scores_that_say_nothing_have_temperature_one_and_wrong_ones_an_end():
    assert cautious_temperature(np.zeros((4, 3)), np.array([0, 1, 2, 0])) == 1.0
    assert cautious_temperature(np.array([[9.0, 0.0], [0.0, 9.0]] * 9), np.array([1, 0] * 9)) == 1e3
    with pytest.raises(ConfigError, match="'scores' parameter of cautious_temperature"):
        cautious_temperature(np.full((2, 2), np.inf), np.array([0, 1]))
