"""Names that are imported when they are first used."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import pytest

from headstart.base.lazy import lazily

LAZY = ("headstart", "headstart.api", "headstart.backbones")


def test_a_name_is_found_in_its_home() -> None:
    get, names = lazily("p", {"loads": "json", "sqrt": "math"})
    assert get("sqrt")(9) == 3
    assert names() == ["loads", "sqrt"]
    with pytest.raises(AttributeError, match="module 'p' has no attribute 'dumps'"):
        get("dumps")


@pytest.mark.parametrize("package", LAZY)
def test_every_public_name_is_there_and_none_is_a_modules(package: str) -> None:
    module = import_module(package)
    submodules = {entry.name for entry in pkgutil.iter_modules(module.__path__)}
    assert not submodules & set(module.__all__), "once imported, the module would stand in the name's place"
    assert sorted(dir(module)) == sorted(module.__all__)
    assert all(getattr(module, name) is not None for name in module.__all__)
