"""Which library a network's name belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Literal

from headstart.backbones.libraries import timm, torchvision
from headstart.backbones.scratch import SCRATCH
from headstart.base.errors import ConfigError

DEFAULT_NAME = "tf_efficientnet_lite0"
_PREFIX = "torchvision/"


@dataclass(frozen=True)
class NetworkName:
    """A network's name, resolved.

    Parameters
    ----------
    library : str
        ``"timm"``, ``"torchvision"`` or ``"headstart"``.
    architecture : str
        The name inside that library.
    tag : str
        Which of several published weights: ``a1_in1k`` (timm), ``IMAGENET1K_V1`` (torchvision), or nothing.
    """

    library: Literal["timm", "torchvision", "headstart"]
    architecture: str
    tag: str = ""

    @property
    def full(self) -> str:
        """The name inside its library, with the tag."""
        return f"{self.architecture}.{self.tag}" if self.tag else self.architecture


def resolve(name: str) -> NetworkName:
    """Return the library and architecture of `name`.

    Parameters
    ----------
    name : str
        A timm name, with or without the tag of its weights; ``torchvision/NAME``; the plain torchvision
        name where timm has none; ``convnet4`` or ``convnet64``.

    Raises
    ------
    ConfigError
        If no library has it; the nearest names are in the hint.
    """
    plain = name.removeprefix(_PREFIX)
    architecture, _, tag = plain.partition(".")
    if name.startswith(_PREFIX):
        if architecture in _torchvision_names():
            return _with_tag("torchvision", architecture, tag, name)
    elif name in SCRATCH:
        return NetworkName("headstart", name)
    elif timm.is_model(architecture):
        return _with_tag("timm", architecture, tag, name)
    elif architecture in _torchvision_names():
        return _with_tag("torchvision", architecture, tag, name)
    raise _unknown(name, _all_names())


def of_library(library: str, architecture: str) -> str:
    """Return the name under which `load` knows `architecture` of `library`."""
    return f"{_PREFIX}{architecture}" if library == "torchvision" else architecture


def _with_tag(library: Literal["timm", "torchvision"], architecture: str, tag: str, name: str) -> NetworkName:
    if not tag:
        return NetworkName(library, architecture)
    if library == "timm":
        known = [full.partition(".")[2] for full in timm.list_pretrained(f"{architecture}.*")]
    else:
        known = [weights.name for weights in torchvision.models.get_model_weights(architecture)]
    if tag in known:
        return NetworkName(library, architecture, tag)
    start = name.removesuffix(tag)
    raise _unknown(name, [f"{start}{other}" for other in known] or [start.rstrip(".")])


@cache
def _torchvision_names() -> frozenset[str]:
    return frozenset(torchvision.models.list_models(module=torchvision.models))


@cache
def _all_names() -> tuple[str, ...]:
    others = _torchvision_names()
    prefixed = (f"{_PREFIX}{name}" for name in others)
    return tuple(sorted({*SCRATCH, *timm.list_models(), *others, *prefixed}))


def _unknown(name: str, known: list[str] | tuple[str, ...]) -> ConfigError:
    near = get_close_matches(name, known, n=3, cutoff=0.6)
    hint = (
        f"Did you mean {' or '.join(repr(other) for other in near)}?"
        if near
        else f"Use a network of timm, or torchvision/NAME, or leave it out for '{DEFAULT_NAME}'."
    )
    return ConfigError(f"No network is called '{name}'.", hint=hint)
