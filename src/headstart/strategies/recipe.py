"""Recipes: published experiments as short TOML files that run with one command."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from headstart.base.errors import ConfigError
from headstart.base.params import check_choice

_KEYS = {"title", "source", "command", "backbone", "strategies", "settings", "training", "expected"}


@dataclass(frozen=True)
class Recipe:
    """One published experiment.

    Parameters
    ----------
    settings : dict
        Options of `compare`.
    training : dict
        Overrides of `TrainingSettings`.
    expected : dict
        By strategy: the range in which the accuracy should lie, and the published figure.
    """

    name: str
    title: str
    source: str
    command: str
    backbone: str | None = None
    strategies: tuple[str, ...] | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    expected: dict[str, Any] = field(default_factory=dict)


def recipe_names() -> list[str]:
    """Return the names of the recipes that come with headstart."""
    folder = files("headstart.strategies") / "recipes"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def read_recipe(name: str) -> Recipe:
    """Return a recipe by its name, or from the path of an own ``.toml`` file.

    Raises
    ------
    ConfigError
        If there is no such recipe, or the file is not one.
    """
    if name.endswith(".toml"):
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"The recipe '{name}' cannot be read ({error}).", hint="Check the path.") from error
    else:
        check_choice("recipe", "headstart run", name, recipe_names())
        text = (files("headstart.strategies") / "recipes" / f"{name}.toml").read_text(encoding="utf-8")
    return _parse(Path(name).stem, text)


def _parse(name: str, text: str) -> Recipe:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"The recipe '{name}' is not TOML ({error}).", hint="Correct that line.") from error
    unknown = set(content) - _KEYS
    if unknown:
        raise ConfigError(
            f"The recipe '{name}' has the unknown key '{min(unknown)}'.", hint="Known: " + ", ".join(sorted(_KEYS))
        )
    missing = {"title"} - set(content)
    if missing:
        raise ConfigError(f"The recipe '{name}' has no title.", hint='Begin it with: title = "..."')
    strategies = content.pop("strategies", None)
    defaults = {"source": "", "command": f"headstart run {name} --data DIR"}
    return Recipe(name, strategies=None if strategies is None else tuple(strategies), **{**defaults, **content})
