"""Where a suffix starts: what it says of the pictures in training mode, for a head to be solved on.

A head that was solved on the frozen network's features collapses when training begins: in training mode
batch norm uses the batch's own statistics, the pictures are augmented, and a solved head has long weights along
directions that hardly varied before. (Measured: a training loss of 42 in the first epoch, and no recovery in
five; docs/decisions.md.) So the head is solved on what the training will show it, and batch norm first learns
the statistics of these pictures.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from headstart.base.streams import stream, stream_seed
from headstart.records.progress import Progress, Silent
from headstart.records.training import TrainingSettings
from headstart.tune.sources import RowNumbers, Source, in_batches, loaded_batches
from headstart.tune.trainee import Trainee, training_mode

_BatchNorm = nn.modules.batchnorm._BatchNorm


def features_in_training(
    suffix: nn.Module,
    source: Source,
    rows: RowNumbers,
    *,
    settings: TrainingSettings,
    seed: int,
    run: str,
    draws: str | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Return pooled features of augmented pictures in training mode, (len(rows), d); no weight is changed.

    With ``settings.batch_norm == "update"`` the statistics of batch norm are replaced by the mean over these
    batches.

    Parameters
    ----------
    suffix : torch.nn.Module
        Left on the CPU, in eval mode.
    source : Source
        Its view of epoch 0 is used.
    rows : array of int, (n,)
    settings : TrainingSettings
    seed : int
    run : str
        For messages.
    draws : str, optional
        The name of the random order and of dropout; None: `run`.
    device : str
    progress : Progress, optional
    """
    suffix.to(memory_format=torch.channels_last)
    suffix.to(device)
    training_mode(Trainee(suffix, nn.Identity()), settings.batch_norm)
    learning = [module for module in suffix.modules() if isinstance(module, _BatchNorm) and module.training]
    momenta = [module.momentum for module in learning]
    for module in learning:
        module.reset_running_stats()
        module.momentum = None  # the plain mean over all batches
    draws = draws or run
    order = stream(seed, "order", draws, 0).permutation(len(rows))
    found: list[NDArray[np.float32]] = []
    with (
        (progress or Silent()).step(f"{run}: start", len(rows)) as step,
        torch.random.fork_rng(devices=[]),
        torch.no_grad(),
    ):
        torch.manual_seed(stream_seed(seed, draws, "start"))
        for batch, loaded in loaded_batches(source, in_batches(rows[order], settings.batch_size), 0):
            found.append(suffix(source.tensor(loaded).to(device)).float().cpu().numpy())
            step.advance(len(batch))
    for module, momentum in zip(learning, momenta, strict=True):
        module.momentum = momentum
    suffix.to("cpu").eval()
    features = np.empty((len(rows), found[0].shape[1]), np.float32)
    features[order] = np.concatenate(found)
    return features
