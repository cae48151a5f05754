"""The evidence in closed form against the density of a normal distribution, maximised by search."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from headstart.evidence.logme import logme


@pytest.mark.parametrize("shape", [(30, 6), (20, 40)])
def test_it_is_the_greatest_density_of_the_labels(shape):
    rng = np.random.default_rng(0)
    X = rng.normal(size=shape)
    y = (X[:, 0] + 0.5 * rng.normal(size=shape[0]) > 0).astype(np.int64)

    def greatest(target):
        def density(logs):
            covariance = np.exp(-logs[1]) * np.eye(len(X)) + np.exp(-logs[0]) * X @ X.T
            return -multivariate_normal.logpdf(target, np.zeros(len(X)), covariance)

        return max(-minimize(density, start, method="Nelder-Mead").fun for start in ([0, 0], [2, 2], [4, 1]))

    expected = np.mean([greatest(np.eye(2)[y][:, k]) for k in range(2)]) / len(X)
    assert logme(X, y, 2) == pytest.approx(expected, abs=0.01)


def test_features_that_tell_the_classes_have_more():
    rng = np.random.default_rng(1)
    y = np.arange(90) % 3
    noise = rng.normal(size=(90, 10))
    assert logme(noise + 3 * np.eye(10)[y], y, 3) > logme(noise, y, 3) + 0.1
