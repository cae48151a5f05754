"""From a solved head to one that can be trained, and back again."""

import numpy as np
import pytest
import torch
from torch import nn

from headstart.base.errors import ConfigError
from headstart.base.types import Affine, softmax
from headstart.tune import linear_head, pool_bn_head, to_affine


@pytest.fixture
def features() -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.normal(size=(50, 5)) * [1, 2, 0.1, 5, 1] + [0, 3, 0, -4, 1]).astype(np.float32)


@pytest.fixture
def solved() -> Affine:
    rng = np.random.default_rng(1)
    return Affine(weight=rng.normal(size=(3, 5)), bias=rng.normal(size=3), temperature=1.7)


def answers(head: nn.Module, features: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return head.eval()(torch.from_numpy(features)).numpy()


def test_a_linear_head_begins_as_the_solved_one(features: np.ndarray, solved: Affine) -> None:
    scores = answers(linear_head(5, 3, solved), features)
    assert softmax(scores) == pytest.approx(solved.probabilities(features), abs=1e-5)


def test_a_pool_bn_head_begins_as_the_solved_one(features: np.ndarray, solved: Affine) -> None:
    head = pool_bn_head(5, 3, solved, like=features)
    assert softmax(answers(head, features)) == pytest.approx(solved.probabilities(features), abs=1e-5)
    assert head.norm.running_var.numpy() == pytest.approx(features.var(axis=0), rel=1e-5)
    # The batch's own statistics say nearly the same, so the first training step does not start elsewhere.
    with torch.no_grad():
        trained = head.train()(torch.from_numpy(features)).numpy()
    assert softmax(trained) == pytest.approx(solved.probabilities(features), abs=1e-3)


@pytest.mark.parametrize("kind", ["linear", "pool-bn"])
def test_a_trained_head_folds_back_exactly(kind: str, features: np.ndarray) -> None:
    head = linear_head(5, 3, seed=4) if kind == "linear" else pool_bn_head(5, 3, like=features, seed=4)
    optimizer = torch.optim.SGD(head.parameters(), lr=0.1)
    for _ in range(5):
        loss = head.train()(torch.from_numpy(features)).square().sum()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(head.parameters(), 1.0)
        optimizer.step()
    head.double()
    with torch.no_grad():
        scores = head.eval()(torch.from_numpy(features).double()).numpy()
    assert to_affine(head).scores(features) == pytest.approx(scores, abs=1e-6)


def test_random_heads_hang_on_the_seed_alone() -> None:
    before = torch.random.get_rng_state()
    assert torch.equal(linear_head(5, 3, seed=1).weight, linear_head(5, 3, seed=1).weight)
    assert not torch.equal(linear_head(5, 3, seed=1).weight, linear_head(5, 3, seed=2).weight)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_wrong_sizes_and_modules_are_named(features: np.ndarray, solved: Affine) -> None:
    with pytest.raises(ConfigError, match="start"):
        linear_head(6, 3, solved)
    with pytest.raises(ConfigError, match="like"):
        pool_bn_head(6, 3, like=features)
    with pytest.raises(ConfigError, match="head"):
        to_affine(nn.Flatten())
