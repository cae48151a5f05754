"""The page as text: whole, safe, and there for every kind of results."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headstart.base.errors import DataError, StoreError
from headstart.report.page import drawings, mapped
from headstart.report.page.building import build, write_page
from headstart.report.page.questions import questions
from headstart.report.page.reading import read_answers, read_results

VOID = {"meta", "link", "img", "input", "br"}


class Outline(HTMLParser):
    """Collects ids, links and addresses, and checks that every element is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids += [found["id"]] if found.get("id") else []
        self.links += [found["href"]] if tag == "a" and found.get("href") else []
        self.addresses += [value for key, value in attrs if key in ("src", "href") and tag != "a" and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def outline(page: str) -> Outline:
    found = Outline()
    found.feed(page)
    assert found.open == []
    assert len(found.ids) == len(set(found.ids))
    assert all(link.removeprefix("#") in found.ids for link in found.links)
    assert all(address.startswith("data:") for address in found.addresses)
    return found


def test_the_page_is_whole_and_asks_for_nothing(run_folder: Path) -> None:
    page, notes = build(read_results(run_folder), run_folder)
    outline(page)
    assert notes == ()
    assert "http" not in re.sub(r"http-equiv", "", page)
    assert page.count("<img") > 30
    for part in ("Take <em>svm</em>", "What accuracy costs", "How the training went", "개와 고양이", "گربه‌ها"):
        assert part in page


def test_where_nothing_can_be_called_better_yet_the_page_begins_with_that(run_folder: Path) -> None:
    results = read_results(run_folder)
    results["verdict"]["decided"] = False
    page, _ = build(results, run_folder)
    assert "No winner yet; until then <em>svm</em></h2>" in page
    assert "Take <em>" not in page
    assert page.count("in doubt") == 1
    assert '<span class="badge">taken</span>' not in page


def test_names_from_right_to_left_turn_no_number_around(run_folder: Path) -> None:
    page, _ = build(read_results(run_folder), run_folder)
    assert "\u2068گربه\u200cها\u2069 160" in page
    assert "<bdi>گربه\u200cها</bdi>/" in page


def test_cheap_is_what_trains_nothing_of_the_network(run_folder: Path) -> None:
    results = read_results(run_folder)
    asked = {one.asked: one for one in questions(results, read_answers(results, run_folder))}
    cheap = asked["Is the cheap one good enough?"]
    assert cheap.told.startswith("svm (4 s) is 2.0 points behind partial (19 s)")
    assert cheap.short == "yes, as far as can be told"
    for pair in results["comparisons"]:
        pair["p_adjusted"] = 0.001
    again = questions(results, read_answers(results, run_folder))
    assert next(one for one in again if one.asked == cheap.asked).short == "no"


def test_far_behind_and_tied_is_no_yes_and_at_chance_none_is_good_enough(run_folder: Path) -> None:
    results = read_results(run_folder)
    answers = read_answers(results, run_folder)
    split = next(name for name, found in results["runs"][0]["metrics"].items() if found)

    def cheap() -> str:
        return {one.asked: one for one in questions(results, answers)}["Is the cheap one good enough?"].short

    for pair in results["comparisons"]:
        pair["p_adjusted"] = 0.2
    best = max(results["runs"], key=lambda run: run["metrics"][split]["accuracy"])
    assert cheap() == "yes, as far as can be told"
    best["metrics"][split]["accuracy"] += 0.04
    assert cheap() == "cannot be told"
    for pair in results["comparisons"]:
        pair["p_adjusted"] = 0.001
    assert cheap() == "no"
    results["verdict"]["decided"] = False
    assert cheap() == "cannot be told"
    results["verdict"]["above_chance"] = False
    assert cheap() == "no"


def test_cheap_is_the_one_that_is_taken_where_another_was_right_more_often(run_folder: Path) -> None:
    results = read_results(run_folder)
    for taken in ("linear", "svm"):
        results["verdict"]["winner"] = taken
        asked = {one.asked: one for one in questions(results, read_answers(results, run_folder))}
        assert asked["Is the cheap one good enough?"].told.startswith(f"{taken} ("), taken


def test_curves_of_what_nothing_was_held_back_from_have_names_and_tips(run_folder: Path) -> None:
    results = read_results(run_folder)
    trained = [run for run in results["runs"] if run.get("epochs")]
    for run in trained:
        for entry in run["epochs"]:
            entry["val_loss"] = entry["val_accuracy"] = None
    for title, told, drawn in drawings.epoch_panels(results)[:2]:
        assert "none were held back" in told, title
        assert all(f">{run['id']}<" in drawn for run in trained)
        assert drawn.count("<title>") >= sum(len(run["epochs"]) for run in trained)


def test_it_says_whose_answers_it_shows_where_the_winners_are_gone(run_folder: Path) -> None:
    results = read_results(run_folder)
    (run_folder / "predictions" / f"{results['verdict']['winner']}.parquet").unlink()
    _, notes = build(results, run_folder)
    assert any(f"The answers of {results['verdict']['winner']} are missing" in note for note in notes)


def test_trust_in_one_answer_and_in_all_is_one_card(run_folder: Path) -> None:
    results = read_results(run_folder)
    winner = next(run for run in results["runs"] if run["id"] == results["verdict"]["winner"])
    split = next(name for name, found in winner["metrics"].items() if found)
    answers = read_answers(results, run_folder)
    for ece, told in ((0.2, True), (0.05, False)):
        winner["metrics"][split]["calibration"] = {"ece": ece, "ece_if_true": 0.1}
        asked = {one.asked: one for one in questions(results, answers)}
        assert ("All answers together promise too" in asked["Can I trust a stated 95 %?"].told) == told


def test_it_is_the_same_page_twice(run_folder: Path) -> None:
    results = read_results(run_folder)
    assert build(results, run_folder) == build(results, run_folder)


def test_names_cannot_break_out(run_folder: Path) -> None:
    evil = '</script><img src="x" onerror=alert(1)>'
    results = read_results(run_folder)
    results["data"]["classes"] = [evil, *results["data"]["classes"][1:]]
    results["data"]["counts"] = {"train": {evil: 3}, "val": {}, "test": {evil: 3}}
    results["data"]["skipped"] = [{"path": evil, "reason": evil}]
    results["verdict"]["text"] = results["command"] = results["data"]["title"] = evil
    page, _ = build(results, run_folder)
    assert evil not in page
    outline(page)


def test_many_classes_get_the_large_matrix(run_folder: Path) -> None:
    from headstart.report.page import matrices

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matrices, "MOST_NUMBERED", 2)
        page, _ = build(read_results(run_folder), run_folder)
    outline(page)
    held = re.search(r'id="matrix-data">(.*?)</script>', page)
    assert held is not None
    assert json.loads(held.group(1))["names"] == read_results(run_folder)["data"]["classes"]


