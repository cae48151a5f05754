"""Every verb that reads pictures is given every kind of odd picture, and says what was done to them."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from answering import answering
from odd_pictures import READ, REFUSED, deep_png
from PIL import Image
from test_what_callers_give import marked

import headstart as hs
from headstart.api.comparing import Experiment
from headstart.base.errors import ConfigError, DataError
from headstart.records.notes import NOTES
from headstart.records.preprocessing import BEFORE_RULES_WERE_KEPT
from headstart.records.progress import Silent
from headstart.report import text

pytestmark = pytest.mark.network
NOTED = {note for odd in READ.values() for note in odd.notes}
SMALL: dict[str, Any] = {"image_size": 64, "framing": "squash", "augment": "none"}
QUICK: dict[str, Any] = {**SMALL, "readout": "pool"}


class Heard(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def message(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes with every odd picture, one refused one in each, and what lies beside pictures."""
    folder = tmp_path_factory.mktemp("odd")
    refused = list(REFUSED.items())
    for label in ("ants", "bees"):
        (folder / label).mkdir()
        for name, one in READ.items():
            (folder / label / name).write_bytes(one.content)
        (folder / label / "notes.txt").write_text("not a picture")
        (folder / label / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")
        name, (content, _) = refused.pop()
        (folder / label / name).write_bytes(content)
    return folder


VERBS: dict[str, Callable[[Path, Path, Heard], Any]] = {
    "compare": lambda data, out, heard: hs.compare(
        data, strategies=["knn"], out=out / "x.run", progress=heard, **QUICK
    ),
    "fit": lambda data, out, heard: hs.fit(data, strategy="knn", progress=heard, **QUICK),
    "plan": lambda data, out, heard: hs.plan(data, strategies=["knn"], progress=heard, **QUICK),
    "advise": lambda data, out, heard: hs.advise(data, image_size=64, framing="squash", progress=heard),
    "activity": lambda data, out, heard: hs.activity(
        data, unfreeze="0..1", epochs=1, image_size=64, out=out / "a.run", progress=heard
    ),
    "look": lambda data, out, heard: hs.look(data, grid=out / "look.png", pictures=64, progress=heard),
    "evaluate": lambda data, out, heard: evaluated(data, heard),
    "run_recipe": lambda data, out, heard: hs.run_recipe(
        str(recipe(out)), data=data, out=out / "r.run", progress=heard, image_size=64
    ),
}
DECODES_NOTHING, DECODES_SOME = {"plan"}, {"look"}


def told(found: Any, heard: Heard) -> str:
    """Return all that is said on the way, and of what is handed over what the terminal says of it."""
    lines = list(heard.said)
    if hasattr(found, "results"):
        lines += [line.text for line in text.notes(found.results, width=9999)]
    elif hasattr(found, "skipped"):
        lines += [line.text for line in text.skipped_lines(found.skipped, width=9999)]
    return "\n".join(lines)


def evaluated(data: Path, heard: Heard) -> Any:
    """Measure a classifier that knows other classes by name: those of the folder."""
    return hs.evaluate(replace(answering(), classes=("ants", "bees", "red")), data, split="all", progress=heard)


def recipe(folder: Path) -> Path:
    file = folder / "odd.toml"
    file.write_text(
        'title = "Odd"\nsource = "drawn"\ncommand = "headstart run odd.toml --data DIR"\nstrategies = ["knn"]\n'
        '[settings]\nframing = "squash"\naugment = "none"\nreadout = "pool"\n',
        encoding="utf-8",
    )
    return file


def test_every_verb_that_reads_pictures_is_tried() -> None:
    assert sorted(VERBS) == sorted(marked("Data"))


def test_the_corpus_has_every_note_but_those_of_shape_and_of_a_whole_data_set() -> None:
    assert set(NOTES) - NOTED == {
        "long",
        "elongated",
        "white",
        "beyond-white",
        "dim",
    }


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_reads_every_odd_picture_and_says_so(verb: str, odd: Path, tmp_path: Path) -> None:
    heard = Heard()
    before = {path: path.read_bytes() for path in sorted(odd.rglob("*")) if path.is_file()}
    said = told(VERBS[verb](odd, tmp_path, heard), heard)
    assert "text files" in said
    if verb in DECODES_NOTHING:
        return
    assert "How the pictures were read:" in said
    if verb not in DECODES_SOME:
        assert "turned upright (EXIF)" in said
        assert "converted from a colour profile to sRGB" in said
        assert "several pages or frames: only the first one is read" in said
    assert {path: path.read_bytes() for path in sorted(odd.rglob("*")) if path.is_file()} == before


def test_results_name_every_file_that_was_not_read_and_every_picture_that_was_converted(
    odd: Path, tmp_path: Path
) -> None:
    found: Experiment = hs.compare(odd, strategies=["knn"], out=tmp_path / "x.run", progress=Silent(), **QUICK)
    results = found.results
    listed = {path for one in results.warnings if one.code.startswith("read-") for path in one.pictures}
    noted = {f"{label}/{name}" for label in ("ants", "bees") for name, one in READ.items() if one.notes}
    assert listed == noted
    names = {one.path for one in results.data.skipped}
    assert {f"{label}/{name}" for label in ("ants", "bees") for name in ("notes.txt", "Thumbs.db")} <= names
    assert len(names) == 6
    assert all(one.reason for one in results.data.skipped)


def test_every_odd_picture_is_answered_and_every_refused_one_listed(odd: Path, tmp_path: Path) -> None:
    for name, (content, _) in REFUSED.items():
        (tmp_path / name).write_bytes(content)
    heard = Heard()
    found = hs.predict(answering(), [odd / "ants", tmp_path], progress=heard)
    answered = {Path(row.path).name: row.notes for row in found.rows}
    assert answered == {name: tuple(sorted(one.notes)) for name, one in READ.items()}
    reasons = {Path(one.path).name: one.reason for one in found.skipped}
    assert set(REFUSED) <= set(reasons)
    assert any(line.startswith("How the pictures were read:") for line in heard.said)


def test_pictures_alone_that_cannot_be_read_are_an_error_that_names_one(tmp_path: Path) -> None:
    for name, (content, _) in REFUSED.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        hs.predict(answering(), tmp_path)
    assert any(name in str(caught.value) + str(caught.value.hint) for name in REFUSED)


# --- one set of rules, from the plan to the answer


@pytest.fixture(scope="module")
def twelve_bits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of grey pictures of 16 bits that use 12: dark and bright ones."""
    folder, chance = tmp_path_factory.mktemp("twelve"), np.random.default_rng(0)
    for label, level in (("dark", 800), ("light", 3000)):
        (folder / label).mkdir()
        for number in range(8):
            values = np.clip(level + 300 * chance.standard_normal((40, 60)), 0, 4095).astype(np.uint16)
            (folder / label / f"{number}.png").write_bytes(deep_png(values))
    return folder


def test_one_white_stands_in_plan_results_bundle_and_answers(twelve_bits: Path, tmp_path: Path) -> None:
    found = hs.compare(twelve_bits, strategies=["knn"], out=tmp_path / "x.run", progress=Silent(), **QUICK)
    wanted = {"rule": 3, "white": 4095}
    plan = json.loads((found.folder / "plan.json").read_text(encoding="utf-8"))
    results = json.loads((found.folder / "results.json").read_text(encoding="utf-8"))
    bundle = found.folder / "bundles" / "knn"
    kept = json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))
    assert plan["decoding"] == plan["preprocessing"]["decoding"] == results["data"]["decoding"] == wanted
    assert kept["preprocessing"]["decoding"] == wanted
    assert "In pictures of 16 bits the value 4,095 is white." in (bundle / "README.md").read_text(encoding="utf-8")
    heard = Heard()
    answers = hs.predict(bundle, twelve_bits, grid=tmp_path / "grid.png", progress=heard)
    assert all(Path(row.path).parts[-2] == row.label for row in answers.rows)
    assert {row.notes for row in answers.rows} == {("white",)}
    assert "How the pictures were read: 16 of 16 bits, with 4,095 as white." in heard.said
    drawn = hs.look(twelve_bits, grid=tmp_path / "look.png", pictures=4, **SMALL)
    for sheet in (tmp_path / "grid.png", drawn):  # by the usual rules they would be black
        assert (np.asarray(Image.open(sheet).convert("L")) < 10).mean() < 0.02


def test_a_run_that_was_read_by_other_rules_is_not_gone_on_with(twelve_bits: Path, tmp_path: Path) -> None:
    found = hs.compare(twelve_bits, strategies=["knn"], out=tmp_path / "x.run", progress=Silent(), **QUICK)
    plan = json.loads((found.folder / "plan.json").read_text(encoding="utf-8"))
    del plan["decoding"]  # as an earlier headstart wrote it
    (found.folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    with pytest.raises(ConfigError, match="read by other rules"):
        hs.compare(twelve_bits, strategies=["knn", "linear"], out=found.folder, progress=Silent(), **QUICK)


def test_a_bundle_from_before_the_rules_answers_by_those_of_then_and_says_so(twelve_bits: Path, tmp_path: Path) -> None:
    hs.fit(twelve_bits, strategy="knn", out=tmp_path / "x.bundle", progress=Silent(), **QUICK)
    file = tmp_path / "x.bundle" / "bundle.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    content["format"] = 2
    del content["preprocessing"]["decoding"]
    file.write_text(json.dumps(content), encoding="utf-8")
    model = hs.load(tmp_path / "x.bundle", engine="torch")
    assert model.preprocessing.decoding == BEFORE_RULES_WERE_KEPT
    heard = Heard()
    assert not model.examine([twelve_bits / "dark" / "0.png"], progress=heard)[1]
    assert any(line.startswith("This classifier was made with an older headstart") for line in heard.said)


def test_whoever_decodes_outside_the_pixels_says_by_which_rules() -> None:
    """A call without them would show or answer another picture than was learned from."""
    source, silent = Path(hs.__file__).parent, []
    for file in sorted(source.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            called = isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("decode", "decode_noted")
            if called and "decoding" not in {keyword.arg for keyword in node.keywords}:
                silent.append(file.relative_to(source).as_posix())
    assert silent == ["experiment/dry_run.py"]  # it only times how long a picture takes
