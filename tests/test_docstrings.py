"""Everything public has a docstring, and its Parameters are parameters that really exist."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import headstart

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(headstart.__path__, "headstart.")
    if not module.name.endswith("__main__")
)


def public_things(module: str) -> Iterator[tuple[str, Any]]:
    """Yield (dotted name, function, class or method) of everything public that `module` itself defines."""
    members = vars(importlib.import_module(module))
    for name, thing in members.items():
        if name.startswith("_") or getattr(thing, "__module__", None) != module:
            continue
        if inspect.isfunction(thing):
            yield f"{module}.{name}", thing
        elif inspect.isclass(thing):
            yield f"{module}.{name}", thing
            yield from public_methods(f"{module}.{name}", thing)


def public_methods(owner: str, kind: type) -> Iterator[tuple[str, Any]]:
    """Yield the public methods and properties that a class defines itself."""
    for name, member in vars(kind).items():
        if name.startswith("_"):
            continue
        function = getattr(member, "fget", None) or getattr(member, "__func__", None) or member
        if inspect.isfunction(function):
            yield f"{owner}.{name}", inspect.unwrap(function)


def documented_parameters(docstring: str) -> list[str]:
    """Return the names in the Parameters section of a numpydoc docstring."""
    found = re.search(r"^Parameters\n-{3,}\n(.*?)(?=^\S[^\n]*\n-{3,}\n|\Z)", docstring, re.M | re.S)
    if not found:
        return []
    heads = [line for line in found[1].splitlines() if line and not line[0].isspace()]
    return [name.strip().lstrip("*") for head in heads for name in head.split(" : ")[0].split(",")]


def real_parameters(thing: Callable[..., Any]) -> set[str]:
    """Return the names that `thing` takes, fields of a class included."""
    names = set(inspect.signature(thing).parameters)
    if inspect.isclass(thing):
        names |= {name for kind in thing.__mro__ for name in inspect.get_annotations(kind)}
    return names


def faults(name: str, thing: Callable[..., Any]) -> list[str]:
    """Return what is wrong with the docstring of one thing, in sentences."""
    docstring = inspect.cleandoc(thing.__doc__ or "")
    if not docstring:
        return [f"{name} has no docstring"]
    made_by_dataclass = inspect.isclass(thing) and docstring.startswith(f"{thing.__name__}(")
    if made_by_dataclass:
        return [f"{name} has no docstring of its own"]
    unknown = [word for word in documented_parameters(docstring) if word not in real_parameters(thing)]
    return [f"{name} documents '{word}', which it does not take" for word in unknown]


@pytest.mark.parametrize("module", MODULES)
def test_public_things_are_documented_as_they_are(module: str) -> None:
    assert importlib.import_module(module).__doc__, f"{module} has no docstring"
    wrong = [fault for name, thing in public_things(module) for fault in faults(name, thing)]
    assert wrong == []


def test_the_check_finds_what_it_looks_for() -> None:
    def undocumented(x: int) -> None: ...

    def misdocumented(x: int, *rest: int) -> None:
        """Do it.

        Parameters
        ----------
        x, z : int
            Any.
        *rest : int
        y : int

        Returns
        -------
        none : None
        """

    assert faults("a", undocumented) == ["a has no docstring"]
    assert faults("b", misdocumented) == [
        "b documents 'z', which it does not take",
        "b documents 'y', which it does not take",
    ]
