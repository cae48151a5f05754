"""Heat maps on the page: beside their pictures, in colours, numbers and words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from headstart.explain.heat import Heat
from headstart.explain.heat_maps import explained_runs, stored_heat_maps, telling
from headstart.pixels.covering import SPOTS
from headstart.records.bundle import BundleCalibration, BundleInfo, BundleManifest, HeadRecord
from headstart.records.codec import write_record
from headstart.records.heat import HeatFile, HeatOfRun
from headstart.records.held_out import read_answers
from headstart.records.results import Results
from headstart.report.page.building import build
from headstart.report.page.heat import coloured, question, section, told
from headstart.report.page.reading import read_results


def heat_of_answer(answer: str, *, spot: int = 14, fall: float = 0.3, turned: str | None = None) -> Heat:
    """Return a heat map whose answer hangs on one spot; covering it gives `turned`."""
    covered = np.full(SPOTS, 0.9)
    covered[spot] -= fall
    named = tuple(turned if turned and at == spot else answer for at in range(SPOTS))
    return Heat(answer, 0.9, covered, np.full(SPOTS, 0.5), named)


def manifest(results: Results, sha256: str) -> BundleManifest:
    return BundleManifest(
        format=2,
        headstart="0.1.0",
        classes=results.data.classes,
        preprocessing=results.runs[0].preprocessing,
        info=BundleInfo(architecture="convnet64"),
        head=HeadRecord(kind="affine", numbers={}),
        calibration=BundleCalibration(temperature=1.0, sets=None, none_of_these=None),
        sha256=sha256,
    )


@pytest.fixture
def looked_at(run_folder: Path) -> Path:
    """The run folder with heat maps of winner and runner-up, made up."""
    results = read_results(run_folder)
    answers = read_answers(results, run_folder)
    runs = explained_runs(results, answers)
    kept = {}
    for run in runs:
        named = answers.answered(run)
        maps = {
            answers.paths[row]: heat_of_answer(answers.classes[named[row]]).record("picture")
            for row in telling(answers, runs)
        }
        kept[run] = HeatOfRun(bundle=run, pictures=maps)
        place = run_folder / "bundles" / run
        place.mkdir(parents=True)
        write_record(place / "bundle.json", manifest(results, run))
    write_record(run_folder / "heat.json", HeatFile(runs=kept))
    return run_folder


def test_without_maps_the_page_says_how_to_get_them(run_folder: Path) -> None:
    page, _ = build(read_results(run_folder), run_folder)
    assert "Add heat maps" in page
    assert "What does it look at?" not in page


def test_the_page_shows_them_beside_the_pictures_and_in_words(looked_at: Path) -> None:
    results = read_results(looked_at)
    page, _ = build(results, looked_at)
    cards = page.count('<div class="look of-3">')
    assert cards == len(stored_heat_maps(results, looked_at)["svm"])
    assert page.count('alt="Heat map of svm for') == page.count('alt="Heat map of partial for') == cards
    assert "What does it look at?" in page
    assert "mostly the middle" in page
    assert "Add heat maps" not in page


def test_maps_without_pictures_are_not_shown(looked_at: Path) -> None:
    results = read_results(looked_at)
    answers, heats = read_answers(results, looked_at), stored_heat_maps(results, looked_at)
    assert section(results, answers, heats, None) is not None
    for file in Path(results.data.root).rglob("*.jpg"):
        file.unlink()
    assert section(results, answers, heats, None) is None
    assert question(None) == []


def test_words_say_what_covering_does() -> None:
    assert told(heat_of_answer("bee")) == "Mostly the centre; covering a spot there takes away 30 points."
    turned = told(heat_of_answer("bee", spot=0, fall=0.6, turned="wasp"))
    assert turned.endswith("takes away 60 points and changes the answer to \u2068wasp\u2069.")


def test_colours_are_for_against_and_none() -> None:
    grey = np.full((16, 16, 3), 128, np.uint8)
    cells = np.zeros((8, 8))
    cells[:2], cells[-2:] = 1.0, -1.0
    found = coloured(grey, cells, (40, 20)).astype(int)
    assert found.shape == (40, 20, 3)
    assert found[0, 5, 0] > found[0, 5, 2] + 100  # orange
    assert found[-1, 5, 2] > found[-1, 5, 0] + 60  # blue
    assert np.ptp(found[20, 5]) <= 2  # the grey copy
