"""A running mean of the weights: what is judged and kept while the training itself goes on from the latest.

The last steps of a training wander around a good place; their mean lies nearer to it (Polyak and Juditsky 1992;
Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima and Better Generalization"). The statistics of batch
norm are averaged with the weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from headstart.tune.checkpoint import Tensors
from headstart.tune.trainee import Trainee


class Average:
    """The mean of a trainee's tensors over about the last so many steps; the older, the less they count.

    Parameters
    ----------
    trainee : Trainee
    steps : float
        0: no mean at all, the latest weights count.

    Attributes
    ----------
    tensors : dict of str to Tensor
        The mean; empty before the first step.
    seen : int
        How many steps are in it.
    """

    def __init__(self, trainee: Trainee, steps: float) -> None:
        self.trainee = trainee
        self.steps = steps
        self.tensors: Tensors = {}
        self.seen = 0

    @torch.no_grad()
    def update(self) -> None:
        """Take the weights as they are after a step into the mean."""
        if not self.steps:
            return
        self.seen += 1
        share = max(1 / self.seen, min(1 / self.steps, 1.0))  # the first steps count alike
        for name, value in self.trainee.state_dict().items():
            mean = self.tensors.get(name)
            if mean is None or not value.is_floating_point():  # counters: the latest
                self.tensors[name] = value.detach().clone()
            else:
                mean.lerp_(value, share)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Within this context the trainee has the mean for its weights."""
        if not self.tensors:
            yield
            return
        latest = {name: value.detach().clone() for name, value in self.trainee.state_dict().items()}
        self.trainee.load_state_dict(self.tensors)
        try:
            yield
        finally:
            self.trainee.load_state_dict(latest)

    def restore(self, tensors: Tensors, seen: int, device: torch.device) -> None:
        """Go on from a checkpoint."""
        self.tensors = {name: value.to(device) for name, value in tensors.items()}
        self.seen = seen
