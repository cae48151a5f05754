"""One step of the optimiser: in pieces that fit into memory, seeded, clipped, at the step's own rate."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import cross_entropy

from headstart.backbones.compiler import compiler_later
from headstart.records.training import TrainingSettings
from headstart.tune.finite import NotFiniteError, first_not_finite
from headstart.tune.memory import MicroBatch
from headstart.tune.sources import Source, in_batches
from headstart.tune.trainee import Trainee


@dataclass(frozen=True)
class StepResult:
    """What one batch said: the objective, the summed plain cross-entropy, how many answers were right."""

    objective: float
    loss: float
    correct: int


def make_optimizer(trainee: Trainee, settings: TrainingSettings) -> torch.optim.Optimizer:
    """Return AdamW or SGD with one group per (suffix or head) and (decayed or not); ``rate`` is its peak."""
    groups: list[dict[str, Any]] = []
    for module, rate in ((trainee.suffix, settings.backbone_rate), (trainee.head, settings.head_rate)):
        parameters = list(module.parameters())
        matrices = [parameter for parameter in parameters if parameter.ndim > 1]
        vectors = [parameter for parameter in parameters if parameter.ndim <= 1]  # norms and biases
        for members, decay in ((matrices, settings.weight_decay), (vectors, 0.0)):
            if members:
                groups.append({"params": members, "lr": rate, "rate": rate, "weight_decay": decay})
    if settings.optimizer == "sgd":
        return torch.optim.SGD(groups, momentum=settings.momentum)
    return torch.optim.AdamW(groups)


class Stepper:
    """Takes the optimiser's steps on one Accelerator.

    Parameters
    ----------
    trainee : Trainee
        Moved to the accelerator's device.
    settings : TrainingSettings
    accelerator : accelerate.Accelerator
    memory : MicroBatch
    """

    def __init__(self, trainee: Trainee, settings: TrainingSettings, accelerator: Any, memory: MicroBatch) -> None:
        trainee.requires_grad_(True)  # noqa: FBT003  torch's own signature
        self.trainee = trainee
        self.settings = settings
        self.accelerator = accelerator
        self.memory = memory
        # One layout, however the module came: another one would round differently.
        trainee.to(accelerator.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        # Accelerate replaces `forward` by one in lower precision and marks the module for good. The shell
        # takes both, so that the trainee itself keeps answering in float32.
        shell = nn.Sequential(trainee)
        with compiler_later():  # which whatever an optimiser does for the first time would import
            self.model, self.optimizer = accelerator.prepare(shell, make_optimizer(trainee, settings))
            self.optimizer.zero_grad()

    def step(
        self, source: Source, loaded: NDArray[Any], labels: NDArray[np.int64], *, factor: float, seed: int
    ) -> StepResult:
        """Move the weights once by the gradient of the whole batch, at `factor` times the peak rates.

        Raises
        ------
        NotFiniteError
            If the loss is not a finite number; the weights are then as they were.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = group["rate"] * factor
        buffers = [buffer.clone() for buffer in self.trainee.buffers()]

        def attempt(size: int) -> StepResult:
            # A try that ran out of memory has left half a gradient and moved some batch-norm statistics.
            self.optimizer.zero_grad()
            for buffer, before in zip(self.trainee.buffers(), buffers, strict=True):
                buffer.copy_(before)
            with _seeded(seed, self.accelerator.device):
                return self._gradient(source, loaded, labels, size)

        result = self.memory.run(attempt)
        if not math.isfinite(result.objective):  # before the weights take it over
            some = source.tensor(loaded[: self.memory.size]).to(self.accelerator.device)
            raise NotFiniteError(first_not_finite(self.trainee, self.model, some))
        if self.settings.clip is not None:
            self.accelerator.clip_grad_norm_(self.trainee.parameters(), self.settings.clip)
        with compiler_later():
            self.optimizer.step()
        return result

    def close(self) -> None:
        """Let go of gradients and devices; the trainee is left in eval mode on the CPU."""
        # Dropped here and now: Accelerate's free_memory would collect all garbage of the process, which takes
        # longer than training a small head.
        self.optimizer.zero_grad()
        self.optimizer.state.clear()
        self.trainee.to("cpu").eval()

    def _gradient(self, source: Source, loaded: NDArray[Any], labels: NDArray[np.int64], size: int) -> StepResult:
        """Add up the gradients of pieces of about `size` pictures; their weights make it the batch's mean."""
        device = self.accelerator.device
        total = torch.zeros(3, device=device)
        for piece in in_batches(np.arange(len(labels)), size):
            part = slice(int(piece[0]), int(piece[-1]) + 1)
            targets = torch.from_numpy(labels[part]).to(device)
            scores = self.model(source.tensor(loaded[part]).to(device)).float()
            smoothing = self.settings.label_smoothing
            objective = cross_entropy(scores, targets, reduction="sum", label_smoothing=smoothing)
            objective = objective / len(labels)
            self.accelerator.backward(objective)
            with torch.no_grad():
                plain = cross_entropy(scores, targets, reduction="sum")
                correct = (scores.argmax(dim=1) == targets).sum()
                total += torch.stack([objective, plain, correct.to(plain.dtype)])
        objective_sum, loss, right = total.tolist()
        return StepResult(objective_sum, loss, round(right))


@contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch for one step (dropout and the like) and give the old random state back afterwards."""
    with torch.random.fork_rng(devices=[device.index or 0] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
