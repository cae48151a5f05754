"""Two dimensions of many, against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from headstart.base.errors import ConfigError
from headstart.evidence.principal import principal


@pytest.mark.parametrize("shape", [(40, 7), (7, 40), (30, 30)])
def test_it_agrees_with_an_independent_implementation(shape: tuple[int, int]) -> None:
    points = np.random.default_rng(3).normal(size=shape) * np.linspace(1, 4, shape[1])
    found, shares = principal(points)
    oracle = PCA(2, svd_solver="full").fit(points)
    assert np.allclose(np.abs(found), np.abs(oracle.transform(points)), atol=1e-6)
    assert np.allclose(shares, oracle.explained_variance_ratio_, atol=1e-6)
    assert (found[np.abs(found).argmax(axis=0), [0, 1]] > 0).all()


def test_points_on_a_line_have_one_dimension() -> None:
    found, shares = principal(np.outer(np.arange(5.0), [1.0, 2.0, 2.0]))
    assert np.allclose(found[:, 1], 0)
    assert shares.tolist() == pytest.approx([1.0, 0.0])
    assert np.allclose(np.diff(np.sort(found[:, 0])), 3)


def test_equal_points_stand_in_one_place_and_none_is_an_error() -> None:
    assert not principal(np.ones((4, 3)))[0].any()
    with pytest.raises(ConfigError, match="not empty"):
        principal(np.zeros((0, 3)))
