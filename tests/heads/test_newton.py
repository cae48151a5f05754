"""Truncated Newton on functions whose least value is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import check_grad

from headstart.heads.newton import minimise
from headstart.heads.objective import OwnRows, SoftmaxLoss


class Bowl:
    """``|x - target|^2`` with unequal curvatures."""

    def __init__(self, curvature, target):
        self.curvature, self.target = curvature, target

    def evaluate(self, point):
        away = point - self.target
        return 0.5 * float(np.vdot(away, self.curvature * away)), self.curvature * away, None

    def curve(self, direction, state):
        return self.curvature * direction


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_finds_the_bottom_in_the_precision_of_its_start(dtype):
    curvature = np.linspace(0.1, 4, 30).astype(dtype)
    target = np.linspace(-1, 1, 30).astype(dtype)
    found, gradient = minimise(Bowl(curvature, target), np.zeros(30, dtype), tolerance=1e-5, most_steps=50)
    assert found.dtype == dtype
    assert gradient <= 1e-5
    np.testing.assert_allclose(found, target, atol=2e-4)


def test_stops_after_the_steps_it_may_take_and_tells_the_gradient():
    start = np.zeros(3)
    found, gradient = minimise(Bowl(np.ones(3), np.ones(3)), start, tolerance=0.0, most_steps=0)
    np.testing.assert_array_equal(found, start)
    assert gradient == pytest.approx(3**0.5)


def test_first_and_second_derivative_of_the_softmax_loss():
    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(12, 4)), rng.integers(3, size=12)
    loss = SoftmaxLoss(OwnRows(rows), labels, np.array([[0.1], [0.2], [0.3], [0.0]]))
    point, direction = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))

    def value(flat):
        return loss.evaluate(flat.reshape(4, 3))[0]

    def gradient(flat):
        return loss.evaluate(flat.reshape(4, 3))[1].ravel()

    assert check_grad(value, gradient, point.ravel()) < 1e-6
    small = 1e-6
    change = (gradient((point + small * direction).ravel()) - gradient((point - small * direction).ravel())) / (
        2 * small
    )
    curved = loss.curve(direction, loss.evaluate(point)[2])
    np.testing.assert_allclose(curved.ravel(), change, atol=1e-7)
