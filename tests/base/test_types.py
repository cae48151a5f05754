import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from headstart.base.types import (
    HEAD_KINDS,
    Affine,
    Floats,
    Head,
    Kernel,
    Neighbours,
    head_of,
    softmax,
    squared_distances,
    unit_rows,
)

N, FEATURES, CLASSES = 9, 6, 4


def heads() -> list[Head]:
    rng = np.random.default_rng(0)
    mean, scale = rng.normal(size=FEATURES), rng.uniform(0.5, 2, size=FEATURES)
    support = rng.normal(size=(12, FEATURES)).astype(np.float32)
    return [
        Affine(
            weight=rng.normal(size=(CLASSES, FEATURES)).astype(np.float32),
            bias=rng.normal(size=CLASSES),
            temperature=2.0,
        ),
        Kernel(
            support=support,
            coefficients=rng.normal(size=(12, CLASSES)).astype(np.float32),
            bias=rng.normal(size=CLASSES),
            mean=mean,
            scale=scale,
            gamma=0.1,
            temperature=0.5,
        ),
        Neighbours(
            examples=unit_rows(support),
            labels=np.arange(12) % 3,  # no example of the last class
            mean=mean,
            scale=scale,
            k=5,
            classes=CLASSES,
        ),
    ]


EVERY_HEAD = pytest.mark.parametrize("head", heads(), ids=lambda head: head.kind)


@pytest.fixture
def features() -> Floats:
    return np.random.default_rng(1).normal(size=(N, FEATURES)).astype(np.float32)


@EVERY_HEAD
def test_scores_and_probabilities_cover_every_class(head: Head, features: Floats) -> None:
    scores, probabilities = head.scores(features), head.probabilities(features)
    assert scores.shape == probabilities.shape == (N, CLASSES)
    assert scores.dtype == probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    assert (probabilities > 0).all()
    np.testing.assert_array_equal(probabilities.argmax(axis=1), scores.argmax(axis=1))


@EVERY_HEAD
def test_a_picture_answers_the_same_alone_and_in_company(head: Head, features: Floats) -> None:
    together = head.probabilities(features)
    alone = np.concatenate([head.probabilities(row[None]) for row in features])
    np.testing.assert_allclose(alone, together, rtol=0, atol=1e-12)


@EVERY_HEAD
def test_the_temperature_divides_the_scores(head: Head, features: Floats) -> None:
    expected = softmax(head.scores(features) / head.temperature)
    np.testing.assert_array_equal(head.probabilities(features), expected)


@EVERY_HEAD
def test_no_pictures_no_answers(head: Head, features: Floats) -> None:
    assert head.scores(features[:0]).shape == (0, CLASSES)


@EVERY_HEAD
def test_the_cost_of_one_picture_is_a_plain_number(head: Head) -> None:
    assert head.flops() > 0
    assert type(head.flops()) is float


def test_affine_is_the_textbook_sum(features: Floats) -> None:
    head = heads()[0]
    assert isinstance(head, Affine)
    expected = [
        [
            sum(float(w) * float(x) for w, x in zip(row, picture, strict=True)) + b
            for row, b in zip(head.weight, head.bias, strict=True)
        ]
        for picture in features
    ]
    np.testing.assert_allclose(head.scores(features), expected, rtol=1e-12)


def test_kernel_is_the_textbook_sum(features: Floats) -> None:
    head = heads()[1]
    assert isinstance(head, Kernel)
    for picture, scores in zip(features, head.scores(features), strict=True):
        standard = (picture - head.mean) / head.scale
        near = [np.exp(-head.gamma * np.sum((standard - example) ** 2)) for example in head.support]
        np.testing.assert_allclose(scores, near @ head.coefficients + head.bias, rtol=1e-6)


def test_neighbours_are_found_and_vote(features: Floats) -> None:
    head = heads()[2]
    assert isinstance(head, Neighbours)
    itself = head.examples * head.scale + head.mean
    np.testing.assert_array_equal(head.probabilities(itself).argmax(axis=1), head.labels)
    assert (head.probabilities(features)[:, CLASSES - 1] < 1 / CLASSES).all(), "a class without an example"


def test_more_neighbours_than_examples_are_all_of_them(features: Floats) -> None:
    head = heads()[2]
    assert isinstance(head, Neighbours)
    fields = {name: getattr(head, name) for name in ("examples", "labels", "mean", "scale", "classes")}
    every, more = Neighbours(**fields, k=12), Neighbours(**fields, k=1000)
    assert every.scores(features).shape == more.scores(features).shape
    np.testing.assert_allclose(np.exp(every.scores(features)).sum(axis=1), 1 + 1 / 12)
    with np.errstate(all="raise"):
        np.testing.assert_allclose(more.probabilities(features), every.probabilities(features), rtol=0.3)


@given(arrays(np.float64, array_shapes(min_dims=1, max_dims=3, max_side=5), elements=st.floats(-1e300, 1e300)))
def test_softmax_never_overflows(scores: Floats) -> None:
    probabilities = softmax(scores)
    assert np.isfinite(probabilities).all()
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1)


def test_softmax_of_known_scores() -> None:
    np.testing.assert_allclose(softmax(np.log([1.0, 2.0, 5.0])), [1 / 8, 2 / 8, 5 / 8])
    np.testing.assert_allclose(softmax(np.log([1.0, 2.0, 5.0]) - 1000), [1 / 8, 2 / 8, 5 / 8])


def test_distances_are_those_of_pythagoras_and_never_negative() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(7, 5)), rng.normal(size=(4, 5))
    expected = ((a[:, None, :] - b[None, :, :]) ** 2).sum(axis=2)
    np.testing.assert_allclose(squared_distances(a, b), expected, atol=1e-12)
    far = a * 1e-9 + 1e4  # cancellation would make some of these negative
    assert (squared_distances(far, far) >= 0).all()


def test_rows_of_zeros_stay() -> None:
    rows = unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]]))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0]])


def test_remembered_pictures_are_numbers_that_nobody_fitted() -> None:
    assert [(head.kind, head.numbers, head.fitted_numbers) for head in heads()] == [
        ("affine", CLASSES * FEATURES + CLASSES, CLASSES * FEATURES + CLASSES),
        ("kernel", 12 * FEATURES + 12 * CLASSES + CLASSES, 12 * CLASSES + CLASSES),
        ("neighbours", 12 * FEATURES, 0),
    ]


def test_two_kinds_cannot_have_one_name() -> None:
    with pytest.raises(ValueError, match="'affine'"):

        class Other(Affine, kind="affine"):
            pass

    assert HEAD_KINDS["affine"] is Affine


def test_a_kind_that_nobody_knows_is_named() -> None:
    with pytest.raises(KeyError, match="knows no head 'forest'"):
        head_of("forest", {}, {})


@EVERY_HEAD
def test_a_widened_head_answers_the_same_to_the_bit(head: Head, features: Floats) -> None:
    wide = head.widened()
    assert {value.dtype for value in wide.arrays().values() if value.dtype.kind == "f"} == {np.dtype(np.float64)}
    np.testing.assert_array_equal(wide.probabilities(features), head.probabilities(features))
