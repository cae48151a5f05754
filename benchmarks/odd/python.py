"""Odd inputs of the Python API: what callers give as pictures, labels and parameters."""

from __future__ import annotations

from pathlib import Path

from odd.case import Case, Checkout, Mutation

# 8 red and 8 blue pictures in memory and on disk; what is tried prints one line.
_BEGIN = """
import io, sys, warnings, logging
from pathlib import Path
import numpy as np
from PIL import Image
import headstart as hs
warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
files, labels, arrays = [], [], []
for k in range(16):
    array = rng.integers(0, 60, (72, 80, 3), np.uint8)
    array[:, :, 2 * (k % 2)] += 150
    label = ("red", "blue")[k % 2]
    file = Path("data") / label / f"{k:02d}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(file)
    files.append(str(file)); labels.append(label); arrays.append(array)
fast = dict(image_size=64, framing="squash", augment="none", readout="pool")

def tried(call):
    try:
        return str(call())
    except Exception as error:
        ours = isinstance(error, hs.HeadstartError)
        return ("" if ours else "raw ") + f"{type(error).__name__}: {str(error)[:150]}"
"""


def _said(checkout: Checkout, folder: Path, code: str) -> str:
    ended = checkout.python(_BEGIN + code, folder=folder)
    return ended.out if ended.code == 0 else f"exit code {ended.code}: {ended.err[-200:]}"


def _forms(folder: Path, checkout: Checkout) -> str:
    code = """
import pandas
model = hs.fit("data", **fast)
content = Path(files[0]).read_bytes()
things = {"PIL": Image.open(files[0]), "BytesIO": io.BytesIO(content), "bytes": content, "paths (n, 1)":
    np.array(files[:2])[:, None], "DataFrame": pandas.DataFrame({"path": files[:2]}), "array": arrays[0]}
for verb, call in (("model.predict", model.predict), ("hs.predict", lambda x: hs.predict(model, x).rows[0].label)):
    taken = {name for name, thing in things.items() if not tried(lambda: call(thing)).startswith("raw")}
    print(f"{verb} takes", ", ".join(sorted(taken)) or "none of them", end="; ")
"""
    return _said(checkout, folder, code)


def _wrong_arrays(folder: Path, checkout: Checkout) -> str:
    code = """
model = hs.fit("data", **fast)
print(tried(lambda: model.predict(np.stack(arrays[:2]) / 255)), end="; ")
print(tried(lambda: model.predict(arrays[0].transpose(2, 0, 1))))
"""
    return _said(checkout, folder, code)


def _single(folder: Path, checkout: Checkout) -> str:
    code = """
classifier = hs.ImageClassifier(**fast).fit(files, labels)
print("one picture of 72 x 80 pixels: ", tried(lambda: len(classifier.predict(arrays[0]))), "answer(s)")
"""
    return _said(checkout, folder, code)


def _data(folder: Path, checkout: Checkout) -> str:
    code = """
import pandas
frame = pandas.DataFrame({"path": files, "label": labels})
print("compare(DataFrame):", tried(lambda: hs.compare(frame)), end="; ")
print("compare(''):", tried(lambda: hs.compare("", strategies="linear", out="a.run", **fast)))
"""
    return _said(checkout, folder, code)


def _parameters(folder: Path, checkout: Checkout) -> str:
    code = """
for given in ({"strategy": "lineer"}, {"random_state": -1}, {"epochs": {"linear": 1}}, {"device": "gpu"}):
    print(tried(lambda: hs.ImageClassifier(**given).fit(files, labels)), end="; ")
print("random_state=None:", tried(lambda: hs.ImageClassifier(random_state=None, **fast).fit(files, labels)))
"""
    return _said(checkout, folder, code)


def _labels(folder: Path, checkout: Checkout) -> str:
    code = """
print("one class:", tried(lambda: hs.ImageClassifier(**fast).fit(files, ["red"] * 16)), end="; ")
some = [float("nan") if k in (3, 5) else label for k, label in enumerate(labels)]
print("two labels missing:", tried(lambda: hs.ImageClassifier(**fast).fit(files, some).classes_.tolist()), end="; ")
print("class_weight:", tried(lambda: hs.ImageClassifier(class_weight="balanced")), end="; ")
print("groups:", tried(lambda: hs.ImageClassifier(**fast).fit(files, labels, groups=list(range(16)))))
"""
    return _said(checkout, folder, code)


