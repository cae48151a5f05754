"""Closed forms against what they stand for: every row left out in turn, and learned from again."""

import numpy as np
import pytest

from headstart.heads.preview import few_shot, preview
from headstart.heads.training import Standard


def blobs(n=60, classes=3, apart=2.0, size=20, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % classes
    centres = rng.normal(size=(classes, size)) * apart / np.sqrt(size)
    return (centres[y] + rng.normal(size=(n, size))).astype(np.float32), y


@pytest.mark.parametrize("size", [20, 80])
@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("rare", [False, True])
def test_ridge_answers_as_if_each_group_had_been_left_out_and_solved_again(size, grouped, rare):
    X, y = blobs(n=60, apart=0.7 if rare else 2.0, size=size)
    if rare:  # what is added for the class that a left-out row makes rarer is then another for each class
        X, y = X[(y != 2) | (np.arange(60) < 15)], y[(y != 2) | (np.arange(60) < 15)]
    owners = np.arange(len(y)) // 3 if grouped else np.arange(len(y))
    found = preview(X, y, 3, owners.astype(str) if grouped else None)

    features = Standard.of(X.astype(np.float64)).apply(X.astype(np.float64))
    targets = np.eye(3)[y]
    scale = np.maximum(np.linalg.eigvalsh(features @ features.T), 0).mean()
    errors, answers = [], []
    for strength in np.logspace(-4, 4, 17) * scale:
        said = np.empty_like(targets)
        for owner in np.unique(owners):
            held, kept = owners == owner, owners != owner
            middle = features[kept].mean(axis=0)
            left = features[kept] - middle
            weights = np.linalg.solve(left.T @ left + strength * np.eye(size), left.T @ targets[kept])
            said[held] = targets.mean(axis=0) + (features[held] - middle) @ weights
        errors.append(np.square(targets - said).sum())
        answers.append(said.argmax(axis=1))
    assert (found.ridge == (answers[int(np.argmin(errors))] == y)).all()


def test_the_own_group_does_not_vote():
    X, y = np.repeat(np.eye(4), 6, axis=0), np.tile([0, 1], 12)  # groups of equal rows with both classes
    X = X + 1e-3 * np.random.default_rng(0).normal(size=X.shape)
    twins = np.repeat(np.arange(12), 2).astype(str)
    clear = np.repeat([0, 1], 12)
    assert preview(X, clear, 2).neighbours.all()
    assert not preview(np.repeat(np.eye(12), 2, axis=0), y, 2, twins).neighbours.all()
    noise = np.repeat(np.random.default_rng(0).normal(size=(100, 300)), 2, axis=0)
    pairs, labels = np.repeat(np.arange(100), 2), np.repeat(np.arange(100) % 2, 2)
    assert preview(noise, labels, 2).neighbours.mean() > 0.75, "a copy votes for its copy"
    assert 0.3 < preview(noise, labels, 2, pairs.astype(str)).neighbours.mean() < 0.7


def test_noise_is_answered_by_chance_and_clear_classes_are_told():
    rng = np.random.default_rng(0)
    y = np.arange(200) % 2
    for size in (50, 600):  # fewer features than rows, and so many that each row is the sum of the others
        noise = preview(rng.normal(size=(200, size)), y, 2)
        assert 0.35 < noise.ridge.mean() < 0.65
        assert 0.35 < noise.neighbours.mean() < 0.65
    X, y = blobs(n=120, apart=8.0)
    clear = preview(X, y, 3)
    assert clear.ridge.mean() > 0.97
    assert clear.neighbours.mean() > 0.97


def test_constant_features_are_no_error():
    y = np.arange(12) % 3
    found = preview(np.ones((12, 5)), y, 3)
    assert found.ridge.shape == found.neighbours.shape == (12,)


def test_features_without_any_difference_tell_nothing_and_are_no_error():
    y = np.repeat([0, 1], 12)
    for value in (0.0, 3.0):
        same = np.full((24, 8), value)
        told = few_shot(same, y, 2, seed=0)
        assert told is not None
        assert told.share == pytest.approx(0.0)
        preview(same, y, 2)


def test_a_handful_tells_of_the_features_and_not_of_the_number_of_pictures():
    X, y = blobs(n=90, apart=3.0, size=30)
    more, labels = blobs(n=900, apart=3.0, size=30)
    few, many = few_shot(X, y, 3).share, few_shot(more, labels, 3).share
    assert 0.3 < few < 0.98
    assert many == pytest.approx(few, abs=0.1)
    assert few_shot(np.random.default_rng(0).normal(size=(300, 30)), labels[:300], 3).share == pytest.approx(
        0.0, abs=0.05
    )
    assert few_shot(*blobs(n=90, apart=40.0, size=30), 3).share == pytest.approx(1.0)


def test_a_rare_class_counts_as_much_as_a_common_one():
    rare = (np.arange(300) % 60 == 0).astype(np.int64)  # 5 rows
    X = np.random.default_rng(0).normal(size=(300, 10))
    X += 6.0 * rare[:, None]
    assert few_shot(X, rare, 2, shots=3).share > 0.9
    assert few_shot(X, np.where(rare, 0, np.arange(300) % 2), 2, shots=3).share == pytest.approx(0.0, abs=0.1)


def test_copies_of_what_was_learned_are_not_asked_about():
    rng = np.random.default_rng(0)
    X = np.repeat(rng.normal(size=(24, 40)), 2, axis=0)
    y = np.repeat(np.arange(24) % 2, 2)
    pairs = np.repeat(np.arange(24), 2).astype(str)
    assert few_shot(X, y, 2).share > few_shot(X, y, 2, pairs).share + 0.08, "copies of what was learned are recognised"


def test_nobody_can_be_asked_where_a_class_has_one_picture():
    assert few_shot(np.ones((4, 3)), np.array([0, 0, 0, 1]), 2) is None


def test_three_pictures_of_a_class_are_asked_as_if_they_were_five():
    X, y = blobs(n=300, apart=3.0, size=30)
    three = np.mean([few_shot(X[at : at + 9], y[at : at + 9], 3).share for at in range(0, 297, 9)])
    assert three == pytest.approx(few_shot(X, y, 3).share, abs=0.08)


def test_copies_make_what_is_told_no_surer():
    X, y = blobs(n=60, apart=3.0, size=30)
    once = few_shot(X, y, 3).error
    pairs = np.repeat(np.arange(60), 2).astype(str)
    assert few_shot(np.repeat(X, 2, axis=0), np.repeat(y, 2), 3, pairs).error == pytest.approx(once, rel=0.1)


def test_the_error_is_about_what_other_pictures_give():
    found = [few_shot(*blobs(n=120, apart=3.0, size=30, seed=0), 3)]
    X, y = blobs(n=1200, apart=3.0, size=30, seed=0)
    parts = [few_shot(X[at : at + 120], y[at : at + 120], 3) for at in range(0, 1200, 120)]
    spread = np.std([part.share for part in parts], ddof=1)
    assert 0.4 * spread < np.mean([part.error for part in [*found, *parts]]) < 3 * spread


def test_one_small_class_takes_no_pictures_from_the_others():
    X, y = blobs(n=400, classes=10, apart=3.0, size=30)
    kept = np.concatenate([np.flatnonzero(y != 3), np.flatnonzero(y == 3)[:2]])
    assert few_shot(X[kept], y[kept], 10).share == pytest.approx(few_shot(X, y, 10).share, abs=0.07)
