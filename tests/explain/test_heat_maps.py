"""What the best two look at: asked once, kept, and gone on with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawing import draw_picture

from headstart import backbones
from headstart.backbones.engine import TorchEngine
from headstart.base.types import Affine
from headstart.bundle import Model
from headstart.explain.heat import ASKED
from headstart.explain.heat_maps import explained_runs, make_heat_maps, stored_heat_maps, telling
from headstart.records.bundle import BundleInfo, BundleManifest
from headstart.records.codec import read_record, write_record
from headstart.records.held_out import read_answers
from headstart.records.progress import Silent
from headstart.records.record import changed
from headstart.report.page.building import build
from headstart.report.page.reading import read_results


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
    monkeypatch.setattr("headstart.explain.heat_maps.MOST", MOST)
    results = read_results(run_folder)
    backbone = backbones.load("convnet64", random=True, seed=0)
    classes = results.data.classes
    for seed, name in enumerate(("svm", "partial")):
        weight = np.random.default_rng(seed).normal(size=(len(classes), backbone.features))
        Model(
            engine=TorchEngine(backbone.network.eval(), backbone.preprocessing.input_size),
            head=Affine(weight=weight, bias=np.zeros(len(classes))),
            preprocessing=backbone.preprocessing,
            classes=classes,
            info=BundleInfo(architecture="convnet64"),
        ).save(run_folder / "bundles" / name)
    runs = tuple(changed(run, preprocessing=backbone.preprocessing) for run in results.runs)
    write_record(run_folder / "results.json", changed(results, runs=runs))
    return run_folder


def asked(folder: Path, heard: Heard) -> Heard:
    make_heat_maps(read_results(folder), folder, pictures=None, progress=heard)
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
    runs = explained_runs(results, answers)
    assert runs == ["svm", "partial"]
    rows = telling(answers, runs)
    assert len(rows) == len(set(rows)) == MOST
    with pytest.raises(KeyboardInterrupt):
        asked(bundles, Heard(most=2))
    assert {run: len(heats) for run, heats in stored_heat_maps(results, bundles).items()} == {"svm": 2, "partial": 2}
    assert f"{MOST - 2} more pictures were left out" in build(results, bundles)[0]
    rest = asked(bundles, Heard())
    assert rest.asked == rest.total == ASKED * (len(rows) - 2)  # the network is shared, so a picture counts once
    whole = stored_heat_maps(results, bundles)
    assert list(whole["svm"]) == [answers.paths[row] for row in rows]
    assert asked(bundles, Heard()).asked == 0


def test_other_pictures_and_other_bundles_are_asked_anew(bundles: Path) -> None:
    results = read_results(bundles)
    asked(bundles, Heard())
    path = next(iter(stored_heat_maps(results, bundles)["svm"]))
    draw_picture(Path(results.data.root) / path, "circle", 999)
    assert asked(bundles, Heard()).asked == ASKED
    manifest = bundles / "bundles" / "partial" / "bundle.json"
    write_record(manifest, changed(read_record(manifest, BundleManifest), sha256="0" * 64))
    assert "partial" not in stored_heat_maps(results, bundles)
    heard = asked(bundles, Heard())  # and that one is damaged now
    assert heard.asked == 0
    assert heard.said[0].startswith("There are no heat maps of partial.")


def test_a_damaged_file_is_as_none(bundles: Path) -> None:
    (bundles / "heat.json").write_text('{"format": 1, "runs": {"svm": 3}}', encoding="utf-8")
    assert stored_heat_maps(read_results(bundles), bundles) == {}
