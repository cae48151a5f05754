"""The chart made of measurements: where a profile stands, and what is advised there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from headstart.evidence.advice import LIKE, MENDED, USED_UP, WORTH, Profile, advise
from headstart.evidence.intervals import wilson
from headstart.records.forecast import Forecast
from headstart.records.record import changed
from headstart.records.strategy import Trains

NOW = Forecast(
    pictures=100,
    more=100,
    accuracy=0.9,
    accuracy_interval=(0.85, 0.94),
    gain=0.0,
    interval=(0.0, 0.0),
    curve=(0.02, 1.0, 0.5),
)
MORE = changed(NOW, more=200, accuracy=0.93, accuracy_interval=(0.87, 0.97), gain=0.03, interval=(0.01, 0.05))
FEW_ALIKE = Profile(2, 100, 50, 0.5, 0.9, 0.88, 0.89, 0.7, 0.07, NOW, MORE, 0.3)
MANY = changed(MORE, gain=0.004, interval=(0.0, 0.01))
NAMED: Mapping[Trains, str] = {"none": "linear", "part": "partial", "all": "full"}
COSTS = {"linear": 8.0, "partial": 90.0, "full": 400.0}


@pytest.mark.parametrize(
    ("doubled", "told", "place", "chart", "advised"),
    [
        (MORE, 0.7, ("small", "similar"), "linear", "linear"),
        (MORE, 0.2, ("small", "dissimilar"), "partial", "partial"),
        (MANY, 0.7, ("large", "similar"), "partial", "linear"),
        (MANY, 0.2, ("large", "dissimilar"), "full", "partial"),
        (None, 0.7, ("small", "similar"), "linear", "linear"),
        (None, None, ("small", "dissimilar"), "partial", "partial"),
    ],
)
def test_size_and_similarity_choose_the_quadrant(doubled, told, place, chart, advised):
    profile = replace(FEW_ALIKE, doubled=doubled, told=told)
    assert (profile.size, profile.similarity) == place
    found = advise(profile, NAMED, COSTS)
    assert (found.chart, found.strategy) == (chart, advised)
    assert found.expected[0].strategy == advised
    assert found.expected[0].seconds == COSTS[advised]


def test_the_borders_are_where_they_are_said_to_be():
    endless = replace(FEW_ALIKE, told_error=0.0)
    assert replace(endless, told=LIKE + 1e-5).similarity == "similar"
    assert replace(endless, told=LIKE - 1e-5).similarity == "dissimilar"
    assert replace(FEW_ALIKE, doubled=changed(MORE, gain=USED_UP - 1e-9)).size == "large"
    assert replace(FEW_ALIKE, doubled=changed(MORE, gain=USED_UP)).size == "small"


@pytest.mark.parametrize(("more", "advised"), [(1e-5, "partial"), (-1e-5, "linear")])
def test_where_a_head_errs_often_training_is_advised_also_on_similar_pictures(more: float, advised: str) -> None:
    errs = WORTH + more
    profile = replace(FEW_ALIKE, now=changed(NOW, accuracy=1 - errs, accuracy_interval=(0.8, 0.95)))
    found = advise(profile, NAMED, COSTS)
    assert (profile.similarity, found.chart, found.strategy) == ("similar", "linear", advised)
    head = found.expected[-1]
    assert (head.strategy, head.accuracy) == ("linear", 1 - errs)


@pytest.mark.parametrize("shift", [None, 0.1, 3.0])
def test_how_pictures_look_is_said_and_decides_nothing(shift):
    found = advise(replace(FEW_ALIKE, shift=shift), NAMED, COSTS)
    assert found.strategy == "linear"
    assert found.profile.factor == (None if shift is None else pytest.approx(np.exp(shift)))


def test_enough_is_where_the_law_says_that_a_doubling_brings_no_more():
    """With error a + b n^-c a doubling of n brings b n^-c (1 - 2^-c)."""
    a, b, c = 0.05, 1.0, 0.5
    gain = b * 100**-c * (1 - 2**-c)
    found = replace(FEW_ALIKE, doubled=changed(MORE, gain=gain, curve=(a, b, c))).enough
    assert found is not None
    n = 2 * found  # of both classes
    assert b * n**-c * (1 - 2**-c) == pytest.approx(USED_UP)
    assert replace(FEW_ALIKE, doubled=changed(MORE, gain=0.2, curve=(0.0, 1.0, 0.1))).enough is None, "beyond reason"
    nearly = replace(FEW_ALIKE, doubled=changed(MORE, gain=9.9 * USED_UP, curve=(0.0, 1.0, 0.5)))
    assert nearly.enough == pytest.approx(9.9**2 * 50)
    assert replace(nearly, doubled=changed(nearly.doubled, gain=10.1 * USED_UP)).enough is None, "a hundred times"


def test_where_each_doubling_brings_more_nothing_is_enough():
    assert replace(FEW_ALIKE, doubled=changed(MORE, curve=(0.9, -0.1, -0.3))).enough is None


def test_training_is_expected_to_mend_a_share_of_the_errors_and_is_less_certain():
    hard = replace(FEW_ALIKE, told=0.2, now=changed(NOW, accuracy=0.6, accuracy_interval=(0.5, 0.7)))
    part, head = advise(hard, NAMED, COSTS).expected
    assert part.accuracy == pytest.approx(0.6 + MENDED[0] * 0.4)
    assert part.interval[0] < part.accuracy < part.interval[1] <= 1
    assert part.interval[1] - part.interval[0] > head.interval[1] - head.interval[0]
    vague = replace(hard, now=changed(NOW, accuracy=0.6, accuracy_interval=(0.3, 0.9)))
    wider, _ = advise(vague, NAMED, COSTS).expected
    assert wider.interval[1] - wider.interval[0] > part.interval[1] - part.interval[0] + 0.05


def test_where_nothing_can_be_told_no_training_is_promised_anything():
    noise = replace(FEW_ALIKE, told=0.05, now=changed(NOW, accuracy=0.53, accuracy_interval=(0.46, 0.6)))
    part, head = advise(noise, NAMED, COSTS).expected
    assert part.accuracy == head.accuracy == 0.53
    assert part.interval[1] > head.interval[1]
    assert not noise.learnable
    for something in (replace(noise, told=0.15), replace(noise, chance=0.4)):
        assert something.learnable
        assert advise(something, NAMED, COSTS).expected[0].accuracy > 0.6


def test_the_interval_without_a_curve_is_that_of_independent_pictures():
    alone = replace(FEW_ALIKE, now=None, doubled=None)
    assert replace(alone, linear_interval=(0.3, 0.99)).accuracy == (0.9, (0.3, 0.99))


def test_of_a_handful_the_expectation_lies_between_two_heads_and_is_less_certain():
    few = replace(FEW_ALIKE, now=None, doubled=None, least=5, linear=0.8, ridge=0.9)
    share, (low, high) = replace(few, linear_interval=(0.6, 0.9), ridge_interval=(0.7, 0.96)).accuracy
    assert share == pytest.approx(0.85)
    assert (low, high) == pytest.approx((0.85 - 1.2 * 0.2, 0.85 + 1.2 * 0.08))
    sides = [wilson(round(one * few.pictures), few.pictures) for one in (0.8, 0.9)]
    assert few.accuracy[1][0] == pytest.approx(0.85 - 1.2 * (0.85 - np.mean([side[0] for side in sides])))
    assert replace(few, linear_interval=(0.1, 1.0), ridge_interval=(0.1, 1.0)).accuracy[1] == (0.0, 1.0)


def test_without_a_curve_nothing_is_said_of_more_pictures():
    found = advise(replace(FEW_ALIKE, least=5, now=None, doubled=None), NAMED, {})
    first = found.expected[-1]
    assert first.accuracy == pytest.approx(0.895)
    assert first.interval[0] < 0.895 < first.interval[1]
    assert found.profile.enough is first.seconds is None


def test_in_doubt_pictures_are_not_similar():
    assert replace(FEW_ALIKE, told=LIKE + 0.05).similarity == "dissimilar"
    assert replace(FEW_ALIKE, told=LIKE + 0.05, told_error=0.02).similarity == "similar"


def test_without_a_curve_of_very_many_the_folds_are_believed():
    assert advise(replace(FEW_ALIKE, now=None, doubled=None), NAMED, {}).expected[0].accuracy == 0.9
