"""What is trained, and what it answers."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from headstart.base.types import Floats
from headstart.records.training import BatchNorm
from headstart.tune.sources import RowNumbers, Source, in_batches, loaded_batches

EVALUATION_BATCH = 32


class Trainee(nn.Module):
    """The part of the backbone above the cut, and the head on top of it.

    Parameters
    ----------
    suffix : torch.nn.Module
        Activations at the cut (or pictures) to pooled features, (n, features).
    head : torch.nn.Module
        Pooled features to scores, (n, classes).
    """

    def __init__(self, suffix: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.suffix = suffix
        self.head = head

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return scores, (n, classes)."""
        scores: torch.Tensor = self.head(self.suffix(x))
        return scores


def predict(trainee: Trainee, source: Source, rows: RowNumbers, *, batch_size: int = EVALUATION_BATCH) -> Floats:
    """Return scores, (n, classes) float32, of the pictures at `rows` as at prediction.

    Eval mode, no gradients, float32 whatever precision it trains in; the trainee is left in eval mode, on
    the device where it is.
    """
    trainee.eval()
    device = next(trainee.head.parameters()).device
    found = []
    with torch.inference_mode():
        for _, loaded in loaded_batches(source, in_batches(rows, batch_size), None):
            found.append(trainee(source.tensor(loaded).to(device)).cpu().numpy())
    return np.concatenate(found)


def training_mode(trainee: Trainee, batch_norm: BatchNorm) -> None:
    """Switch to training; with ``"frozen"`` the suffix's batch norms keep using the statistics they have."""
    trainee.train()
    if batch_norm == "frozen":
        for module in trainee.suffix.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()


def normalises_by_batch(trainee: Trainee, batch_norm: BatchNorm) -> bool:
    """Return whether some batch norm needs more than one picture at a time in training."""
    part: nn.Module = trainee.head if batch_norm == "frozen" else trainee
    return any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in part.modules())