def _loading(folder: Path, checkout: Checkout) -> str:
    made = """
hs.fit("data", out="a.bundle", **fast)
hs.prepare_engine("a.bundle", files[:4])
"""
    after = """
import sys, headstart as hs
hs.load("a.bundle").predict(["data/red/00.png"])
print("hs.load loads torch:", "torch" in sys.modules)
"""
    _said(checkout, folder, made)
    return checkout.python(after, folder=folder).out


def _types(folder: Path, checkout: Checkout) -> str:
    code = """
print(tried(lambda: hs.compare("data", strategies=[3])), end="; ")
print(tried(lambda: hs.fit("data", split=3)))
"""
    return _said(checkout, folder, code)


_GIVEN, _CALLERS = "tests/pixels/test_given.py", "tests/test_what_callers_give.py"
_ESTIMATOR = "tests/api/test_estimator_parameters.py"
CASES = (
    Case(
        "18",
        "PIL image, BytesIO, bytes, array of paths, DataFrame, given to a classifier",
        _forms,
        f"{_CALLERS}::test_every_verb_takes_every_form",
        Mutation(
            "src/headstart/api/predicting.py",
            "given = given_pictures(pictures)\n    if grid",
            "given = given_pictures([str(pictures)])\n    if grid",
        ),
    ),
    Case(
        "18a",
        "floats from 0 to 1, and an array with its colours first",
        _wrong_arrays,
        f"{_GIVEN}::test_all_else_is_refused_with_what_to_give",
        Mutation(
            "src/headstart/pixels/arrays.py",
            '        way = "" if array.dtype == np.uint8 else _scaled(array)',
            '        way = ""\n        array = array.astype(np.uint8)',
        ),
    ),
    Case(
        "18b",
        "one array of pixels given to ImageClassifier.predict",
        _single,
        f"{_CALLERS}::test_every_verb_takes_every_form",
        Mutation(
            "src/headstart/pixels/arrays.py",
            "return is_numbers(array) and array.ndim in (2, 3) and not _is_batch_of_grey(array)",
            "return is_numbers(array) and array.ndim == 2",
        ),
    ),
    Case(
        "18c",
        "a DataFrame, or an empty text, as data of compare",
        _data,
        f"{_CALLERS}::test_what_is_no_data_is_refused_with_what_to_give",
        Mutation(
            "src/headstart/api/arguments.py",
            "isinstance(data, str | os.PathLike) and os.fspath(data)):",
            "isinstance(data, str | os.PathLike)):",
        ),
    ),
    Case(
        "27",
        "wrong values of parameters of ImageClassifier, and random_state=None",
        _parameters,
        f"{_ESTIMATOR}::test_a_wrong_value_of_any_parameter_names_it_and_the_class",
        Mutation("src/headstart/estimator.py", "            _check(name, value)\n", "            pass\n"),
    ),
    Case(
        "27a",
        "labels of one class, missing labels, class_weight, groups",
        _labels,
        f"{_ESTIMATOR}::test_labels_that_are_none_are_named",
        Mutation(
            "src/headstart/pixels/labelled.py",
            '    kind = None if hasattr(listed, "dtype") else np.object_',
            "    kind = None",
        ),
    ),
    Case(
        "27b",
        "a bundle whose network has been exported, opened by hs.load",
        _loading,
        "tests/bundle/test_engine.py::test_a_loaded_bundle_answers_by_its_graph_and_makes_the_network_only_if_asked",
        Mutation(
            "src/headstart/api/predicting.py", 'if engine == AUTO and on == "cpu" else None', "if False else None"
        ),
    ),
    Case(
        "27c",
        "options of another type: strategies=[3], split=3",
        _types,
        f"{_CALLERS}::test_an_option_of_another_type_is_named",
        Mutation("src/headstart/base/options.py", "            refuse_other_types(name, kwargs, table)\n", ""),
    ),
)
