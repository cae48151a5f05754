"""Whatever else knows options holds to the table."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, get_args, get_type_hints

import pytest
import typer
from typer.testing import CliRunner

from headstart.api.commands import command_of, reproducing
from headstart.backbones.names import DEFAULT_NAME
from headstart.base.options import Option, options_of
from headstart.cli.options import options_from
from headstart.cli.reference import option_lines
from headstart.evidence.intervals import INTERVALS
from headstart.experiment import Request
from headstart.experiment.option_groups import DEFAULT_BACKBONE
from headstart.experiment.option_table import REQUEST, VERBS, CompareOptions, FitOptions, Verb, elsewhere
from headstart.pixels import AUGMENTATIONS
from headstart.records.preprocessing import FRAMINGS
from headstart.records.request import RequestRecord
from headstart.records.run import READOUTS
from headstart.report.trackers.choosing import TRACKERS
from headstart.strategies import STRATEGIES
from headstart.tune.device import DEVICES

TABLE = options_of(CompareOptions)


class Toys(CompareOptions, total=False):
    """What `compare` takes, and one option more."""

    colour_depth: Annotated[int, Option(help="How many bits.", default=8, kind="number", metavar="N")]


TOY = Verb(table=Toys, command="play")


@pytest.mark.parametrize(
    ("name", "registry"),
    [
        ("augment", ["auto", *AUGMENTATIONS]),
        ("framing", ["auto", *FRAMINGS]),
        ("readout", ["auto", *READOUTS]),
        ("interval", INTERVALS),
        ("device", DEVICES),
        ("strategies", STRATEGIES),
        ("trackers", TRACKERS),
    ],
)
def test_choices_are_those_of_the_registries(name: str, registry: Sequence[str]) -> None:
    assert sorted(TABLE[name].allowed) == sorted(registry)
    assert not TABLE[name].flags or list(TABLE[name].flags) == list(registry)


def test_the_default_network_is_the_packaged_one() -> None:
    assert DEFAULT_BACKBONE == DEFAULT_NAME


def test_a_request_holds_the_options_of_the_table() -> None:
    parameters = inspect.signature(Request).parameters
    assert set(parameters) == {*REQUEST, "fixed"}
    assert {*get_type_hints(RequestRecord)} == {*REQUEST, "fixed"}
    request = Request()
    defaults = {name: getattr(request, name) for name in REQUEST}
    assert defaults.pop("strategies") == tuple(STRATEGIES)
    assert defaults.pop("training") == {}
    assert defaults == {name: TABLE[name].default for name in defaults}


@pytest.mark.parametrize("verb", VERBS)
def test_kinds_fit_types(verb: str) -> None:
    expected = {"number": int, "file": Path, "flag": bool, "names": Sequence[str], "flags": Sequence[str], "text": str}
    types = get_type_hints(VERBS[verb].table)
    for name, option in options_of(VERBS[verb].table).items():
        inside = set(get_args(types[name])) or {types[name]}
        choices = {each for part in inside for each in get_args(part) if isinstance(each, str)}
        if option.kind == "settings":
            assert any(getattr(each, "__origin__", None) is Mapping for each in inside), name
        else:
            assert expected[option.kind] in inside or choices == set(option.allowed), name
        assert option.default is not None or type(None) in inside, name


def test_plan_takes_what_compare_takes() -> None:
    assert VERBS["plan"].table is VERBS["compare"].table
    assert list(VERBS["plan"].on_command_line()) == list(VERBS["compare"].on_command_line())


def test_an_option_of_another_verb_is_explained() -> None:
    assert elsewhere("fit")["folds"] == "fit trains once, on one split. compare() takes 'folds'."
    assert "cut" not in elsewhere("fit")
    assert elsewhere("activity")["cut"].endswith("compare() takes 'cut'.")


def test_the_estimator_has_the_same_names_and_defaults() -> None:
    from headstart.estimator import ImageClassifier

    table = options_of(FitOptions)
    left_out = {"training", "select", "seed", "views", "interval", "split", "threads", "out"}
    parameters = inspect.signature(ImageClassifier).parameters
    assert set(parameters) == set(table) - left_out | {"random_state"}
    assert parameters["random_state"].default == table["seed"].default
    for name in set(table) - left_out:
        assert parameters[name].default == table[name].default, name


@pytest.mark.parametrize("verb", VERBS)
def test_signatures_of_the_library_are_the_table(verb: str) -> None:
    from headstart import api

    parameters = inspect.signature(getattr(api, verb)).parameters
    for name, option in options_of(VERBS[verb].table).items():
        assert parameters[name].default == option.default, name
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY


def test_a_new_row_appears_on_the_command_line() -> None:
    heard: list[Mapping[str, object]] = []

    @options_from(TOY)
    def play(data: str, *, chosen: Toys) -> None:
        """Play."""
        heard.append({"data": data, **chosen})

    app = typer.Typer(rich_markup_mode=None)
    app.command()(play)
    shown = CliRunner(env={"COLUMNS": "100"}).invoke(app, ["--help"]).stdout
    assert "--colour-depth N" in shown
    assert "How many bits." in shown
    assert CliRunner().invoke(app, ["x", "--colour-depth", "4", "--mlflow", "--set", "a=1"]).exit_code == 0
    assert heard == [{"data": "x", "colour_depth": 4, "trackers": ["mlflow"], "training": {"a": 1}}]


def test_a_new_row_appears_in_the_command_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart.api.commands.VERBS", {"toy": TOY})
    assert command_of("toy", "x", {"colour_depth": 4}) == "headstart play x --colour-depth 4"
    assert command_of("toy", "x", {"colour_depth": 8}) == "headstart play x"
    assert reproducing("toy", {"colour_depth": 4, "threads": 2, "other": 1}) == {"colour_depth": 4}


def test_a_new_row_appears_in_the_documentation() -> None:
    lines = option_lines({"toy": TOY, "compare": VERBS["compare"]})
    assert "| `colour_depth` | int | --colour-depth | 8 | toy | How many bits. |" in lines
    assert any(line.startswith("| `seed` | int | --seed | 0 | toy, compare |") for line in lines)


def test_every_kind_is_typed() -> None:
    options: dict[str, object] = {
        "strategies": ("linear", "svm"),
        "seed": 3,
        "offline": True,
        "training": {"optimizer": "sgd", "clip": None},
        "split": Path("my split.parquet"),
        "trackers": ["mlflow", "wandb"],
        "device": "auto",
        "budget": 90,
        "folds": None,
    }
    assert command_of("compare", "my photos", options) == (
        "headstart compare 'my photos' --strategies linear,svm --set 'optimizer=\"sgd\"' --set clip=null --seed 3 "
        "--offline --split 'my split.parquet' --budget 90 --mlflow --wandb"
    )


def test_all_strategies_need_not_be_said() -> None:
    assert command_of("compare", "x", {"strategies": tuple(STRATEGIES)}) == "headstart compare x"
    assert command_of("compare", "x", {"strategies": ",".join(STRATEGIES)}) == "headstart compare x"


@pytest.mark.parametrize(
    ("options", "told"),
    [({"views": 2}, "views=2"), ({"epochs": {"full": 3}, "out": Path("a.run")}, "epochs={'full': 3}, out='a.run'")],
)
def test_what_no_command_line_can_say_is_said_in_python(options: Mapping[str, object], told: str) -> None:
    assert command_of("compare", "x", options) == f"headstart.compare('x', {told})"


def test_a_recipe_is_told_with_its_data() -> None:
    options: dict[str, object] = {"epochs": 2, "out": Path("a.run")}
    assert command_of("run_recipe", "birds", options, data="x") == "headstart run birds --data x --epochs 2 --out a.run"
    told = command_of("run_recipe", "birds", {"image_size": 64}, data=Path("x"))
    assert told == "headstart.run_recipe('birds', data='x', image_size=64)", "the command has no --image-size"


def test_the_demo_is_told_without_pictures() -> None:
    assert (
        command_of("demo", None, {"pictures": 40, "out": Path("a.run")}) == "headstart demo --pictures 40 --out a.run"
    )
