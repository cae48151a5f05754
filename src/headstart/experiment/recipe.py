"""Recipes: published experiments as short TOML files that run with one command."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any

from headstart.base.errors import ConfigError
from headstart.base.options import options_of
from headstart.base.params import check_choice
from headstart.experiment.option_table import RecipeOptions
from headstart.records.record import Scalar
from headstart.records.results import Expectation
from headstart.records.run import RunId
from headstart.strategies.strategy import STRATEGIES

_TEXTS, _TABLES = ("title", "source", "command", "backbone"), ("settings", "training", "expected")
_PLACED = ("training", "strategies", "backbone")  # options that stand outside of [settings]
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
        By strategy.
    """

    name: str
    title: str
    source: str
    command: str
    backbone: str | None = None
    strategies: tuple[str, ...] | None = None
    settings: dict[str, object] = field(default_factory=dict)
    training: dict[str, Scalar] = field(default_factory=dict)
    expected: dict[str, Expectation] = field(default_factory=dict)


def recipe_names() -> list[str]:
    """Return the names of the recipes that come with headstart."""
    folder = files("headstart.experiment") / "recipes"
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
        text = (files("headstart.experiment") / "recipes" / f"{name}.toml").read_text(encoding="utf-8")
    return _parse(Path(name).stem, text)


def _parse(name: str, text: str) -> Recipe:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"The recipe '{name}' is not valid TOML ({error}).", hint="Correct that line.") from error
    unknown = set(content) - _KEYS
    if unknown:
        raise ConfigError(
            f"The recipe '{name}' has an unknown key: '{min(unknown)}'.", hint="Known keys: " + ", ".join(sorted(_KEYS))
        )
    missing = {"title"} - set(content)
    if missing:
        raise ConfigError(f"The recipe '{name}' has no title.", hint='Begin it with: title = "..."')
    _check_kinds(name, content)
    strategies = content.pop("strategies", None)
    expected = {key: _expectation(said) for key, said in content.pop("expected", {}).items()}
    defaults = {"source": "", "command": f"headstart run {name} --data DIR"}
    named = None if strategies is None else tuple(strategies)
    return Recipe(name, strategies=named, expected=expected, **{**defaults, **content})


def _check_kinds(name: str, content: dict[str, Any]) -> None:
    """Refuse values of the wrong kind before any work.

    Raises
    ------
    ConfigError
        It names the key and what belongs there.
    """
    for key in _TEXTS:
        _expect(name, key, isinstance(content.get(key, ""), str), "a text")
    listed = content.get("strategies", [])
    _expect(name, "strategies", isinstance(listed, list) and all(isinstance(one, str) for one in listed), "a list")
    for key in _TABLES:
        _expect(name, key, isinstance(content.get(key, {}), dict), f"a table: [{key}]")
    for key in content.get("settings", {}):
        _expect(name, f"settings.{key}", key not in _PLACED, "left out: it has a place of its own")
        _check_option(name, key)
    for strategy, said in content.get("expected", {}).items():
        key = f"expected.{strategy}"
        check_choice(key, f"the recipe '{name}'", RunId.parse(strategy).strategy, STRATEGIES)
        _expect(name, key, isinstance(said, dict) and _is_range(said.get("accuracy")), "accuracy = [lowest, highest]")
        published = said.get("published")
        _expect(name, key, published is None or isinstance(published, float | int), "published = a number")
        _expect(name, key, isinstance(said.get("note", ""), str), "note = a text")
        known = Expectation.__struct_fields__
        _expect(name, key, set(said) <= set(known), f"made of {', '.join(known)}")


def _expectation(said: Mapping[str, Any]) -> Expectation:
    low, high = said["accuracy"]
    return Expectation(accuracy=(low, high), published=said.get("published"), note=said.get("note", ""))


def _check_option(name: str, key: str) -> None:
    known = options_of(RecipeOptions).keys() - {"out", *_PLACED}
    if key not in known:
        near = get_close_matches(key, known, n=1)
        hint = f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(sorted(known))}."
        raise ConfigError(f"The recipe '{name}' sets '{key}', which is not an option.", hint=hint)


def _is_range(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(end, float | int) for end in value)


def _expect(name: str, key: str, right: bool, what: str) -> None:  # noqa: FBT001 - a finding, not an option
    if not right:
        raise ConfigError(f"The recipe '{name}' has a wrong '{key}'.", hint=f"It must be {what}.")
