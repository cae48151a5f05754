"""The engine room: what a classifier answers with, in whichever way its network is at hand.

Three engines answer alike: `TorchEngine` (a network that was made), `headstart.backbones.held.Held` (one that is made
when it is first asked for) and `headstart.backbones.onnx.OnnxNetwork` (a graph, which needs no torch). Nobody outside
asks which one it is. Nothing here imports torch before it is needed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from headstart.base.process import torch_in_budget
from headstart.records import plan
from headstart.records.preprocessing import Preprocessing

if TYPE_CHECKING:
    from torch import nn

EngineName = plan.Engine
Tensors = Mapping[str, NDArray[Any]]
Batches = Iterator[NDArray[np.uint8]]
Features = Iterator[NDArray[np.float32]]


class Engine(Protocol):
    """Turns framed pictures into features."""

    @property
    def name(self) -> EngineName:
        """``"torch"`` or ``"onnx"``."""

    @property
    def network(self) -> nn.Module:
        """The network as it was loaded or trained; RuntimeError for a graph, which has none."""

    @property
    def answering(self) -> nn.Module:
        """The network as it answers, folded (`headstart.backbones.folding`); RuntimeError for a graph."""

    @property
    def folded(self) -> bool | None:
        """Whether the network that answers is folded, as a bundle must say; None: whoever loads it decides."""

    def features_of(self, batches: Batches, preprocessing: Preprocessing, *, device: str = "cpu") -> Features:
        """Yield features, (n, d), of batches of framed pictures, (n, side, side, 3) each."""

    def tensors(self) -> Tensors:
        """Return the network's tensors by name, as they are saved; RuntimeError for a graph."""


@dataclass(frozen=True, eq=False)
class TorchEngine:
    """A network of torch, in evaluation mode: normalised pictures, (n, 3, side, side), to features, (n, d).

    Parameters
    ----------
    network : nn.Module
    side : int
        Of the pictures in pixels.
    decided : bool, optional
        Whether it answers folded, as a bundle says it. Asked again, a network at the edge of agreement might be rounded
        to the other side, and would answer otherwise than it has. None: it is decided when it first answers.
    """

    network: nn.Module
    side: int
    decided: bool | None = None

    @property
    def name(self) -> EngineName:
        """It runs in torch."""
        return "torch"

    @cached_property
    def answering(self) -> nn.Module:
        """The network as it answers: stored features come from the same."""
        from headstart.backbones.folding import AGREE, folded
        from headstart.backbones.stages import noise

        if self.decided is False:
            return self.network
        agree = AGREE if self.decided is None else math.inf
        return folded(self.network, noise(self.side), agree=agree)

    @property
    def folded(self) -> bool:
        """Whether it answers folded."""
        return self.answering is not self.network

    def features_of(self, batches: Batches, preprocessing: Preprocessing, *, device: str = "cpu") -> Features:
        """Yield features of batches of framed pictures."""
        return torch_features(self, batches, preprocessing, device)

    def tensors(self) -> Tensors:
        """Return the network's tensors by name."""
        return arrays_of(self.network)

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how to make it again elsewhere; the libraries of its network come through their door there too."""
        from headstart.backbones.libraries import here

        decided = self.folded if "answering" in self.__dict__ else self.decided
        return _again, (here, self.network, self.side, decided)


def _again(_: object, network: nn.Module, side: int, decided: bool | None) -> TorchEngine:  # noqa: FBT001 - pickle's way
    return TorchEngine(network, side, decided)


def torch_features(engine: Engine, batches: Batches, preprocessing: Preprocessing, device: str) -> Features:
    """Yield what the network of an engine says of framed pictures, by the one forward pass."""
    with torch_in_budget():
        from headstart.backbones.forward import forward, normalise

    pictures = (normalise(batch, preprocessing) for batch in batches)
    for features in forward(engine.answering, pictures, device=device):
        yield features.numpy()


def arrays_of(network: nn.Module) -> Tensors:
    """Return the tensors of a network by name."""
    return {name: value.detach().cpu().contiguous().numpy() for name, value in network.state_dict().items()}
