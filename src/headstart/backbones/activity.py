"""What in a network is active: the maps behind the last activation function of each stage, counted as they pass.

Networks apply their activation functions as modules or as plain calls, inside blocks that no graph shows. Every such
call passes torch's own switch for functions, so that is where they are watched; which stage is at work is known from
the network's graph. Of a stage the last call counts whose answer still is a map (more than one place a channel): the
small vectors of squeeze-and-excitation, and what comes behind the pooling, are none. Of branches that stand side by
side, such as Inception's, it is the last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from headstart.backbones.forward import evaluating
from headstart.backbones.stages import Plan, noise
from headstart.base.errors import ConfigError

# What is inactive behind a function that has no exact zeros: below a twentieth of the layer's own root mean square.
NEAR = 0.05
MOST_CHANNELS = 64  # whose maps are kept for looking at

_RELU, _RELU6 = "ReLU", "ReLU6"
_EXACT = (_RELU, _RELU6)
_WATCHED: dict[Callable[..., Any], str] = {
    functional.relu: _RELU,
    functional.relu_: _RELU,
    torch.relu: _RELU,
    torch.relu_: _RELU,
    Tensor.relu: _RELU,
    Tensor.relu_: _RELU,
    functional.relu6: _RELU6,
    functional.hardtanh: "Hardtanh",
    functional.hardtanh_: "Hardtanh",
    functional.gelu: "GELU",
    functional.silu: "SiLU",
    functional.hardswish: "Hardswish",
    functional.mish: "Mish",
    functional.leaky_relu: "LeakyReLU",
    functional.elu: "ELU",
    functional.selu: "SELU",
    functional.prelu: "PReLU",
}


@dataclass(frozen=True)
class Layer:
    """The activation function that closes a stage.

    Parameters
    ----------
    stage : str
    function : str
        Its name, ``"ReLU"`` for example.
    call : int
        Which of all watched calls of one pass it is, from 0 on.
    channels, places : int
        Of its answer: a unit is one channel at one place.
    channel_axis : int
        Where the channels stand in a batch of answers.
    limit : float
        A unit is inactive where its size is at most this: 0 behind functions with exact zeros.
    """

    stage: str
    function: str
    call: int
    channels: int
    places: int
    channel_axis: int
    limit: float = 0.0

    @property
    def exact(self) -> bool:
        """Whether inactive means exactly 0."""
        return self.function in _EXACT


@dataclass(frozen=True, eq=False)
class Counted:
    """What some pictures left of the layers.

    Parameters
    ----------
    layers : tuple of Layer
        With the limits that were used.
    inactive, capped : arrays, (pictures, layers)
        The share of units that were inactive, and of those at the upper end of ReLU6 (0 elsewhere).
    dead_units, dead_channels : tuple of int
        Of each layer, how many were active in no picture at all.
    """

    layers: tuple[Layer, ...]
    inactive: NDArray[np.float64]
    capped: NDArray[np.float64]
    dead_units: tuple[int, ...]
    dead_channels: tuple[int, ...]


class _Watch(TorchFunctionMode):
    """Hands every answer of an activation function to `seen`, with its name."""

    def __init__(self, seen: Callable[[str, Tensor], None]) -> None:
        super().__init__()
        self._seen = seen

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        said = func(*args, **(kwargs or {}))
        name = _WATCHED.get(func)
        if name is not None and isinstance(said, Tensor):
            self._seen(_RELU6 if name == "Hardtanh" and _clips_at_six(args, kwargs or {}) else name, said)
        return said


class _Staged(fx.Interpreter):
    """Runs a network by its graph and knows which stage is at work."""

    def __init__(self, network: nn.Module, plan: Plan) -> None:
        if plan.traced is None:
            raise ConfigError(
                "This network cannot be divided into stages, so their inactive parts cannot be counted.",
                hint="Use another network; headstart stages NETWORK shows whether it has stages.",
            )
        super().__init__(network, graph=plan.traced.graph)
        self._stages = {node: part.name for part in plan.traced.parts for node in part.nodes}
        self.stage = ""

    def run_node(self, n: fx.Node) -> Any:
        self.stage = self._stages.get(n, self.stage)
        return super().run_node(n)

    def watched(self, pictures: Tensor, seen: Callable[[str, Tensor], None]) -> None:
        """Run over a batch, (n, 3, S, S), in evaluation mode; `seen` hears of each activation function."""
        with evaluating(self.module), torch.inference_mode(), _Watch(seen):
            self.run(pictures)


def layers_of(network: nn.Module, plan: Plan, side: int) -> tuple[Layer, ...]:
    """Return the activation functions that close a network's stages, first to last; a stage without one is left out.

    Raises
    ------
    ConfigError
        If the network cannot be taken apart into stages, or no stage ends in an activation function that is known.
    """
    staged, calls, found = _Staged(network, plan), 0, dict[str, Layer]()

    def seen(name: str, said: Tensor) -> None:
        nonlocal calls
        axis = channel_axis(tuple(said.shape))
        if axis is not None:
            channels = said.shape[axis]
            found[staged.stage] = Layer(staged.stage, name, calls, channels, said[0].numel() // channels, axis)
        calls += 1

    staged.watched(noise(side), seen)
    if not found:
        raise ConfigError(
            "No stage of this network ends in an activation function that headstart knows.",
            hint="It knows: " + ", ".join(sorted(set(_WATCHED.values()))) + ".",
        )
    return tuple(found.values())


def channel_axis(shape: Sequence[int]) -> int | None:
    """Return where the channels of a batch of maps stand; None where it is no map, with one place a channel.

    (n, C, H, W) and (n, H, W, C) are told apart by their squares; (n, tokens, C) have theirs last.
    """
    if len(shape) == 4:
        last = shape[1] == shape[2] != shape[3]
        return None if shape[2] * (shape[1] if last else shape[3]) == 1 else 3 if last else 1
    return 2 if len(shape) == 3 and shape[1] > 1 else None


class Meter:
    """Counts what is inactive in a network, batch by batch.

    Parameters
    ----------
    network : nn.Module
        Pictures, (n, 3, S, S), to features.
    plan : Plan
        Its stages.
    layers : sequence of Layer
        From `layers_of`, of a network of the same kind.
    """

    def __init__(self, network: nn.Module, plan: Plan, layers: Sequence[Layer]) -> None:
        self._staged, self.layers = _Staged(network, plan), tuple(layers)
        self._at = {layer.call: place for place, layer in enumerate(layers)}
        self._ever: dict[int, Tensor] = {}
        self._inactive: list[NDArray[np.float64]] = []
        self._capped: list[NDArray[np.float64]] = []

    def calibrate(self, pictures: Tensor) -> None:
        """Set the limits of layers without exact zeros, by the root mean square of some pictures' maps."""
        if all(layer.exact for layer in self.layers):
            return
        sizes = dict[int, float]()
        self._pass(pictures, lambda place, said: sizes.update({place: float(said.float().square().mean().sqrt())}))
        self.layers = tuple(
            layer if layer.exact else replace(layer, limit=NEAR * sizes[place])
            for place, layer in enumerate(self.layers)
        )

    def count(self, pictures: Tensor) -> None:
        """Count the units of a batch, (n, 3, S, S)."""
        shares = np.zeros((2, len(pictures), len(self.layers)))

        def seen(place: int, said: Tensor) -> None:
            layer = self.layers[place]
            active = said.abs() > layer.limit
            over = tuple(range(1, said.ndim))
            shares[0, :, place] = 1 - active.float().mean(dim=over).double().cpu().numpy()
            if layer.function == _RELU6:
                shares[1, :, place] = (said >= 6).float().mean(dim=over).double().cpu().numpy()
            ever = active.any(dim=0)
            self._ever[place] = ever | self._ever[place] if place in self._ever else ever

        self._pass(pictures, seen)
        self._inactive.append(shares[0])
        self._capped.append(shares[1])

    def maps(self, pictures: Tensor) -> NDArray[np.float32] | None:
        """Return maps of the last layer, (n, channels, H, W), inactive units exactly 0, of evenly chosen channels.

        At most 64 channels. None where its places are no square.
        """
        kept: list[Tensor] = []
        last = len(self.layers) - 1
        self._pass(pictures, lambda place, said: kept.append(said.clone()) if place == last else None)
        layer, said = self.layers[last], kept[0].float().cpu()
        said = said.movedim(layer.channel_axis, 1).flatten(2)
        side = round(layer.places**0.5)
        extra = layer.places - side * side  # a class token stands before the places
        if extra not in (0, 1):
            return None
        said = torch.where(said.abs() > layer.limit, said, torch.zeros(()))[:, chosen_channels(layer.channels), extra:]
        return np.asarray(said.reshape(*said.shape[:2], side, side).numpy(), np.float32)

    def counted(self) -> Counted:
        """Return what was counted so far."""
        alive = [self._ever[place] for place in range(len(self.layers))]
        channels = [
            ever.movedim(layer.channel_axis - 1, 0).flatten(1).any(dim=1)
            for ever, layer in zip(alive, self.layers, strict=True)
        ]
        return Counted(
            self.layers,
            np.concatenate(self._inactive),
            np.concatenate(self._capped),
            tuple(int((~ever).sum()) for ever in alive),
            tuple(int((~one).sum()) for one in channels),
        )

    def _pass(self, pictures: Tensor, seen: Callable[[int, Tensor], Any]) -> None:
        """Run over a batch; `seen` hears of the layers, by their places."""
        calls = 0

        def heard(_: str, said: Tensor) -> None:
            nonlocal calls
            place = self._at.get(calls)
            calls += 1
            if place is not None:
                seen(place, said)  # at once: what comes behind may write into the same memory

        self._staged.watched(pictures, heard)


def chosen_channels(count: int) -> list[int]:
    """Return at most 64 of so many channels, evenly chosen, so that none is preferred for what it shows."""
    most = min(count, MOST_CHANNELS)
    return [at * count // most for at in range(most)]


def _clips_at_six(args: Sequence[Any], options: Mapping[str, object]) -> bool:
    """Return whether a call of hardtanh is ReLU6, which modules write so."""
    low = args[1] if len(args) > 1 else options.get("min_val", -1.0)
    high = args[2] if len(args) > 2 else options.get("max_val", 1.0)
    return bool(low == 0 and high == 6)
