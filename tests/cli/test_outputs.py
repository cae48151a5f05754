"""Every option and parameter that names an output is found by its mark, and tried on what somebody else has written."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from base.test_outputs import state
from drawing import draw_picture
from typer.testing import CliRunner

import headstart as hs
from headstart import api
from headstart.api.experiment import Run
from headstart.base.errors import ConfigError, HeadstartError
from headstart.base.options import Option, options_of
from headstart.base.ours import ANSWERS_RECORD, FETCHED
from headstart.base.outputs import READ, RUN, Input, Output
from headstart.bundle import Model
from headstart.cli.app import app
from headstart.experiment.option_table import VERBS

# What to type for each output before its value. What is named does not exist: the place is looked at before anything.
TYPED = {
    ("demo", "--out"): "demo --out",
    ("compare", "--out"): "compare photos --out",
    ("activity", "--out"): "activity photos --out",
    ("run", "--out"): "run ants_bees --data photos --out",
    ("fit", "--out"): "fit photos --out",
    ("plan", "--out"): None,  # it writes nothing
    ("predict", "--csv"): "predict a.bundle 2.jpg --csv",
    ("predict", "--grid"): "predict a.bundle 2.jpg --grid",
    ("export", "--out"): "export a.bundle --out",
    ("pack", "--out"): "pack a.bundle --out",
    ("predict", "--out"): "predict a.bundle 2.jpg --out",
    ("compare-runs", "--page"): "compare-runs a.run --page",
    ("look", "--grid"): "look photos --grid",
    ("fetch", "--to"): "data fetch hymenoptera --offline --to",
}
CALLED: dict[tuple[str, str], Callable[[Path], object] | None] = {
    ("compare", "out"): lambda place: hs.compare("photos", out=place),
    ("demo", "out"): lambda place: hs.demo(out=place),
    ("activity", "out"): lambda place: hs.activity("photos", out=place),
    ("run_recipe", "out"): lambda place: hs.run_recipe("ants_bees", data="photos", out=place),
    ("fit", "out"): lambda place: hs.fit("photos", out=place),
    ("plan", "out"): None,
    ("predict", "grid"): lambda place: hs.predict("a.bundle", ["2.jpg"], grid=place),
    ("pack", "out"): lambda place: hs.pack("a.bundle", out=place),
    ("predict_many", "out"): lambda place: hs.predict_many("a.bundle", ["2.jpg"], out=place),
    ("look", "grid"): lambda place: hs.look("photos", grid=place),
    ("export", "out"): lambda place: hs.export("a.bundle", place),
    ("compare_runs", "page"): lambda place: hs.compare_runs(["a.run"], page=place),
    ("fetch_data", "target"): lambda place: hs.fetch_data("hymenoptera", target=place, offline=True),
    ("Model.save", "folder"): lambda place: a_model().save(place),
    ("Run.save", "folder"): lambda place: Run.save(SimpleNamespace(model=a_model()), place),  # type: ignore[arg-type]
}
# Parameters that name something to be read, by what they are called everywhere in the library.
READ_IN_PYTHON = {
    "bundles", "data", "file", "source", "pictures", "lists", "watch", "folder", "run", "runs", "weights", "split",
    "backbone", "name",
}  # fmt: skip
# Texts that are no paths: what is said, chosen or named.
TEXTS_IN_PYTHON = {
    "backbone",
    "command",
    "device",
    "engine",
    "input",
    "form",
    "name",
    "options",
    "program",
    "size",
    "split",
    "stream",
    "title",
    "trackers",
    "what",
}
NO_PATH = {  # what help shows for values that are no path
    "NAME", "N", "K", "A,B,…", "TIME", "LIST", "STAGE|auto", "0..N", "NAME=VALUE", "BACKBONE", "SIZE", "auto|torch",
    "onnx", "picture|squares", "SHARE", "ADDRESS",
    "csv|jsonl|parquet", "[all|pixels|features|engines|trainings]",
}  # fmt: skip


def a_model() -> Model:
    """Return a classifier that would be kept at once."""
    engine = SimpleNamespace(tensors=dict, folded=None)
    return Model(engine=engine, head=None, preprocessing=None, classes=("a", "b"))  # type: ignore[arg-type]


def commands(group: typer.Typer) -> Iterator[tuple[str, Callable[..., None]]]:
    for each in group.registered_commands:
        assert each.callback is not None
        yield each.name or each.callback.__name__.replace("_", "-"), each.callback
    for below in group.registered_groups:
        yield from commands(typing.cast(typer.Typer, below.typer_instance))


def notes_of(function: Callable[..., Any]) -> Iterator[tuple[str, Any, tuple[Any, ...]]]:
    """Yield name, type and marks of every parameter."""
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except NameError:  # a type that is only there for mypy
        hints = {}
    for name, parameter in inspect.signature(function).parameters.items():
        hint = hints.get(name, parameter.annotation)
        yield name, hint, getattr(hint, "__metadata__", ())


def typed_options() -> Iterator[tuple[str, str, Any, Input | Output | None]]:
    """Yield command, option, type and mark of everything that can be typed."""
    for command, function in commands(app):
        for _, hint, notes in notes_of(function):
            for info in notes:
                if isinstance(info, typer.models.ParameterInfo):
                    mark = next((note for note in notes if isinstance(note, Input | Output)), None)
                    written = [each for each in (info.default, *(info.param_decls or ())) if str(each).startswith("-")]
                    yield command, str((written or [info.metavar])[0]), (hint, info.metavar), mark


def test_whatever_may_be_a_path_says_whether_it_is_read_or_written() -> None:
    """A new option that forgets it ends here, before it overwrites anything."""
    found = list(typed_options())
    assert len(found) > 150
    for command, typed, (hint, metavar), mark in found:
        assert metavar is not None or "str" not in str(hint), f"{command} {typed}: say with a metavar what it is"
        plain = metavar is None or metavar in NO_PATH or "|" in metavar
        assert (mark is None) == (plain and "Path" not in str(hint)), (
            f"{command} {typed}: mark it with READ or an Output"
        )


def test_an_option_in_the_tables_that_names_a_file_must_say_so() -> None:
    with pytest.raises(TypeError, match="read or written"):
        Option(help="Where it goes.", kind="file")
    with pytest.raises(TypeError, match="read or written"):
        Option(help="How many.", kind="number", marks=RUN)
    files = [option for verb in VERBS.values() for option in options_of(verb.table).values() if option.kind == "file"]
    assert {type(option.marks) for option in files} == {Input, Output}


def test_every_output_is_tried() -> None:
    found = {(command, typed): mark for command, typed, _, mark in typed_options() if isinstance(mark, Output)}
    assert found.keys() == TYPED.keys()
    assert {typed: mark.option for (_, typed), mark in found.items()} == {typed: typed for _, typed in found}


def python_outputs() -> dict[tuple[str, str], Output]:
    """Return the outputs of the library, and check that every other path is one that is read."""
    found: dict[tuple[str, str], Output] = {}
    functions = {name: getattr(api, name) for name in api.__all__}
    methods = {f"{kind.__name__}.{name}": each for kind in (Model, Run) for name, each in vars(kind).items()}
    for name, function in {**functions, **methods}.items():
        if not inspect.isfunction(function) or name.rpartition(".")[2].startswith("_"):
            continue
        table = options_of(VERBS[name].table) if name in VERBS else {}
        for parameter, hint, notes in notes_of(inspect.unwrap(function)):
            marks = [note for note in notes if isinstance(note, Output)]
            if marks:
                found[name, parameter] = marks[0]
            elif "Path" in str(hint) and parameter != "options":
                assert parameter in READ_IN_PYTHON, f"{name}({parameter}=): mark it with an Output, or name it here"
            elif "str" in str(hint):
                assert parameter in TEXTS_IN_PYTHON, f"{name}({parameter}=): a text; if it may be a path, mark it"
        found |= {(name, each): row.marks for each, row in table.items() if isinstance(row.marks, Output)}
    return found


def test_every_output_of_the_library_is_tried() -> None:
    found = python_outputs()
    assert found.keys() == CALLED.keys()
    for (_, parameter), output in found.items():
        assert output.python in (parameter, "out" if parameter == "folder" else parameter)


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with pictures and somebody's work, which is the current one."""
    monkeypatch.chdir(tmp_path)
    for number in range(2):
        draw_picture(Path(f"photos/{number}.jpg"), seed=number)
        draw_picture(Path(f"photos/{number}.png"), seed=number)
    for name in ("thesis.html", "mine/thesis.txt", "project/bundle.json", "project/plan.json"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text('{"years": "of work"}')
    return tmp_path


# Everything that stands in an output of ours but its marker, which may be missing or unreadable.
ALL_BUT_THE_MARKER: dict[str, dict[str, str]] = {
    "a run folder": {
        "results.json": '{"schema": 1}', "report.md": "# Mine", "split.parquet": "", "log.jsonl": '{"time": 1}\n',
        "predictions/linear.parquet": "", "bundles/linear/bundle.json": "{}",
    },
    "a bundle": {"model.safetensors": "precious", "README.md": "# Mine"},
    "a fetched set of pictures": {"ants/1.jpg": "mine", "bees/1.jpg": "mine"},
    "a table of answers": {"": "path,label,probability\n1.jpg,a,1\n"},
    "a grid of pictures": {"": "\x89PNG"},
    "an exported classifier": {"": "\x08\x08\x12\x07pytorch"},
    "a packed bundle": {"": "PK\x03\x04 precious"},
    "a folder of answers": {"answers-00001.csv": "path,label,probability,set\n", "passed-over-00001.csv": ""},
    "a page": {"": "<!doctype html><title>headstart</title>"},
}  # fmt: skip
MARKERS = {
    "a run folder": "plan.json",
    "a bundle": "bundle.json",
    "a fetched set of pictures": FETCHED,
    "a folder of answers": ANSWERS_RECORD,
}


@pytest.mark.parametrize("damage", [None, "", "{", "[]", "{}"])
@pytest.mark.parametrize(("name", "parameter"), [key for key, call in CALLED.items() if call])
def test_what_lacks_the_marker_is_foreign(name: str, parameter: str, damage: str | None, places: Path) -> None:
    """A folder of somebody's weights, say, is no bundle: nor with a marker that says nothing."""
    call, output = CALLED[name, parameter], python_outputs()[name, parameter]
    assert call is not None
    place = places / ("w" if output.folder else f"w{output.suffix}")
    for inside, content in ALL_BUT_THE_MARKER[output.what].items():
        (place / inside).parent.mkdir(parents=True, exist_ok=True)
        (place / inside).write_text(content)
    if damage is not None and output.folder:
        (place / MARKERS[output.what]).write_text(damage)
    before = state(places)
    with pytest.raises(ConfigError, match="headstart did not write"):
        call(place)
    assert state(places) == before


def test_every_output_has_a_marker_without_which_it_is_foreign() -> None:
    marks = {mark for *_, mark in typed_options() if isinstance(mark, Output)} | set(python_outputs().values())
    assert {mark.what for mark in marks} == ALL_BUT_THE_MARKER.keys()
    assert {mark.what for mark in marks if mark.folder} == MARKERS.keys()


def foreign(output: Output) -> list[str]:
    files = ["photos/0.jpg", "photos/0.png", "thesis.html"]
    return [*files, "photos", "mine", "project"] if output.folder else [*files, "mine"]


@pytest.mark.parametrize(("command", "option"), TYPED)
def test_no_command_writes_over_what_it_did_not_write(command: str, option: str, places: Path) -> None:
    typed, before = TYPED[command, option], state(places)
    mark = next(mark for name, flag, _, mark in typed_options() if (name, flag) == (command, option))
    for place in foreign(typing.cast(Output, mark)) if typed else ():
        result = CliRunner(env={"COLUMNS": "80"}).invoke(app, [*typed.split(), place], prog_name="headstart")
        assert result.exit_code == 2, f"{place}: {result.output}"
        assert place in result.stderr
        assert option in result.stderr
        assert state(places) == before


@pytest.mark.parametrize(("name", "parameter"), CALLED)
def test_no_function_writes_over_what_it_did_not_write(name: str, parameter: str, places: Path) -> None:
    call, before = CALLED[name, parameter], state(places)
    for place in foreign(python_outputs()[name, parameter]) if call else ():
        with pytest.raises(ConfigError, match=r"Nothing was changed|is a folder|must end in"):
            call(Path(place))
        assert state(places) == before


def test_the_mistake_of_the_shell_is_explained(places: Path) -> None:
    pictures = sorted(map(str, Path("photos").glob("*.jpg")))
    for option in ("--csv", "--grid"):
        result = CliRunner().invoke(app, ["predict", "a.bundle", option, *pictures], prog_name="headstart")
        said = " ".join(result.stderr.split())
        assert "The shell puts the first file in the place" in said
        assert f"{option} {'answers.csv' if option == '--csv' else 'grid.png'} photos/*.jpg" in said


def test_inputs_are_marked_too() -> None:
    marks = {(command, typed): mark for command, typed, _, mark in typed_options()}
    assert marks["predict", "PICTURES..."] == marks["compare", "DATA"] == marks["compare", "--weights"] == READ


def test_a_report_is_written_over_no_other(tmp_path: Path) -> None:
    """A results.json that was copied beside somebody's own page does not make that ours."""
    from report.sample import sample_results

    from headstart.records.codec import write_record

    write_record(tmp_path / "results.json", sample_results())
    for name in ("report.html", "report.md"):
        (tmp_path / name).write_text("mine")
        with pytest.raises(ConfigError, match=name):
            hs.write_report(tmp_path, quick=True)
        assert (tmp_path / name).read_text() == "mine"
        (tmp_path / name).unlink()
    hs.write_report(tmp_path, quick=True)
    hs.write_report(tmp_path, quick=True)


def test_errors_about_outputs_have_one_exit_code() -> None:
    assert issubclass(ConfigError, HeadstartError)
    assert ConfigError.exit_code == 2
