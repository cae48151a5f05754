"""timm and torchvision, imported here and nowhere else, without what classifiers do not need.

torchvision's `ops.roi_align`, an operator for finding objects that no classifier calls, imports PyTorch's compiler
for one function, and timm's NaFlexViT for a decorator; with it come sympy and two thirds of all that is imported.
While the two libraries are imported here a stand-in answers for it, which fetches the real one if it is ever called.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from importlib import import_module
from types import ModuleType
from typing import Any

_COMPILER = "torch._dynamo"


def _is_compile_supported(device_type: str) -> Any:
    """As the function of that name, which is fetched now."""
    return import_module(f"{_COMPILER}.utils").is_compile_supported(device_type)


def _disable(
    function: Callable[..., Any] | None = None,
    recursive: bool = True,  # noqa: FBT001, FBT002  (as in torch)
    **options: Any,
) -> Callable[..., Any]:
    """As `torch.compiler.disable`, but settled at the call: there is nothing to hide while no compiler is there."""
    if function is None:
        return partial(_disable, recursive=recursive, **options)

    @wraps(function)
    def called(*arguments: Any, **named: Any) -> Any:
        if _COMPILER not in sys.modules:
            return function(*arguments, **named)
        hidden = import_module(_COMPILER).disable(function, recursive, **options)
        return hidden(*arguments, **named)

    return called


@contextmanager
def _compiler_later() -> Iterator[None]:
    """Let imports find a stand-in for PyTorch's compiler, unless it is there already; take it away afterwards."""
    import torch  # first: it may want the real one

    if _COMPILER in sys.modules or not hasattr(torch, "compile"):
        yield
        return
    compiler, utilities = ModuleType(_COMPILER), ModuleType(f"{_COMPILER}.utils")
    vars(compiler).update(__path__=[], disable=_disable, utils=utilities)
    vars(utilities).update(is_compile_supported=_is_compile_supported)
    stand_ins = {module.__name__: module for module in (compiler, utilities)}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, module in stand_ins.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]


def _import(names: tuple[str, ...]) -> None:
    """Import modules with the stand-in; a version that needs more of the compiler imports it after all."""
    try:
        with _compiler_later():
            for name in names:
                import_module(name)
    except (ImportError, AttributeError, TypeError):
        for name in names:
            import_module(name)


_import(("torchvision", "torchvision.models", "timm", "timm.data"))

import timm as timm  # noqa: E402
import torchvision as torchvision  # noqa: E402
