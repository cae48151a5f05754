from __future__ import annotations

import numpy as np
import torch
from torch import nn

from headstart.records.training import TrainingSettings
from headstart.tune import ActivationSource, features_in_training


def source(pictures: int = 60) -> ActivationSource:
    rng = np.random.default_rng(0)
    values = (5 + 3 * rng.normal(size=(pictures, 4, 3, 3))).astype(np.float16)
    return ActivationSource([values], values, np.arange(pictures) % 2)


def suffix() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.BatchNorm2d(4), nn.Conv2d(4, 6, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.1))


def start(part: nn.Module, batch_norm: str, seed: int = 0) -> np.ndarray:
    settings = TrainingSettings(batch_size=20, batch_norm=batch_norm)
    return features_in_training(part, source(), np.arange(60), settings=settings, seed=seed, run="full")


def test_batch_norm_learns_the_statistics_and_no_weight_moves() -> None:
    part = suffix()
    weights = part[1].weight.detach().clone()
    features = start(part, "update")
    assert features.shape == (60, 6)
    assert torch.allclose(part[0].running_mean, torch.full((4,), 5.0), atol=0.5)
    assert part[0].momentum == 0.1
    assert torch.equal(part[1].weight, weights)
    assert not part.training


def test_frozen_statistics_stay() -> None:
    part = suffix()
    start(part, "frozen")
    assert torch.equal(part[0].running_mean, torch.zeros(4))
    assert int(part[0].num_batches_tracked) == 0


def test_rows_come_back_in_their_order_and_the_seed_decides() -> None:
    plain = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    features = start(plain, "update")
    assert np.allclose(features, source().plain.astype(np.float32).mean(axis=(2, 3)), atol=1e-3)
    assert np.array_equal(start(suffix(), "update"), start(suffix(), "update"))
    assert not np.array_equal(start(suffix(), "update"), start(suffix(), "update", seed=1))
