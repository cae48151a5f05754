"""Prediction sets hold the truth as often as they state, on scores that are drawn alike; and say where they cannot."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.base.errors import ConfigError
from headstart.base.types import softmax
from headstart.evidence.conformal import LEVELS, PredictionSets, fit_sets, least_units


def drawn(rng, n, classes=4):
    scores = rng.normal(size=(n, classes))
    labels = rng.integers(classes, size=n)
    scores[np.arange(n), labels] += rng.normal(1.5, 1.0, size=n)
    return softmax(scores), labels


def held(sets, probabilities, labels, level):
    """Return how often the threshold is reached by the true class: what is promised, before an answer fills the set."""
    return (probabilities[np.arange(len(labels)), labels] >= sets.thresholds[level]).mean()


@pytest.mark.parametrize("n", [19, 60, 199])
def test_the_coverage_is_what_is_stated(n):
    rng = np.random.default_rng(n)
    found = {level: [] for level in LEVELS if n >= least_units(level)}
    for _ in range(1500):
        sets = fit_sets(*drawn(rng, n))
        probabilities, labels = drawn(rng, 40)
        for level, shares in found.items():
            shares.append(held(sets, probabilities, labels, level))
    for level, shares in found.items():
        # Exactly ceil((n + 1) level) / (n + 1) where no two scores are equal.
        exact = np.ceil(level * (n + 1) - 1e-9) / (n + 1)
        assert np.mean(shares) == pytest.approx(exact, abs=0.006)
        assert exact >= level - 1e-9


def test_whole_groups_count_once_and_their_coverage_holds():
    rng = np.random.default_rng(0)

    def grouped(groups):
        """Groups of 1 or 9 pictures whose members are alike, the large ones harder."""
        rows, labels, names = [], [], []
        for group in range(groups):
            size = int(rng.choice([1, 9]))
            shift = rng.normal() + (0.0 if size == 9 else 2.0)
            label = int(rng.integers(3))
            scores = rng.normal(size=(size, 3)) * 0.2
            scores[:, label] += shift
            rows.append(scores)
            labels += [label] * size
            names += [group] * size
        return softmax(np.concatenate(rows)), np.array(labels), np.array(names)

    shares = {True: [], False: []}
    for _ in range(400):
        probabilities, labels, names = grouped(40)
        news = grouped(40)
        for known in shares:
            sets = fit_sets(probabilities, labels, groups=names if known else None)
            right = news[0][np.arange(len(news[1])), news[1]] >= sets.thresholds[0.9]
            means = np.bincount(news[2], weights=right) / np.bincount(news[2])
            shares[known].append(means.mean())  # of a picture of a group that is drawn
    assert np.mean(shares[True]) == pytest.approx(0.905, abs=0.012)
    assert np.mean(shares[True]) < np.mean(shares[False])  # large hard groups would count nine times


@pytest.mark.parametrize(("level", "least"), [(0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99)])
def test_too_few_pictures_give_no_threshold(level, least):
    probabilities, labels = drawn(np.random.default_rng(1), least)
    assert fit_sets(probabilities, labels).thresholds[level] is not None
    fewer = fit_sets(probabilities[1:], labels[1:])
    assert fewer.thresholds[level] is None
    assert fewer.members(probabilities, level) is None
    assert fewer.pictures == least - 1


def test_eighteen_groups_are_too_few_however_many_pictures():
    probabilities, labels = drawn(np.random.default_rng(2), 180)
    sets = fit_sets(probabilities, labels, groups=np.arange(180) % 18)
    assert (sets.pictures, sets.units) == (180, 18)
    assert sets.thresholds[0.95] is None
    assert sets.thresholds[0.9] is not None


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(4, 150), st.permutations(range(4)))
def test_sets_are_nested_never_empty_hold_the_answer_and_follow_the_classes(seed, n, order):
    rng = np.random.default_rng(seed)
    probabilities, labels = drawn(rng, n)
    sets, asked = fit_sets(probabilities, labels), drawn(rng, 12)[0]
    before = np.zeros_like(asked, bool)
    for level in LEVELS:
        inside = sets.members(asked, level)
        if inside is None:
            continue
        assert inside[np.arange(12), asked.argmax(axis=1)].all()
        assert (inside | before == inside).all()
        before = inside
        turned = fit_sets(probabilities[:, order], np.argsort(order)[labels])
        assert np.array_equal(turned.members(asked[:, order], level), inside[:, order])


def test_single_groups_are_the_same_as_none():
    probabilities, labels = drawn(np.random.default_rng(5), 57)
    assert fit_sets(probabilities, labels, groups=np.arange(57)).record() == fit_sets(probabilities, labels).record()


def test_rows_that_were_not_asked_and_classes_without_pictures_do_no_harm():
    probabilities, labels = drawn(np.random.default_rng(6), 60)
    labels = np.where(labels == 3, 0, labels)
    holes = np.vstack([probabilities, np.full((5, 4), np.nan)])
    assert fit_sets(holes, np.append(labels, [0] * 5)).record() == fit_sets(probabilities, labels).record()
    assert fit_sets(probabilities[:0], labels[:0]).thresholds == dict.fromkeys(LEVELS)


def test_what_was_written_is_read_again():
    sets = fit_sets(*drawn(np.random.default_rng(7), 30))
    again = PredictionSets.from_record(sets.record())
    assert again == sets
    assert again.thresholds[0.99] is None


def test_lengths_that_differ_are_refused():
    with pytest.raises(ConfigError, match="'probabilities' parameter of fit_sets"):
        fit_sets(np.zeros((3, 2)), np.zeros(2, int))
