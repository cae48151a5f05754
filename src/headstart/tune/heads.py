"""Heads that are trained, and the way between them and the plain arrays of `headstart.base.types.Affine`.

A head starts either at random or from one that was solved on the frozen features (first linear probing,
then fine-tuning: Kumar et al. 2022, "Fine-Tuning can Distort Pretrained Features"); afterwards it is folded
back into arrays, so that every classifier answers in the same way.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn

from headstart.base.params import bad_parameter
from headstart.base.types import Affine, Floats


class PoolBatchNormHead(nn.Module):
    """Batch norm over pooled features, then a linear layer."""

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(features)
        self.linear = nn.Linear(features, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return scores, (n, classes), of pooled features, (n, features)."""
        scores: torch.Tensor = self.linear(self.norm(x))
        return scores


def linear_head(features: int, classes: int, start: Affine | None = None, *, seed: int = 0) -> nn.Linear:
    """Return a linear head, (n, features) to scores (n, classes).

    Parameters
    ----------
    features, classes : int
    start : Affine, optional
        Begin as this solved head (its temperature folded in); otherwise at random.
    seed : int
        For the random start.

    Raises
    ------
    ConfigError
        If `start` is of another size.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = nn.Linear(features, classes)
    if start is not None:
        weight, bias = _plain(start, features, classes)
        _fill(head, weight, bias)
    return head


def pool_bn_head(
    features: int,
    classes: int,
    start: Affine | None = None,
    *,
    like: Floats | None = None,
    seed: int = 0,
) -> PoolBatchNormHead:
    """Return batch norm and a linear layer, (n, features) to scores (n, classes).

    Parameters
    ----------
    features, classes : int
    start : Affine, optional
        Begin as this solved head: the linear layer is adjusted to the statistics with which batch norm
        begins, so that in eval mode the function is the same.
    like : array, (n, features), optional
        Training features; batch norm begins with their mean and variance (default: 0 and 1).
    seed : int
        For the random start.

    Raises
    ------
    ConfigError
        If `start` or `like` is of another size.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = PoolBatchNormHead(features, classes)
    if like is not None and (like.ndim != 2 or like.shape[1] != features):
        raise bad_parameter("like", "pool_bn_head", f"of {features} columns", like.shape)
    mean = np.zeros(features) if like is None else np.mean(like, axis=0, dtype=np.float64)
    var = np.ones(features) if like is None else np.var(like, axis=0, dtype=np.float64)
    statistics = {"running_mean": torch.from_numpy(mean), "running_var": torch.from_numpy(var)}
    head.norm.load_state_dict(statistics, strict=False)
    if start is not None:
        weight, bias = _plain(start, features, classes)
        scale = np.sqrt(var + head.norm.eps)
        _fill(head.linear, weight * scale, bias + weight @ mean)
    return head


def to_affine(head: nn.Module) -> Affine:
    """Return the plain arrays (float64) that answer as `head` does in eval mode, batch norm folded in.

    Raises
    ------
    ConfigError
        If `head` is not one of this module's.
    """
    if isinstance(head, nn.Linear):
        return Affine(weight=_array(head.weight), bias=_array(head.bias))
    if not isinstance(head, PoolBatchNormHead):
        raise bad_parameter("head", "to_affine", "a linear or a pool-bn head", type(head).__name__)
    norm, linear = head.norm, to_affine(head.linear)
    scale = _array(norm.weight) / np.sqrt(_array(norm.running_var) + norm.eps)
    shift = _array(norm.bias) - _array(norm.running_mean) * scale
    return Affine(weight=linear.weight * scale, bias=linear.bias + linear.weight @ shift)


def _plain(start: Affine, features: int, classes: int) -> tuple[Floats, Floats]:
    """Return weight and bias in float64, divided by the temperature."""
    if start.weight.shape != (classes, features) or not math.isfinite(start.temperature):
        raise bad_parameter("start", "a trained head", f"of shape {(classes, features)}", tuple(start.weight.shape))
    weight = np.asarray(start.weight, np.float64) / start.temperature
    return weight, np.asarray(start.bias, np.float64) / start.temperature


@torch.no_grad()
def _fill(layer: nn.Linear, weight: Floats, bias: Floats) -> None:
    layer.weight.copy_(torch.from_numpy(weight))
    layer.bias.copy_(torch.from_numpy(bias))


def _array(tensor: torch.Tensor | None) -> Floats:
    if tensor is None:
        raise bad_parameter("head", "to_affine", "a head with bias and statistics", None)
    array: Floats = tensor.detach().cpu().numpy().astype(np.float64)
    return array
