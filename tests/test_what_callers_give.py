"""Every verb of Python that takes pictures or data takes every form of them, and refuses all else in our own words.

The verbs are found by looking: a parameter marked `Pictures` or `Data` is one. A verb that is not in the tables below
is red, and so is a parameter that is called like one and is not marked.
"""

from __future__ import annotations

import inspect
import io
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from answering import answering, green
from PIL import Image

import headstart as hs
from headstart import api, bundle
from headstart.api import arguments
from headstart.api.experiment import Run
from headstart.base.errors import HeadstartError
from headstart.base.options import options_of
from headstart.bundle import Model
from headstart.experiment.option_table import VERBS as VERBS_WITH_OPTIONS
from headstart.pixels import given
from headstart.records.answers import Predictions

MARKERS = {"Pictures": given.Pictures, "Data": arguments.Data}
NAMES = {"Pictures": {"pictures", "picture", "images", "files", "X"}, "Data": {"data"}}
CLASSES = (hs.ImageClassifier, Model, *(thing for name in api.__all__ if inspect.isclass(thing := getattr(api, name))))


def public_callables() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield everything that users call: the verbs, and the methods of what they are given."""
    for name in hs.__all__:
        if inspect.isfunction(thing := getattr(hs, name)):
            yield name, thing
    for kind in CLASSES:
        methods = {name: member for each in reversed(kind.__mro__) for name, member in vars(each).items()}
        for name, member in methods.items():
            if inspect.isfunction(member) and not name.startswith("_") and member.__module__.startswith("headstart"):
                yield f"{kind.__name__}.{name}", member


def marked(marker: str) -> dict[str, str]:
    """Return (callable, parameter) of everything that is marked so."""
    found = {}
    for name, function in public_callables():
        for parameter in inspect.signature(function).parameters.values():
            if re.search(rf"\b{marker}\b", str(parameter.annotation)):
                module = sys.modules[inspect.unwrap(function).__module__]
                assert getattr(module, marker) is MARKERS[marker], f"{name} marks '{parameter.name}' with another type"
                found[name] = parameter.name
    return found


@pytest.mark.parametrize("marker", MARKERS)
def test_what_is_called_pictures_or_data_is_marked(marker: str) -> None:
    forgotten = [
        f"{name}({parameter.name}: {parameter.annotation})"
        for name, function in public_callables()
        for parameter in inspect.signature(function).parameters.values()
        if parameter.name in NAMES[marker]
        and parameter.default is parameter.empty  # of reports: where the pictures are now, if that is known
        and not re.search(rf"\b{marker}\b", str(parameter.annotation))
        and "int" not in re.findall(r"\w+", str(parameter.annotation))  # how many, for `look` and `demo`
    ]
    assert forgotten == []


# --- pictures ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Model:
    """A classifier without a network; whatever fits or exports one finds it."""
    made = answering()
    monkeypatch.setattr("headstart.estimator.fit_table", lambda table, *_, files, **__: (made.predict(files), made)[1])
    monkeypatch.setattr(bundle, "tried", lambda folder: False)
    monkeypatch.setattr(bundle, "load", lambda folder: made)
    monkeypatch.setattr(bundle, "prepare", lambda model, folder, squares: len(squares) > 0)
    read = SimpleNamespace(fingerprint="any")
    monkeypatch.setattr("headstart.bundle.model.load_as_read", lambda folder: (made, read))
    facts = SimpleNamespace(facts=SimpleNamespace(bundle="any"))
    monkeypatch.setattr("headstart.deliver.onnx.classifier.open_exported", lambda file: facts)
    monkeypatch.setattr(
        "headstart.deliver.onnx.parity.prove", lambda _, model, files, **__: listed(model.answer(files))
    )
    return made


def fitted(model: Model) -> hs.ImageClassifier:
    classifier = hs.ImageClassifier()
    classifier.model_, classifier.classes_ = model, np.array(model.classes)
    return classifier


def fit_on(model: Model, pictures: Any) -> Any:
    """Fit on the same picture over and over: four of each class."""
    del model
    (one,) = given.given_pictures(pictures)
    return hs.ImageClassifier().fit([one] * 4, ["green", "red"] * 2).predict(pictures)


def of_run(model: Model) -> Run:
    run = Run.__new__(Run)
    run._model = model
    return run


def listed(found: tuple[np.ndarray, dict[int, str]]) -> list[str]:
    assert not found[1]
    return [("blue", "green", "red")[k] for k in found[0].argmax(axis=1)]


def named(chances: np.ndarray) -> list[str]:
    return listed((chances, {}))


def labels_of(answers: Predictions) -> list[str]:
    assert not answers.skipped
    return [row.label for row in answers.rows]


# How each verb answers for one picture, alone or in a list.
VERBS: dict[str, Callable[[Model, Any], Any]] = {
    "predict": lambda model, x: labels_of(hs.predict(model, x)),
    "evaluate": lambda model, x: [row.predicted for row in hs.evaluate(model, x, labels=["green"]).rows],
    "verify": lambda model, x: hs.verify("any.onnx", "any.bundle", x),
    "prepare_engine": lambda model, x: ["green"] if hs.prepare_engine("any.bundle", x) else [],
    "ImageClassifier.fit": fit_on,
    "ImageClassifier.predict": lambda model, x: fitted(model).predict(x),
    "ImageClassifier.predict_proba": lambda model, x: named(fitted(model).predict_proba(x)),
    "ImageClassifier.predict_log_proba": lambda model, x: named(fitted(model).predict_log_proba(x)),
    "ImageClassifier.score": lambda model, x: ["green"] if fitted(model).score(x, ["green"]) == 1 else ["?"],
    "Model.predict": lambda model, x: model.predict(x),
    "Model.predict_proba": lambda model, x: named(model.predict_proba(x)),
    "Model.answer": lambda model, x: listed(model.answer(x)),
    "Model.examine": lambda model, x: listed((model.examine(x)[0].probabilities, {})),
    "Model.squares": lambda model, x: ["green"] * len(model.squares(x)),
    "Run.predict": lambda model, x: of_run(model).predict(x),
    "Run.predict_proba": lambda model, x: named(of_run(model).predict_proba(x)),
}


def test_every_verb_that_takes_pictures_is_tried() -> None:
    assert sorted(VERBS) == sorted(marked("Pictures"))


def forms(file: Path) -> dict[str, Callable[[], Any]]:
    pandas = pytest.importorskip("pandas")
    array = np.asarray(Image.open(file))
    return {
        "path": lambda: file,
        "text": lambda: str(file),
        "bytes": file.read_bytes,
        "open file": lambda: io.BytesIO(file.read_bytes()),
        "PIL image": lambda: Image.open(io.BytesIO(file.read_bytes())),
        "PIL image of a palette": lambda: Image.open(file).convert("P"),
        "array": lambda: array,
        "list": lambda: [array],
        "batch": lambda: array[None],
        "grey batch, and colours": lambda: [array, str(file)][:1],
        "paths (n, 1)": lambda: np.array([[str(file)]]),
        "generator": lambda: (one for one in [file]),
        "Series": lambda: pandas.Series([str(file)]),
        "DataFrame": lambda: pandas.DataFrame({"path": [str(file)], "label": ["green"]}),
    }


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_takes_every_form(verb: str, model: Model, tmp_path: Path) -> None:
    for form, make in forms(green(tmp_path)).items():
        thing = make()
        if verb == "ImageClassifier.fit" and form == "generator":
            continue  # it is gone through once to fit, and there is none left to ask about
        assert list(VERBS[verb](model, thing)) == ["green"], form


WRONG = (None, 3, [None], {"a": 1}, object(), np.zeros((3, 8, 9), np.uint8), [np.full((8, 8, 3), 0.5)], [("a.png", 1)])


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("thing", WRONG, ids=lambda thing: str(type(thing)))
def test_every_verb_refuses_all_else(verb: str, thing: Any, model: Model) -> None:
    with pytest.raises(HeadstartError, match=r"(?i)picture") as caught:
        VERBS[verb](model, thing)
    assert caught.value.hint


def test_answers_for_pictures_without_a_path_are_called_by_their_place(model: Model, tmp_path: Path) -> None:
    file = green(tmp_path / "folder")
    array = np.asarray(Image.open(file))
    found = hs.predict(
        model, [array, tmp_path / "folder", Image.open(io.BytesIO(file.read_bytes())), tmp_path / "no.png", b"GIF"]
    )
    assert [row.path for row in found.rows] == ["picture 1 (an array)", str(file), "picture 3 (a PIL image)"]
    assert [entry.path for entry in found.skipped] == [str(tmp_path / "no.png"), "picture 5 (bytes)"]
    with pytest.raises(HeadstartError, match=r"'picture 2 \(bytes\)' cannot be used"):
        model.predict([array, b"GIF"])


def test_a_grid_of_pictures_in_memory(model: Model, tmp_path: Path) -> None:
    file = green(tmp_path)
    hs.predict(
        model,
        [np.asarray(Image.open(file)), Image.open(io.BytesIO(file.read_bytes())), file.read_bytes()],
        grid=tmp_path / "grid.png",
    )
    assert (tmp_path / "grid.png").stat().st_size > 1000


# --- data and classifiers ---------------------------------------------------------------------------------------------

DATA: dict[str, Callable[[Any], Any]] = {
    "compare": lambda data: hs.compare(data),
    "fit": lambda data: hs.fit(data),
    "plan": lambda data: hs.plan(data),
    "advise": lambda data: hs.advise(data),
    "activity": lambda data: hs.activity(data),
    "look": lambda data: hs.look(data, grid="a.png"),
    "evaluate": lambda data: hs.evaluate(answering(), data),
    "run_recipe": lambda data: hs.run_recipe("ants_bees", data=data),
}


def test_every_verb_that_takes_data_is_tried() -> None:
    assert sorted(DATA) == sorted(marked("Data"))


@pytest.mark.parametrize("verb", DATA)
def test_what_is_no_data_is_refused_with_what_to_give(verb: str, tmp_path: Path, monkeypatch) -> None:
    pandas = pytest.importorskip("pandas")
    monkeypatch.chdir(tmp_path)
    frame = pandas.DataFrame({"path": ["a.png"], "label": ["a"]})
    things = (None, 3, "", [["a.png"], ["a"]], np.zeros((3, 8, 8, 3), np.uint8), Image.new("L", (8, 8)), frame)
    for thing in things:
        with pytest.raises(HeadstartError, match=f"'data' parameter of {verb}") as caught:
            DATA[verb](thing)
        assert "column" in caught.value.hint
        assert ("to_csv" in caught.value.hint) == (thing is frame)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("verb", VERBS_WITH_OPTIONS)
def test_an_option_of_another_type_is_named(verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    place = {"run_recipe": ("ants_bees",), "demo": ()}.get(verb, ("missing",))
    more = {"run_recipe": {"data": "missing"}, "look": {"grid": "a.png"}}.get(verb, {})
    for name in options_of(VERBS_WITH_OPTIONS[verb].table):
        for value in (object(), b"x", np.zeros(1), [object()], {"a": object()}):
            with pytest.raises(
                HeadstartError, match=rf"'{name}' parameter of {verb}\(\) must be of the type "
            ) as caught:
                getattr(hs, verb)(*place, **more, **{name: value})
            assert caught.value.hint, name
    assert not list(tmp_path.iterdir())


SOURCES: dict[str, Callable[[Any], Any]] = {
    "predict": lambda source: hs.predict(source, "a.png"),
    "evaluate": lambda source: hs.evaluate(source, "data"),
    "load": lambda source: hs.load(source),
    "prepare_engine": lambda source: hs.prepare_engine(source, "a.png"),
}


@pytest.mark.parametrize("verb", SOURCES)
def test_what_is_no_classifier_is_refused_with_what_to_give(verb: str) -> None:
    run = of_run(answering())
    for thing in (None, 3, "", b"", [], run, fitted(answering()), object()):
        with pytest.raises(HeadstartError, match=f"parameter of {verb} is") as caught:
            SOURCES[verb](thing)
        assert "lassifier" in caught.value.hint
