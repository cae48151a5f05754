"""The one place where a network is made again from tensors that were kept of it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from headstart.backbones.engine import Tensors
from headstart.backbones.networks import create
from headstart.backbones.readout import reading
from headstart.base.errors import ConfigError, WeightsError

_HINT = "Make the classifier again, or copy it from where it came."


def rebuild(architecture: str, tensors: Tensors, *, side: int | None, read: Sequence[str] = ()) -> nn.Module:
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

    Raises
    ------
    WeightsError
        If the tensors are not those of this network, or it has no such stage.
    ConfigError
        If there is no such network, or it is not made for that side.
    """
    network = create(architecture, image_size=side)
    try:
        network.load_state_dict({name: torch.from_numpy(value) for name, value in tensors.items()})
    except RuntimeError as error:
        raise WeightsError(f"The stored tensors do not fit the network '{architecture}'.", hint=_HINT) from error
    if not read:
        return network.eval()
    if side is None:
        raise ValueError("a network that reads stages needs the side of its pictures")
    try:
        return reading(network.eval(), side, read)
    except ConfigError as error:
        raise WeightsError(
            f"The head reads a stage that the network '{architecture}' does not have ({error.message.rstrip('.')}).",
            hint=_HINT,
        ) from error
