from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from headstart.base.errors import ConfigError
from headstart.base.options import options_of
from headstart.experiment import Request, default_run_folder, read_recipe, recipe_names
from headstart.experiment.option_table import RequestOptions
from headstart.strategies import STRATEGIES, choose_strategies


def test_the_table_holds_the_seven_strategies() -> None:
    assert set(STRATEGIES) == {"scratch", "full", "partial", "linear", "lda", "svm", "knn"}


def test_strategies_come_in_the_order_of_the_table_whatever_the_order_asked() -> None:
    names = [strategy.name for strategy in choose_strategies("full, linear")]
    assert names == ["linear", "full"]
    assert len(choose_strategies(None)) == 7


@pytest.mark.parametrize(("names", "says"), [(["linaer"], "linear"), ("", "No strategy"), ([], "No strategy")])
def test_wrong_strategies_are_named(names: object, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        choose_strategies(names)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options",
    [
        {"strategies": ("linaer",)},
        {"epochs": 0},
        {"seed": -1},
        {"seed": 1.5},
        {"framing": "stretch"},
        {"augment": "wild"},
        {"head": "deep"},
        {"select": "test"},
        {"interval": "wald"},
        {"device": "tpu"},
        {"cut": "layer3", "unfreeze": 2},
        {"weights": "/no/such/file.safetensors"},
        {"training": {"learning_rate": 1}},
        {"training": {"batch_size": 0}},
        {"epochs": {"ful": 3}},
    ],
)
def test_what_cannot_be_right_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        Request(**options)  # type: ignore[arg-type]


def test_the_fingerprint_tells_experiments_apart() -> None:
    assert Request().fingerprint("data") == Request().fingerprint("data")
    assert Request().fingerprint("data") == Request(offline=True).fingerprint("data")
    assert Request().fingerprint("data") != Request().fingerprint("other data")
    assert Request().fingerprint("data") != Request(seed=1).fingerprint("data")
    assert Request().fingerprint("data") == Request(device="cpu").fingerprint("data")
    assert Request().fingerprint("data") != Request(training={"head_rate": 0.001}).fingerprint("data")
    assert Request().fingerprint("data") != Request(interval="clopper-pearson").fingerprint("data")
    assert Request().fingerprint("data") != Request(fixed=True).fingerprint("data")


def test_what_follows_from_the_options_makes_the_experiment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Request().fingerprint("data")
    monkeypatch.setitem(STRATEGIES, "full", replace(STRATEGIES["full"], training={"epochs": 11}))
    assert Request().fingerprint("data") != before


def test_the_run_folder_is_called_after_the_data(tmp_path: Path) -> None:
    (tmp_path / "my birds").mkdir()
    assert default_run_folder(tmp_path / "my birds") == Path("my birds.run")
    assert default_run_folder(tmp_path / "list.csv") == Path("list.run")


def test_the_run_folder_is_called_as_the_data_were_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real v1.2" / "sub").mkdir(parents=True)
    (tmp_path / "photos").symlink_to("real v1.2")
    monkeypatch.chdir(tmp_path)
    for typed in ("photos", "photos/", "./photos/.", str(tmp_path / "photos")):
        assert default_run_folder(typed) == Path("photos.run")
    monkeypatch.chdir(tmp_path / "photos" / "sub")
    assert default_run_folder(".") == Path("sub.run")
    for typed in ("..", "../", "../sub/.."):
        assert default_run_folder(typed) == Path("real v1.2.run")


def test_every_recipe_that_ships_is_a_valid_request() -> None:
    assert {"ants_bees", "leaf_diseases", "stanford_cars"} <= set(recipe_names())
    for name in recipe_names():
        recipe = read_recipe(name)
        known = {key: value for key, value in recipe.settings.items() if key not in ("split", "threads")}
        strategies = tuple(strategy.name for strategy in choose_strategies(recipe.strategies))
        request = Request(strategies=strategies, training=recipe.training, **known)
        assert set(recipe.expected) <= set(request.strategies)


def test_bad_recipes_say_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ants_bees"):
        read_recipe("ants_bee")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_recipe(str(tmp_path / "no.toml"))
    for text, says in (("x = [", "not valid TOML"), ("titel = 'x'", "titel"), ("source = 'x'", "title")):
        (tmp_path / "own.toml").write_text(text)
        with pytest.raises(ConfigError, match=says):
            read_recipe(str(tmp_path / "own.toml"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("settings = 3", "settings"),
        ('strategies = "linear"', "strategies"),
        ("[settings]\nimage_siz = 96", "image_siz.*not an option.*Did you mean 'image_size'"),
        ('[settings]\nout = "x"', "'out'"),
        ("[settings.training]\nepochs = 3", r"settings\.training"),
        ('[expected.linear]\naccuracy = "0.9"', r"expected\.linear"),
        ("[expected.lineer]\naccuracy = [0.1, 0.2]", "linear"),
        ('[expected.linear]\naccuracy = [0.1, 0.2]\npublished = "much"', "published"),
        ("[expected.linear]\naccuracy = [0.1, 0.2]\npublishd = 0.1", "accuracy, published, note"),
        ("backbone = 18", "backbone"),
    ],
)
def test_a_wrong_recipe_is_said_before_any_work(tmp_path: Path, text: str, says: str) -> None:
    place = tmp_path / "own.toml"
    place.write_text(f'title = "own"\n{text}', encoding="utf-8")
    with pytest.raises(ConfigError, match=says):
        read_recipe(str(place))


@pytest.mark.parametrize("name", [name for name, one in options_of(RequestOptions).items() if one.kind == "flag"])
def test_a_flag_is_true_or_false_since_it_is_written_and_read_again(name: str) -> None:
    with pytest.raises(ConfigError, match=f"'{name}' must be True or False"):
        Request(**{name: 1})


def test_what_is_told_to_be_as_it_is_has_nothing_between() -> None:
    """`fixed`: the network after its last epoch; `select="val"`: val chooses an epoch, as tutorials do."""
    usual, fixed, chosen = (Request(strategies=("full",), **one) for one in ({}, {"fixed": True}, {"select": "val"}))
    found = [one.settings_of(STRATEGIES["full"]) for one in (usual, fixed, chosen)]
    assert [one.together for one in found] == [True, False, False]
    assert [one.keep for one in found] == ["last", "last", "best"]
    asked = Request(strategies=("full",), select="val", training={"keep": "last", "together": True})
    assert asked.settings_of(STRATEGIES["full"]).keep == "last"
    assert asked.settings_of(STRATEGIES["full"]).together
