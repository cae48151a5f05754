"""Where numbers stop being finite: the step, and the first layer whose answer is not."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import torch
from torch import nn


class NotFiniteError(Exception):
    """A loss or a weight is no longer a finite number.

    Parameters
    ----------
    layer : str, optional
        The first layer, in the order of the answer, that says something else; None where none does or nobody looked.
    """

    def __init__(self, layer: str | None = None) -> None:
        super().__init__(layer)
        self.layer = layer


def all_finite(module: nn.Module) -> bool:
    """Return whether every weight and statistic of `module` is a finite number."""
    return all(map(_finite, (*module.parameters(), *module.buffers())))


def first_not_finite(module: nn.Module, ask: nn.Module, inputs: torch.Tensor) -> str | None:
    """Return the name in `module` of the first layer that does not answer `inputs` with finite numbers, if any.

    `ask` is what is called: the module itself, or what wraps it to compute in lower precision.
    """
    found: list[str] = []

    def hook(name: str) -> Any:
        def look(_module: nn.Module, _inputs: Any, answer: Any) -> None:
            if isinstance(answer, torch.Tensor) and not found and not _finite(answer):
                found.append(name)

        return look

    with ExitStack() as hooks, torch.no_grad():
        for name, layer in module.named_modules():
            if next(layer.children(), None) is None:
                hooks.callback(layer.register_forward_hook(hook(name)).remove)
        ask(inputs)
    return found[0] if found else None


def _finite(tensor: torch.Tensor) -> bool:
    return bool(torch.isfinite(tensor).all())
