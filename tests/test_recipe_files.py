"""The recipes that ship are complete, consistent and made of options that exist."""

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from headstart import backbones
from headstart.experiment.recipe import read_recipe
from headstart.experiment.request import Request
from headstart.records.training import TrainingSettings
from headstart.strategies.strategy import STRATEGIES

FOLDER = Path(str(files("headstart.experiment").joinpath("recipes")))
NAMES = ("ants_bees", "leaf_diseases", "stanford_cars")
EACH = pytest.mark.parametrize("name", NAMES)


def read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def test_these_ship_and_no_others() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(f"{name}.toml" for name in NAMES)


@EACH
def test_a_recipe_says_what_it_is_and_how_to_run_it(name: str) -> None:
    recipe = read(name)
    tables = {"settings", "training", "expected"}
    assert set(recipe) - tables == {"title", "source", "command", "backbone", "strategies"}
    assert recipe["command"] == f"headstart run {name} --data DIR"
    assert all(recipe[key].strip() for key in ("title", "source"))
    assert read_recipe(name).training == recipe["training"]


@EACH
def test_its_settings_are_options_that_exist(name: str) -> None:
    recipe = read(name)
    assert set(recipe["strategies"]) <= set(STRATEGIES)
    Request(
        strategies=tuple(recipe["strategies"]),
        backbone=recipe["backbone"],
        **recipe["settings"],
        training=recipe["training"],
    )
    TrainingSettings(**recipe["training"])


@EACH
def test_each_strategy_has_an_expectation_with_its_range(name: str) -> None:
    recipe = read(name)
    assert list(recipe["expected"]) == recipe["strategies"]
    for expected in recipe["expected"].values():
        assert set(expected) == {"accuracy", "published", "note"}
        low, high = expected["accuracy"]
        assert 0 < low < high < 1
        assert 0 < expected["published"] < 1
        assert expected["note"].endswith((".", "?"))


@EACH
def test_its_networks_and_its_cut_exist(name: str) -> None:
    recipe = read(name)
    settings = recipe["settings"]
    network = backbones.load(recipe["backbone"], random=True, image_size=64)
    assert settings.get("cut") in (None, *(stage.name for stage in network.stages))
    assert settings.get("unfreeze", 0) <= len(network.stages)
    assert backbones.load(settings["scratch"], random=True).features > 0


@pytest.mark.parametrize("name", NAMES)
def test_no_default_of_a_strategy_changes_what_was_published(name: str) -> None:
    """What rows set for themselves may change with what is found out; a published experiment may not."""
    recipe = read_recipe(name)
    rows = [STRATEGIES[one] for one in recipe.strategies or STRATEGIES]
    own = {setting for row in rows if row.weights == "pretrained" and not row.solves for setting in row.training}
    assert own
    assert own | {"together", "epochs"} <= set(recipe.training)
    assert recipe.training["batch_norm"] == "update"
    assert recipe.training["refit"] is recipe.training["together"] is False
