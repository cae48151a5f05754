"""Whatever is not read, and names that look alike, are said by every verb that reads pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from drawing import Draw, draw_classes

import headstart as hs
from headstart.api.predicting import _check_known
from headstart.base.errors import DataError
from headstart.records.progress import Silent

SMALL = {"image_size": 64, "framing": "squash", "augment": "none"}


class Heard(Silent):
    """A listener that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def message(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture
def cluttered(tmp_path: Path) -> Path:
    """Pictures in two classes whose names look alike, with a text, a hidden file and an archive beside them."""
    folder = tmp_path / "data"
    draw_classes(folder, 6, 0)
    (folder / "square").rename(folder / "Circle")
    (folder / "circle" / "notes.txt").write_text("x")
    (folder / "circle" / ".DS_Store").write_bytes(b"\0")
    (folder / "Circle" / "more.zip").write_bytes(b"PK\x03\x04")
    return folder


@pytest.mark.parametrize(
    "verb",
    [
        lambda data, out, heard: hs.look(data, grid=out / "look.png", image_size=64, progress=heard),
        lambda data, out, heard: hs.plan(data, strategies=["knn"], out=out / "a.run", progress=heard, **SMALL),
        lambda data, out, heard: hs.fit(data, strategy="knn", progress=heard, **SMALL),
    ],
    ids=["look", "plan", "fit"],
)
def test_every_verb_says_it(cluttered: Path, tmp_path: Path, verb: Callable[[Path, Path, Heard], object]) -> None:
    heard = Heard()
    verb(cluttered, tmp_path, heard)
    said = "Not read: 1 zip archive (unpack it to read the pictures inside), 1 hidden file, 1 text file."
    assert heard.lines.count(said) == 1
    assert sum("'Circle' and 'circle'" in line for line in heard.lines) == 1


def test_it_stands_in_the_results_and_the_reports(cluttered: Path, tmp_path: Path) -> None:
    found = hs.compare(cluttered, strategies=["knn"], out=tmp_path / "a.run", **SMALL)
    assert [(one.path, one.kind, one.picture) for one in found.results.data.skipped] == [
        ("Circle/more.zip", "zip", False),
        ("circle/.DS_Store", "hidden", False),
        ("circle/notes.txt", "text", False),
    ]
    assert found.results.data.ignored == 3
    assert "names-alike" in {finding.code for finding in found.results.warnings}
    written = (tmp_path / "a.run" / "report.md").read_text(encoding="utf-8")
    page = (tmp_path / "a.run" / "report.html").read_text(encoding="utf-8")
    for name in ("more.zip", ".DS_Store", "notes.txt"):
        assert name in written
        assert name in page
    assert "No file was skipped" not in page


def test_predict_lists_all_that_it_was_given(experiment: hs.api.Experiment, cluttered: Path) -> None:
    answers = hs.predict(experiment.winner.model, [cluttered, cluttered / "circle" / "notes.txt"])
    assert len(answers.rows) == 12
    assert [(Path(one.path).name, one.kind) for one in answers.skipped] == [
        ("more.zip", "zip"),
        (".DS_Store", "hidden"),
        ("notes.txt", "text"),
        ("notes.txt", "text"),
    ]


def test_evaluate_names_the_class_that_looks_alike(experiment: hs.api.Experiment, draw: Draw, tmp_path: Path) -> None:
    draw(tmp_path / "new" / "Square" / "0.png", "square", 1)
    with pytest.raises(DataError, match="does not know the class 'Square'") as caught:
        hs.evaluate(experiment.winner.model, tmp_path / "new")
    assert caught.value.hint.startswith("'square' differs from it only in capitals")
    _check_known({"cafe\u0301"}, {"caf\u00e9"})  # the same name in the form that macOS writes
