"""PyTorch's compiler, which importing takes longer than everything else of torch and which no classifier needs.

torch imports it whenever something that is marked as hidden from it is called for the first time: counting
operations, an optimiser's step. Within `compiler_later` a stand-in answers, which fetches the real one if that is
ever called.
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
    return _real(f"{_COMPILER}.utils").is_compile_supported(device_type)


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
        compiler = sys.modules.get(_COMPILER)
        if compiler is None or isinstance(compiler, _StandIn):
            return function(*arguments, **named)
        hidden = compiler.disable(function, recursive, **options)
        return hidden(*arguments, **named)

    return called


def _graph_break(*_: Any, **__: Any) -> None:
    """As the function of that name while nothing is compiled."""


class _StandIn(ModuleType):
    """A module that has what is asked of it here, and fetches the real one for anything else."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module '{self.__name__}' has no attribute '{name}'")
        return getattr(_real(self.__name__), name)


def _real(name: str) -> ModuleType:
    """Return a module of the compiler itself, imported now if it is not there; no stand-in stays."""
    for stand_in in [key for key, module in sys.modules.items() if isinstance(module, _StandIn)]:
        del sys.modules[stand_in]
    return import_module(name)


@contextmanager
def compiler_later() -> Iterator[None]:
    """Let imports find a stand-in for PyTorch's compiler, unless it is there already; take it away afterwards."""
    import torch  # first: it may want the real one

    if _COMPILER in sys.modules or not hasattr(torch, "compile"):
        yield
        return
    compiler, utilities = _StandIn(_COMPILER), _StandIn(f"{_COMPILER}.utils")
    vars(compiler).update(__path__=[], disable=_disable, graph_break=_graph_break, utils=utilities)
    vars(utilities).update(is_compile_supported=_is_compile_supported)
    stand_ins = {module.__name__: module for module in (compiler, utilities)}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, module in stand_ins.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
