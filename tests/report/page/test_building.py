"""The page as text: whole, safe, and there for every kind of results."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from report.sample import measured_as, over_splits, run_of, with_run, with_runs, with_verdict

from headstart.base.errors import DataError, StoreError
from headstart.records.codec import write_record
from headstart.records.columns import MapFile
from headstart.records.held_out import read_answers
from headstart.records.metrics import Calibration
from headstart.records.record import changed
from headstart.records.results import FeatureMapRecord, Results, Skipped
from headstart.report.page import drawings, mapped
from headstart.report.page.building import build, write_page
from headstart.report.page.questions import Question, questions
from headstart.report.page.reading import read_results
from headstart.report.page.trust import trust

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


def with_p(results: Results, p: float) -> Results:
    """Return the results with one adjusted p for all pairs."""
    return changed(results, comparisons=tuple(changed(pair, p_adjusted=p) for pair in results.comparisons))


def asked(results: Results, folder: Path) -> dict[str, Question]:
    return {one.asked: one for one in questions(results, read_answers(results, folder))}


QUICK = "Is a quick strategy good enough?"
TRUST = "Can I trust its probabilities?"


def test_the_page_is_whole_and_asks_for_nothing(run_folder: Path) -> None:
    page, notes = build(read_results(run_folder), run_folder)
    outline(page)
    assert notes == ()
    assert "http" not in re.sub(r"http-equiv", "", page)
    assert page.count("<img") > 30
    for part in ("Use <em>svm</em>", "Accuracy and time", "How the training went", "개와 고양이", "گربه‌ها"):
        assert part in page


def test_the_first_screen_begins_with_the_verdict_and_its_title_says_the_same(run_folder: Path) -> None:
    results = with_verdict(read_results(run_folder), details=("One more thing.",))
    page, _ = build(results, run_folder)
    assert "<title>photos: use svm</title>" in page
    first = page.partition('id="verdict-title"')[2].partition("</section>")[0]
    assert (
        first.index("Use <em>svm</em>")
        < first.index("Use svm: it was right on")
        < first.index("86.7")
        < first.index("predict")
    )
    assert first.index("More about this verdict") < first.index("One more thing.")


@pytest.mark.parametrize(
    ("doubt", "heading", "title"),
    [
        ("decided", "No winner yet. For now, use <em>svm</em></h2>", ": no winner yet</title>"),
        (
            "above_chance",
            "Nothing is better than guessing yet. The best so far: <em>svm</em>",
            ": not better than guessing",
        ),
    ],
)
def test_where_nothing_can_be_called_better_yet_heading_title_and_table_say_so(
    run_folder: Path, doubt: str, heading: str, title: str
) -> None:
    page, _ = build(with_verdict(read_results(run_folder), **{doubt: False}), run_folder)
    assert heading in page
    assert title in page
    assert ">Use <em>" not in page
    assert ": use svm" not in page
    assert page.count("in doubt") == 1
    assert '<span class="badge">recommended</span>' not in page


def test_where_several_splits_decide_the_first_screen_goes_by_them(run_folder: Path) -> None:
    means = over_splits({run.id: 0.7 + 0.02 * at for at, run in enumerate(read_results(run_folder).runs)})
    said = "Use svm: it was right 74.0 % of the time, on average over 20 splits."
    results = with_verdict(changed(read_results(run_folder), repeated_splits=means), text=said)
    page, _ = build(results, run_folder)
    outline(page)
    first = page.partition('id="verdict-title"')[2].partition("</section>")[0]
    assert "74.0\u00a0%</strong> right on average over 20 splits of the pictures" in first
    assert "86.7" not in first.replace("(0.867)", "")
    good = asked(results, run_folder)["How good is it?"]
    assert good.short == "74.0\u00a0% right"
    assert "expect 69\u00a0% to 79\u00a0%" in good.told
    assert "means over several splits</a>" in page
    assert "means over several splits</a>" not in build(read_results(run_folder), run_folder)[0]


def test_names_from_right_to_left_turn_no_number_around(run_folder: Path) -> None:
    page, _ = build(read_results(run_folder), run_folder)
    assert "\u2068گربه\u200cها\u2069 160" in page
    assert "<bdi>گربه\u200cها</bdi>/" in page


def test_quick_is_what_trains_nothing_of_the_network(run_folder: Path) -> None:
    results = read_results(run_folder)
    quick = asked(results, run_folder)[QUICK]
    assert quick.told.startswith("svm (4 s) is 2.0 points less accurate than partial (19 s).")
    assert quick.short == "yes, as far as these pictures can tell"
    assert asked(with_p(results, 0.001), run_folder)[QUICK].short == "no"


def test_far_behind_and_tied_is_no_yes_and_at_chance_none_is_good_enough(run_folder: Path) -> None:
    results = with_p(read_results(run_folder), 0.2)

    def quick(changed_results: Results) -> str:
        return asked(changed_results, run_folder)[QUICK].short

    assert quick(results) == "yes, as far as these pictures can tell"
    found = run_of(results, "partial").metrics.test
    assert found is not None
    ahead = with_runs(
        results, lambda run: measured_as(run, accuracy=found.accuracy + 0.04) if run.id == "partial" else run
    )
    assert quick(ahead) == "can't tell"
    assert quick(with_p(ahead, 0.001)) == "no"
    assert quick(with_verdict(with_p(ahead, 0.001), decided=False)) == "can't tell"
    assert quick(with_verdict(with_p(ahead, 0.001), decided=False, above_chance=False)) == "no"


def test_quick_is_the_recommended_one_where_another_was_right_more_often(run_folder: Path) -> None:
    for winner in ("linear", "svm"):
        results = with_verdict(read_results(run_folder), winner=winner)
        assert asked(results, run_folder)[QUICK].told.startswith(f"{winner} ("), winner


def test_what_is_called_quick_takes_less_time(run_folder: Path) -> None:
    """As it was said: "the cheap one", svm with 19 s, against knn with 15 s."""

    def timed(**seconds: float) -> Results:
        results = with_verdict(read_results(run_folder), winner="svm")
        return with_runs(
            results, lambda run: changed(run, seconds=changed(run.seconds, total=seconds.get(run.id, 100.0)))
        )

    told = asked(timed(partial=15.0, svm=19.0, knn=3.0), run_folder)[QUICK].told
    assert told.startswith("knn (3 s) is ")
    assert "less accurate than partial (15 s)" in told
    told = asked(timed(partial=15.0, svm=15.1), run_folder)[QUICK].told
    assert told == "partial takes 15 s: none was quicker and none was right more often.", "as it is shown"


def test_curves_of_what_nothing_was_held_back_from_have_names_and_tips(run_folder: Path) -> None:
    results = with_runs(
        read_results(run_folder),
        lambda run: changed(
            run,
            epochs=tuple(changed(epoch, choosing_loss=None, choosing_accuracy=None) for epoch in run.epochs),
        ),
    )
    trained = [run for run in results.runs if run.epochs]
    for panel in drawings.epoch_panels(results)[:2]:
        assert "none were set aside" in panel.told, panel.title
        assert all(f">{run.id}<" in panel.drawing for run in trained)
        assert panel.drawing.count("<title>") >= sum(len(run.epochs) for run in trained)


def test_the_ring_is_around_the_epoch_that_was_kept(run_folder: Path) -> None:
    results = read_results(run_folder)
    training = run_of(results, "partial").training
    assert training is not None
    chosen = with_run(results, "partial", training=changed(training, epoch_chosen=2))
    for panel in drawings.epoch_panels(chosen):
        assert "partial, epoch 2" in panel.drawing.partition(" (kept)")[0].rpartition("<title>")[2]
    none = with_run(results, "partial", training=changed(training, epoch_chosen=None))
    none = changed(none, runs=(run_of(none, "partial"),))
    assert all("(kept)" not in panel.drawing for panel in drawings.epoch_panels(none))


def test_it_says_whose_answers_it_shows_where_the_winners_are_gone(run_folder: Path) -> None:
    results = read_results(run_folder)
    (run_folder / "predictions" / f"{results.verdict.winner}.parquet").unlink()
    _, notes = build(results, run_folder)
    assert any(f"The answers of {results.verdict.winner} are missing" in note for note in notes)


def with_calibration(results: Results, ece: float) -> Results:
    """Return the results with this calibration error of the winner, where luck alone would give 0.1."""
    record = Calibration(
        ece=ece, ece_before=0.3, ece_if_true=0.1, ece_by_luck_at_most=0.15, loss_before=1.0, reliability=()
    )
    return with_runs(
        results, lambda run: measured_as(run, calibration=record) if run.id == results.verdict.winner else run
    )


@pytest.mark.parametrize("sure", [True, False])
@pytest.mark.parametrize("off", [True, False])
def test_trust_in_one_answer_and_in_all_do_not_contradict_each_other(
    run_folder: Path, off: bool, sure: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headstart.report.page.questions._LEAST_SURE", 0 if sure else 1000)
    monkeypatch.setattr("headstart.report.page.questions.right_when_sure", lambda *_: (9, 9, 0.97))
    results = with_calibration(read_results(run_folder), 0.2 if off else 0.05)
    found = asked(results, run_folder)[TRUST]
    so_far = "yes, as far as these pictures can tell"  # nine of nine may well be nine of ten
    assert ("Overall it is " in found.told) == off
    assert ("too few to check those alone" in found.told) == (not sure)
    if not sure:
        assert found.short.startswith("no, it is " if off else "yes")
        assert not off or found.short.removeprefix("no, it is ") in found.told
    else:
        assert found.short == (f"at 95 %, {so_far}" if off else so_far)


@pytest.mark.parametrize(
    ("sure", "right", "short"),
    [
        (400, 392, "yes"),
        (36, 36, "yes, as far as these pictures can tell"),
        (36, 34, "can't tell"),
        (400, 376, "not quite"),
        (400, 340, "no"),
    ],
)
def test_a_yes_to_sure_answers_comes_from_the_interval(
    run_folder: Path, sure: int, right: int, short: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headstart.report.page.questions.right_when_sure", lambda *_: (sure, right, 0.976))
    found = asked(with_calibration(read_results(run_folder), 0.05), run_folder)[TRUST]
    assert found.short == short
    assert f"Of these, {right} are right" in found.told


@pytest.mark.parametrize(("temperature", "rings"), [(None, False), (1.0, False), (2.0, True)])
def test_answers_before_their_correction_are_rings_where_there_was_one(
    run_folder: Path, temperature: float | None, rings: bool
) -> None:
    results = read_results(run_folder)
    found = trust(results, read_answers(results, run_folder), run_of(results, "svm"), temperature)
    assert found.before == rings
    assert ('class="before"' in found.drawing) == rings
    assert found.record is None
    assert not found.off


def test_it_is_the_same_page_twice(run_folder: Path) -> None:
    results = read_results(run_folder)
    assert build(results, run_folder) == build(results, run_folder)


def test_names_cannot_break_out(run_folder: Path) -> None:
    evil = '</script><img src="x" onerror=alert(1)>'
    results = with_verdict(read_results(run_folder), text=evil, details=(evil,))
    data = changed(
        results.data,
        title=evil,
        classes=(evil, *results.data.classes[1:]),
        counts={"train": {evil: 3}, "val": {}, "test": {evil: 3}},
        skipped=(Skipped(path=evil, reason=evil),),
    )
    page, _ = build(changed(results, data=data, command=evil), run_folder)
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
    assert json.loads(held.group(1))["names"] == list(read_results(run_folder).data.classes)


def test_without_pictures_the_page_says_so(run_folder: Path) -> None:
    found = read_results(run_folder)
    results = changed(found, data=changed(found.data, root=str(run_folder / "gone")))
    page, notes = build(results, run_folder)
    assert "<img" not in page
    assert "--data" in notes[0]
    outline(page)


def test_a_picture_that_is_gone_is_named(run_folder: Path) -> None:
    root = Path(read_results(run_folder).data.root)
    (root / "bee" / "000.jpg").unlink()
    _, notes = build(read_results(run_folder), run_folder)
    assert "'bee/000.jpg'" in notes[0]


def test_another_place_of_the_pictures_is_taken(run_folder: Path) -> None:
    results = read_results(run_folder)
    moved = Path(results.data.root).rename(run_folder.parent / "moved")
    page, notes = build(results, run_folder, pictures=moved)
    assert notes == ()
    assert "<img" in page
    with pytest.raises(DataError, match="holds none of the pictures"):
        build(results, run_folder, pictures=run_folder)


def test_without_predictions_the_rest_stands(run_folder: Path) -> None:
    for file in (run_folder / "predictions").iterdir():
        file.unlink()
    page, notes = build(read_results(run_folder), run_folder)
    assert "holds no predictions" in notes[0]
    assert 'id="mistakes"' not in page
    outline(page)


def test_damaged_predictions_are_passed_over(run_folder: Path) -> None:
    (run_folder / "predictions" / "svm.parquet").write_bytes(b"PAR1 no")
    page, _ = build(read_results(run_folder), run_folder)
    assert "Where <em>partial</em> goes wrong" in page  # the most accurate of those that are left


def test_results_may_lack_a_part(run_folder: Path) -> None:
    results = changed(
        read_results(run_folder), comparisons=(), plan=(), backbone=None, command="", strategies=(), recipe=None
    )
    assert {"strategies", "making"} <= set(outline(build(results, run_folder)[0]).ids)


def test_a_winner_whose_run_is_gone_has_no_card(run_folder: Path) -> None:
    page, _ = build(with_verdict(read_results(run_folder), winner="gone"), run_folder)
    assert "No verdict yet" in page
    outline(page)


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
    with pytest.raises(StoreError, match="is not a run folder"):
        read_results(tmp_path)
    (tmp_path / "plan.json").write_text("{}", encoding="utf-8")
    with pytest.raises(StoreError, match="no strategy is finished"):
        read_results(tmp_path)
    (tmp_path / "results.json").write_text("[]", encoding="utf-8")
    with pytest.raises(StoreError, match="schema unknown"):
        read_results(tmp_path)


def test_results_of_another_schema_and_without_runs_are_errors_that_say_what_to_do(
    run_folder: Path, results: Results
) -> None:
    write_record(run_folder / "results.json", changed(results, schema=1))
    with pytest.raises(StoreError, match="has schema 1") as caught:
        read_results(run_folder)
    assert results.command in (caught.value.hint or "")
    write_record(run_folder / "results.json", changed(results, runs=()))
    with pytest.raises(StoreError, match="holds no run"):
        read_results(run_folder)


def test_a_map_shows_every_picture_that_has_a_place(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = changed(
        read_results(run_folder), map=FeatureMapRecord(file="map.parquet", pictures=30, explained=(0.4, 0.1))
    )
    answers = read_answers(results, run_folder)
    MapFile(run_folder / "map.parquet").write(answers.paths, np.random.default_rng(0).normal(size=(len(answers), 2)))
    page, _ = build(results, run_folder)
    outline(page)
    wrong = int((answers.answered("svm") != answers.labels).sum())
    assert page.count("wrong-ring") == wrong + 1  # and the rule of the style sheet
    assert "ring wrong-ring many" not in page
    monkeypatch.setattr(mapped, "_MANY", wrong - 1)
    assert build(results, run_folder)[0].count("ring wrong-ring many") == wrong
    assert "They hold 50\u00a0% of all differences" in page
    (run_folder / "map.parquet").unlink()
    assert 'id="map"' not in build(results, run_folder)[0]
