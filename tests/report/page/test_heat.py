"""What the best two look at: asked once, kept, gone on with, and shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawing import draw_picture

from headstart import backbones
from headstart.base.types import Affine
from headstart.bundle import Model
from headstart.explain.heat import ASKED
from headstart.records.progress import Silent
from headstart.report.page.building import build
from headstart.report.page.heat import coloured, section, where
from headstart.report.page.looking import found, look, looking, telling
from headstart.report.page.reading import read_answers, read_results


class Heard(Silent):
    """Counts what was asked, and ends the process after so many pictures if it is told to."""

    def __init__(self, most: float = float("inf")) -> None:
        self.asked, self.most, self.said = 0, most, list[str]()

    def advance(self, count: int = 1) -> None:
        self.asked += count
        if self.asked >= self.most * ASKED:
            raise KeyboardInterrupt

    def message(self, text: str) -> None:
        self.said.append(text)

    @contextmanager
    def step(self, name: str, total: int, unit: str = "pictures") -> Iterator[Any]:
        self.total = total
        yield self


MOST = 4


@pytest.fixture
def bundles(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The run folder with bundles of winner and runner-up, two heads on one small network; four pictures are enough."""
    monkeypatch.setattr("headstart.report.page.looking.MOST", MOST)
    results = read_results(run_folder)
    backbone = backbones.load("convnet64", random=True, seed=0)
    classes = tuple(results["data"]["classes"])
    for seed, name in enumerate(("svm", "partial")):
        weight = np.random.default_rng(seed).normal(size=(len(classes), backbone.features))
        Model(
            network=backbone.network.eval(), head=Affine(weight=weight, bias=np.zeros(len(classes))),
            preprocessing=backbone.preprocessing, classes=classes, info={"architecture": "convnet64"},
        ).save(run_folder / "bundles" / name)  # fmt: skip
    for run in results["runs"]:
        run["preprocessing"] = backbone.preprocessing.to_dict()
    (run_folder / "results.json").write_text(json.dumps(results), encoding="utf-8")
    return run_folder


def asked(folder: Path, heard: Heard) -> Heard:
    look(read_results(folder), folder, pictures=None, progress=heard)
    return heard


def test_mistakes_come_first_then_differences_then_a_right_one_of_each_class(run_folder: Path) -> None:
    answers = read_answers(read_results(run_folder), run_folder)
    rows = telling(answers, ["svm", "partial"])
    assert len(rows) == len(set(rows)) <= 12
    named, other = answers.answered("svm"), answers.answered("partial")
    wrong = named != answers.labels
    assert wrong[rows[:5]].tolist() == [True] * min(5, wrong.sum()) + [False] * max(0, 5 - wrong.sum())
    assert (named[rows[5:9]] != other[rows[5:9]]).all()
    assert {answers.labels[row] for row in rows if not wrong[row]} == {0, 1, 2}


def test_it_is_asked_once_and_gone_on_with(bundles: Path) -> None:
    results = read_results(bundles)
    answers = read_answers(results, bundles)
    runs = looking(results, answers)
    assert runs == ["svm", "partial"]
    rows = telling(answers, runs)
    assert len(rows) == len(set(rows)) == MOST
    with pytest.raises(KeyboardInterrupt):
        asked(bundles, Heard(most=2))
    assert {run: len(heats) for run, heats in found(results, bundles).items()} == {"svm": 2, "partial": 2}
    assert f"{MOST - 2} more telling pictures were left out" in build(results, bundles)[0]
    rest = asked(bundles, Heard())
    assert rest.asked == rest.total == ASKED * (len(rows) - 2)  # the network is shared, so a picture counts once
    whole = found(results, bundles)
    assert list(whole["svm"]) == [answers.paths[row] for row in rows]
    assert asked(bundles, Heard()).asked == 0


def test_other_pictures_and_other_bundles_are_asked_anew(bundles: Path) -> None:
    results = read_results(bundles)
    asked(bundles, Heard())
    path = next(iter(found(results, bundles)["svm"]))
    draw_picture(Path(results["data"]["root"]) / path, "circle", 999)
    assert asked(bundles, Heard()).asked == ASKED
    manifest = bundles / "bundles" / "partial" / "bundle.json"
    content = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps({**content, "sha256": "0" * 64}), encoding="utf-8")
    assert "partial" not in found(results, bundles)
    heard = asked(bundles, Heard())  # and that one is damaged now
    assert heard.asked == 0
    assert heard.said[0].startswith("There are no heat maps of partial.")


def test_a_damaged_file_is_as_none(bundles: Path) -> None:
    (bundles / "heat.json").write_text('{"format": 1, "runs": {"svm": 3}}', encoding="utf-8")
    assert found(read_results(bundles), bundles) == {}


def test_the_page_shows_them_beside_the_pictures_and_in_words(bundles: Path) -> None:
    results = read_results(bundles)
    assert "Look at what it looks at" in build(results, bundles)[0]
    asked(bundles, Heard())
    page, _ = build(results, bundles)
    cards = page.count('<div class="look of-3">')
    assert cards == len(found(results, bundles)["svm"])
    assert page.count('alt="Heat map of svm for') == page.count('alt="Heat map of partial for') == cards
    assert "What does it look at?" in page
    assert "Look at what it looks at" not in page
    answers = read_answers(results, bundles)
    for file in Path(results["data"]["root"]).rglob("*.jpg"):
        file.unlink()
    assert section(results, answers, found(results, bundles), None) is None


def test_colours_are_for_against_and_none() -> None:
    grey = np.full((16, 16, 3), 128, np.uint8)
    cells = np.zeros((8, 8))
    cells[:2], cells[-2:] = 1.0, -1.0
    found = coloured(grey, cells, (40, 20)).astype(int)
    assert found.shape == (40, 20, 3)
    assert found[0, 5, 0] > found[0, 5, 2] + 100  # orange
    assert found[-1, 5, 2] > found[-1, 5, 0] + 60  # blue
    assert np.ptp(found[20, 5]) <= 2  # the grey copy


@pytest.mark.parametrize(
    ("spot", "name"), [(0, "upper left"), (2, "top"), (14, "centre"), (23, "right"), (35, "lower right")]
)
def test_spots_have_names(spot: int, name: str) -> None:
    assert where(spot) == name