def test_without_pictures_the_page_says_so(run_folder: Path) -> None:
    results = read_results(run_folder)
    results["data"]["root"] = str(run_folder / "gone")
    page, notes = build(results, run_folder)
    assert "<img" not in page
    assert "--data" in notes[0]
    outline(page)


def test_a_picture_that_is_gone_is_named(run_folder: Path, results: dict[str, Any]) -> None:
    root = Path(read_results(run_folder)["data"]["root"])
    (root / "bee" / "000.jpg").unlink()
    _, notes = build(read_results(run_folder), run_folder)
    assert "'bee/000.jpg'" in notes[0]


def test_another_place_of_the_pictures_is_taken(run_folder: Path) -> None:
    results = read_results(run_folder)
    moved = Path(results["data"]["root"]).rename(run_folder.parent / "moved")
    page, notes = build(results, run_folder, pictures=moved)
    assert notes == ()
    assert "<img" in page
    with pytest.raises(DataError, match="holds none of the pictures"):
        build(results, run_folder, pictures=run_folder)


def test_without_predictions_the_rest_stands(run_folder: Path) -> None:
    for file in (run_folder / "predictions").iterdir():
        file.unlink()
    page, notes = build(read_results(run_folder), run_folder)
    assert "No predictions" in notes[0]
    assert 'id="mistakes"' not in page
    outline(page)


def test_damaged_predictions_are_passed_over(run_folder: Path) -> None:
    (run_folder / "predictions" / "svm.parquet").write_bytes(b"PAR1 no")
    page, _ = build(read_results(run_folder), run_folder)
    assert "Where <em>partial</em> goes wrong" in page  # the most accurate of those that are left


@pytest.mark.parametrize("key", ["verdict", "comparisons", "plan", "chosen", "backbone", "environment", "command"])
def test_results_may_lack_a_part(run_folder: Path, key: str) -> None:
    results = read_results(run_folder)
    del results[key]
    assert {"strategies", "making"} <= set(outline(build(results, run_folder)[0]).ids)


def test_no_time_for_pictures_leaves_the_least_telling_out(run_folder: Path) -> None:
    page, notes = build(read_results(run_folder), run_folder, seconds=-1.0)
    assert "left out to save time" in notes[0]
    outline(page)


def test_an_old_page_stays_when_the_new_one_cannot_be_written(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = write_page(read_results(run_folder), run_folder)
    assert built.path.stat().st_size == built.nbytes
    before = built.path.read_bytes()

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("headstart.base.files._flush", full)
    with pytest.raises(StoreError, match="could not be written"):
        write_page(read_results(run_folder), run_folder)
    assert built.path.read_bytes() == before
    assert not list(run_folder.glob(".report*"))


def test_no_run_folder_is_an_error_that_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no run folder"):
        read_results(tmp_path / "nothing")
    with pytest.raises(StoreError, match="is no run folder"):
        read_results(tmp_path)
    (tmp_path / "plan.json").write_text("{}", encoding="utf-8")
    with pytest.raises(StoreError, match="no strategy is finished"):
        read_results(tmp_path)
    (tmp_path / "results.json").write_text("[]", encoding="utf-8")
    with pytest.raises(StoreError, match="not what headstart wrote"):
        read_results(tmp_path)


def test_a_map_shows_every_picture_that_has_a_place(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    results = read_results(run_folder)
    answers = read_answers(results, run_folder)
    rng = np.random.default_rng(0)
    columns = {"path": list(answers.paths), "x": rng.normal(size=len(answers)), "y": rng.normal(size=len(answers))}
    pq.write_table(pa.table(columns), run_folder / "map.parquet")
    results["map"] = {"file": "map.parquet", "pictures": len(answers), "explained": [0.4, 0.1]}
    page, _ = build(results, run_folder)
    outline(page)
    wrong = int((answers.answered("svm") != answers.labels).sum())
    assert page.count("wrong-ring") == wrong + 1  # and the rule of the style sheet
    assert "ring wrong-ring many" not in page
    monkeypatch.setattr(mapped, "_MANY", wrong - 1)
    assert build(results, run_folder)[0].count("ring wrong-ring many") == wrong
    assert "they hold 50\u00a0% of all differences" in page
    (run_folder / "map.parquet").unlink()
    assert 'id="map"' not in build(results, run_folder)[0]
