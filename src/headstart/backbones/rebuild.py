"""The one place where a network is made again from tensors that were kept of it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from headstart.backbones.beside import FROZEN, TRAINED, beside_again
from headstart.backbones.engine import Tensors
from headstart.backbones.networks import create
from headstart.backbones.readout import reading
from headstart.base.errors import ConfigError, WeightsError

_HINT = "Make the classifier again, or copy it from where it came."


def rebuild(
    architecture: str, tensors: Tensors, *, side: int | None, read: Sequence[str] = (), beside: str | None = None
) -> nn.Module:
    """Return the network with these tensors, in evaluation mode.

    Parameters
    ----------
    architecture : str
        As `headstart.backbones.create` knows it.
    tensors : mapping of str to array
        By name, as `headstart.backbones.engine.Engine.tensors` gives them.
    side : int or None
        Of its pictures in pixels; None for the network's own. A network that reads stages needs one.
    read : sequence of str
        Stages whose entering activations it answers with too.
    beside : str, optional
        The cut behind which a trained copy of it answers beside it.

    Raises
    ------
    WeightsError
        If the tensors are not those of this network, or it has no such stage.
    ConfigError
        If there is no such network, or it is not made for that side.
    """
    network = create(architecture, image_size=side).eval()
    if not read and beside is None:
        return _with(network, tensors, architecture)
    if side is None:
        raise ValueError("a network that reads stages needs the side of its pictures")
    try:
        if beside is None:
            return reading(_with(network, tensors, architecture), side, read)
        return _with(beside_again(network, side, cut=beside, stages=read), tensors, architecture)
    except ConfigError as error:
        raise WeightsError(
            f"The head reads a stage that the network '{architecture}' does not have ({error.message.rstrip('.')}).",
            hint=_HINT,
        ) from error


def rebuild_alone(architecture: str, tensors: Tensors, *, side: int | None, beside: str | None = None) -> nn.Module:
    """Return the network that was trained, without anything that answers beside it or is read out of it.

    Parameters and errors are those of `rebuild`.
    """
    if beside is not None:
        own = {place: _below(f"{place}.", tensors) for place in (FROZEN, TRAINED)}
        tensors = {**own[FROZEN], **own[TRAINED]}
    return _with(create(architecture, image_size=side).eval(), tensors, architecture)


def _with(network: nn.Module, tensors: Tensors, architecture: str) -> nn.Module:
    try:
        network.load_state_dict({name: torch.from_numpy(value) for name, value in tensors.items()})
    except RuntimeError as error:
        raise WeightsError(f"The stored tensors do not fit the network '{architecture}'.", hint=_HINT) from error
    return network


def _below(prefix: str, tensors: Tensors) -> Tensors:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
