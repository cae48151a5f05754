"""How far pictures are from those on which a network was trained, by what its batch norms remember of these.

A batch norm keeps mean and variance of every channel over its training pictures; domain adaptation replaces them by
those of the new pictures (Li et al. 2018, "Adaptive Batch Normalization for practical domain adaptation", Pattern
Recognition 80:109). How much would have to be replaced is a measure of how unlike they are, which needs no picture of
the first training and knows nothing of classes. Of the two moments the variance tells more: photographs of one kind of
thing (cars) move the means of the late channels as far as microscopy does, and their variances less.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from headstart.backbones.forward import forward

PICTURES = 48  # more hardly move it
_LATE = 1 / 3  # of the batch norms: what comes before is colour and edges


def shift(network: nn.Module, batches: Iterable[Tensor], *, device: str = "cpu") -> float | None:
    """Return by how much the spread of a network's late channels differs from that on its training pictures.

    Parameters
    ----------
    network : nn.Module
        Pre-trained; with batch norms that keep statistics.
    batches : iterable of Tensor
        Normalised pictures, (n, 3, S, S), some dozens in all.
    device : str

    Returns
    -------
    float or None
        The median over the channels of the last third of the batch norms of ``|ln(variance here / variance there)|``,
        0 for pictures like those. None for a network without such norms.
    """
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm) and module.track_running_stats]
    late = norms[-max(1, round(_LATE * len(norms))) :]  # in the order in which they are defined, as networks go
    moments = {norm: _Moments() for norm in late}
    hooks = [norm.register_forward_pre_hook(moments[norm].see) for norm in late]
    try:
        for _ in forward(network, batches, device=device):
            pass
    finally:
        for hook in hooks:
            hook.remove()
    ratios = [found.variance() / (_there(norm) + norm.eps) for norm, found in moments.items() if found.count]
    if not ratios:
        return None
    logs = np.abs(np.log(np.maximum(np.concatenate(ratios), np.finfo(np.float64).tiny)))
    return float(np.median(logs))


def _there(norm: _BatchNorm) -> np.ndarray:
    return cast(Tensor, norm.running_var).detach().cpu().numpy().astype(np.float64)


class _Moments:
    """Sums over pictures and places of what enters one norm, channel by channel."""

    def __init__(self) -> None:
        self.count = 0
        self._sums = self._squares = np.zeros(1)

    def see(self, _norm: nn.Module, given: tuple[Tensor, ...]) -> None:
        """Add one batch, (n, channels, ...)."""
        values = given[0].detach().to("cpu", torch.float32)  # not every graphics chip has float64
        over = [axis for axis in range(values.ndim) if axis != 1]
        self.count += values.numel() // values.shape[1]
        self._sums = self._sums + values.sum(over, dtype=torch.float64).numpy()
        self._squares = self._squares + values.square().sum(over, dtype=torch.float64).numpy()

    def variance(self) -> np.ndarray:
        """Return the variance of each channel, (channels,)."""
        mean = self._sums / self.count
        return np.asarray(np.maximum(self._squares / self.count - mean**2, 0.0))
