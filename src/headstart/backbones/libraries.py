"""timm and torchvision, imported here and nowhere else, without what classifiers do not need.

torchvision's `ops.roi_align`, an operator for finding objects that no classifier calls, imports PyTorch's compiler
for one function, and timm's NaFlexViT for a decorator; with it come sympy and two thirds of all that is imported.
While the two libraries are imported here a stand-in answers for it, which fetches the real one if it is ever called.

timm imports W&B where that is installed, and the client of the Hugging Face hub, which then reads what it may tell.
"""

from __future__ import annotations

from importlib import import_module

from headstart.backbones.compiler import compiler_later
from headstart.base.environment import silence


def _import(names: tuple[str, ...]) -> None:
    """Import modules with the stand-in; a version that needs more of the compiler imports it after all."""
    try:
        with compiler_later():
            for name in names:
                import_module(name)
    except (ImportError, AttributeError, TypeError):
        for name in names:
            import_module(name)


def here() -> None:
    """Do nothing: whoever keeps a network by pickle names this first, so that both come through here again."""


with silence():
    _import(("torchvision", "torchvision.models", "timm", "timm.data"))

import timm as timm  # noqa: E402
import torchvision as torchvision  # noqa: E402
