"""A run folder: whose it is, what it takes beside what stands, what it refuses, how it goes on when it was stopped."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from drawing import draw_classes
from experiments import PLAIN, QUICK, Interrupting, read_results, stopped_and_continued, without_times
from PIL import Image

import headstart as hs
from headstart.base.errors import ConfigError, DataError, HeadstartError, StoreError
from headstart.records.codec import write_record
from headstart.records.progress import Silent
from headstart.records.record import changed
from headstart.records.run import RunRecord
from headstart.records.training import Epoch
from headstart.table import read_table


def unfinished(folder: Path) -> None:
    """Let results.json be as before the last writing: all strategies stand, and what they say together does not."""
    write_record(folder / "results.json", changed(read_results(folder), complete=False))


def test_the_same_call_returns_what_stands(experiment: hs.api.Experiment, pictures: Path) -> None:
    before = (experiment.folder / "results.json").stat().st_mtime_ns
    again = hs.compare(pictures, out=experiment.folder, **QUICK)
    assert again.results == read_results(experiment.folder)
    assert (experiment.folder / "results.json").stat().st_mtime_ns == before


def test_another_configuration_is_refused(experiment: hs.api.Experiment, pictures: Path) -> None:
    with pytest.raises(ConfigError, match="another experiment"):
        hs.compare(pictures, out=experiment.folder, **{**QUICK, "seed": 1})


def test_a_foreign_folder_is_refused_and_left(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "photo.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"photo\.txt"):
        hs.compare(pictures, out=tmp_path, strategies="linear")
    assert [path.name for path in tmp_path.iterdir()] == ["photo.txt"]


@pytest.mark.parametrize("wrong", [{"strategies": "partial@nowhere"}, {"backbone": "no_such_network"}])
def test_what_fails_before_anything_is_written_leaves_no_folder(
    pictures: Path, tmp_path: Path, wrong: dict[str, str]
) -> None:
    with pytest.raises(HeadstartError):
        hs.compare(pictures, out=tmp_path / "a.run", offline=True, **wrong)
    assert not (tmp_path / "a.run").exists()


def test_stopped_anywhere_it_continues_to_the_same_results(
    experiment: hs.api.Experiment, pictures: Path, tmp_path: Path, cache: Path
) -> None:
    chance, table = random.Random(0), read_table(pictures)  # reading is not what is stopped here

    def begin(progress: Interrupting) -> hs.api.Experiment:
        return hs.compare(table, out=tmp_path / "stopped.run", progress=progress, **QUICK)

    again, stops = stopped_and_continued(begin, chance, 45)
    assert stops >= 3
    assert without_times(again.results) == without_times(experiment.results)
    assert not (tmp_path / "stopped.run" / "checkpoints").exists()


def test_a_finished_run_is_printed_again_beside_whatever_lies_there(pictures: Path, tmp_path: Path) -> None:
    first = hs.compare(pictures, out=tmp_path / "a.run", strategies="knn", **PLAIN)
    (first.folder / "grid.png").write_bytes(b"mine")
    again = hs.compare(pictures, out=tmp_path / "a.run", strategies="knn", **PLAIN)
    assert again.results == first.results
    assert (first.folder / "grid.png").read_bytes() == b"mine"


def test_what_tells_two_experiments_apart_is_said(pictures: Path, tmp_path: Path) -> None:
    hs.compare(pictures, out=tmp_path / "a.run", strategies="knn", **PLAIN)
    with pytest.raises(ConfigError, match=r"another experiment \(seed: 0 there, 1 here; views: 2 there, 3 here\)"):
        hs.compare(pictures, out=tmp_path / "a.run", strategies="linear", seed=1, **{**PLAIN, "views": 3})


def test_other_strategies_come_beside_those_that_stand(pictures: Path, tmp_path: Path, cache: Path) -> None:
    everything = hs.compare(pictures, out=tmp_path / "all.run", strategies="partial,linear,svm", **QUICK)
    hs.clear_cache("trainings")  # or it would be found instead of trained
    grown = tmp_path / "grown.run"
    hs.compare(pictures, out=grown, strategies="svm", **QUICK)
    before = (grown / "bundles" / "svm" / "bundle.json").stat().st_mtime_ns
    hs.compare(pictures, out=grown, strategies="linear", **QUICK)
    last = hs.compare(pictures, out=grown, strategies="partial", **QUICK)
    assert (grown / "bundles" / "svm" / "bundle.json").stat().st_mtime_ns == before, "what stands is not done again"
    assert without_times(last.results) == without_times(everything.results)
    assert "strategies=('linear', 'svm', 'partial')" in last.results.command
    assert [step.step for step in last.results.plan] == [step.step for step in everything.results.plan]
    again = hs.compare(pictures, out=grown, strategies="linear", **QUICK)
    assert again.results == last.results, "a part of what stands is printed with the rest"


def test_strategies_seen_otherwise_do_not_come_together(pictures: Path, tmp_path: Path) -> None:
    options = {**QUICK, "scratch": "convnet4", "epochs": 1}
    hs.compare(pictures, out=tmp_path / "a.run", strategies="knn", **options)  # stored for 64 pixels
    with pytest.raises(ConfigError, match=r"stored at 256 pixels; those in the run folder were stored at \d+\."):
        hs.compare(pictures, out=tmp_path / "a.run", strategies="scratch", **options)
    assert [run.id for run in read_results(tmp_path / "a.run").runs] == ["knn"]


def test_what_was_chosen_without_a_backbone_stays_alone(pictures: Path, tmp_path: Path) -> None:
    options = {**QUICK, "epochs": 1, "image_size": 56}  # stored at 64 pixels, as for convnet64
    hs.compare(pictures, out=tmp_path / "a.run", strategies="scratch", **options)
    with pytest.raises(ConfigError, match="framed, stored or augmented differently than for scratch"):
        hs.compare(pictures, out=tmp_path / "a.run", strategies="knn", **options)
    assert [run.id for run in read_results(tmp_path / "a.run").runs] == ["scratch"]


@pytest.mark.parametrize("asked", ["knn,linear", "linear"])
def test_a_strategy_whose_bundle_is_gone_is_made_again_whatever_is_asked_for(
    pictures: Path, tmp_path: Path, asked: str
) -> None:
    first = hs.compare(pictures, out=tmp_path / "a.run", strategies="knn,linear", **PLAIN)
    shutil.rmtree(first.folder / "bundles" / "knn")
    again = hs.compare(pictures, out=tmp_path / "a.run", strategies=asked, **PLAIN)
    assert without_times(again.results) == without_times(first.results)
    assert hs.load(first.folder / "bundles" / "knn").classes == ("circle", "square")


def test_a_run_begun_with_other_packages_is_not_continued(pictures: Path, tmp_path: Path) -> None:
    first = hs.compare(pictures, out=tmp_path / "a.run", strategies="knn,linear", **PLAIN)
    unfinished(first.folder)
    plan = json.loads((first.folder / "plan.json").read_text())
    plan["versions"]["torch"] = "1.0"
    (first.folder / "plan.json").write_text(json.dumps(plan))
    with pytest.raises(ConfigError, match=r"torch 1\.0"):
        hs.compare(pictures, out=tmp_path / "a.run", strategies="knn,linear", **PLAIN)


def test_a_run_that_lost_its_predictions_is_done_again(pictures: Path, tmp_path: Path) -> None:
    first = hs.compare(pictures, out=tmp_path / "a.run", strategies="knn,linear", **PLAIN)
    unfinished(first.folder)
    (first.folder / "predictions" / "knn.parquet").unlink()
    again = hs.compare(pictures, out=tmp_path / "a.run", strategies="knn,linear", **PLAIN)
    assert again.results.verdict == first.results.verdict
    assert (first.folder / "predictions" / "knn.parquet").exists()


def test_growth_that_was_stopped_anywhere_goes_on(pictures: Path, tmp_path: Path, cache: Path) -> None:
    asked = "svm,partial,full"
    whole = hs.compare(pictures, out=tmp_path / "whole.run", strategies=asked, **QUICK)
    hs.clear_cache("trainings")  # or they would be found instead of trained
    grown, chance, stops = tmp_path / "grown.run", random.Random(1), 0
    table = read_table(pictures)
    hs.compare(pictures, out=grown, strategies="svm", **QUICK)
    while True:
        try:
            progress = Interrupting(chance.randint(2, 45))  # two heads are solved before the first epoch
            results = hs.compare(table, out=grown, strategies="partial,full", progress=progress, **QUICK).results
            break
        except KeyboardInterrupt:
            stops += 1
            assert stops < 100
    assert stops >= 3
    assert without_times(results) == without_times(whole.results)
    assert results.complete
    assert all(step.seconds is not None for step in results.plan)
    assert not (grown / "checkpoints").exists()


def test_a_part_of_an_unfinished_folder_is_told_and_nothing_is_rewritten(pictures: Path, tmp_path: Path) -> None:
    place = tmp_path / "a.run"
    hs.compare(pictures, out=place, strategies="knn", **PLAIN)
    with pytest.raises(KeyboardInterrupt):
        hs.compare(pictures, out=place, strategies="linear,partial", progress=After("linear"), **PLAIN)
    before = (place / "results.json").read_bytes()
    told = hs.compare(pictures, out=place, strategies="linear", **PLAIN).results
    assert [run.id for run in told.runs] == ["knn", "linear"]
    assert not told.complete
    assert (place / "results.json").read_bytes() == before
    more = hs.compare(pictures, out=place, strategies="svm", **PLAIN).results
    assert not more.complete, "partial was asked for and has not ended"


class Neighbour(Silent):
    """Another process compares in the same folder while this one trains."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work, self.done = work, False

    def epoch(self, run: str, record: Epoch) -> None:
        if not self.done:
            self.done = True
            self.work()


def test_what_another_process_put_there_meanwhile_stays(pictures: Path, tmp_path: Path) -> None:
    place = tmp_path / "a.run"
    hs.compare(pictures, out=place, strategies="knn", **PLAIN)
    neighbour = Neighbour(lambda: hs.compare(pictures, out=place, strategies="svm", **PLAIN))
    told = hs.compare(pictures, out=place, strategies="partial", progress=neighbour, **PLAIN).results
    assert {run.id for run in told.runs} == {"knn", "svm", "partial"}
    assert told.complete


def test_pictures_that_changed_their_readability_are_not_compared_with_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_classes(tmp_path / "data", 24, 0)
    Image.effect_noise((200, 200), 50).save(tmp_path / "data" / "circle" / "large.png")
    monkeypatch.setenv("HEADSTART_MAX_PIXELS", "10000")
    before = hs.compare(tmp_path / "data", out=tmp_path / "a.run", strategies="knn", **PLAIN).results
    assert [entry.path for entry in before.data.skipped] == ["circle/large.png"]
    monkeypatch.delenv("HEADSTART_MAX_PIXELS")
    with pytest.raises(DataError, match=r"'circle/large\.png' could not be read then and can now"):
        hs.compare(tmp_path / "data", out=tmp_path / "a.run", strategies="linear", **PLAIN)
    assert read_results(tmp_path / "a.run") == before


def test_a_folder_of_an_older_schema_is_refused_with_the_command_and_left(
    experiment: hs.api.Experiment, pictures: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "old.run"
    folder.mkdir()
    for name in ("plan.json", "results.json"):
        content = json.loads((experiment.folder / name).read_text(encoding="utf-8"))
        (folder / name).write_text(json.dumps({**content, "schema": 1}), encoding="utf-8")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    doors = (
        lambda: hs.write_report(folder),
        lambda: hs.compare(pictures, out=folder, **QUICK),
        lambda: hs.plan(pictures, out=folder, **QUICK),
    )
    for door in doors:
        with pytest.raises(StoreError, match=r"results\.json' has schema 1") as told:
            door()
        assert told.value.hint.endswith(experiment.results.command)
    (folder / "results.json").unlink()
    with pytest.raises(StoreError, match=r"plan\.json' has schema 1") as refused:
        hs.compare(pictures, out=folder, **QUICK)
    assert "run the same compare command again" in refused.value.hint
    del before[folder / "results.json"]
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_other_weights_of_the_same_network_are_not_mixed(pictures: Path, tmp_path: Path) -> None:
    first = hs.compare(pictures, out=tmp_path / "a.run", strategies="knn", **PLAIN)
    plan = json.loads((first.folder / "plan.json").read_text())
    (first.folder / "plan.json").write_text(json.dumps({**plan, "weights": "0" * 64}))
    with pytest.raises(ConfigError, match="other weights of tf_efficientnet_lite0"):
        hs.compare(pictures, out=tmp_path / "a.run", strategies="linear", **PLAIN)


class After(Silent):
    """Stops as a kill would after a strategy is through."""

    def __init__(self, strategy: str) -> None:
        self.strategy = strategy

    def result(self, record: RunRecord) -> None:
        if getattr(self, "armed", False):
            raise KeyboardInterrupt
        self.armed = record.id == self.strategy

    def epoch(self, run: str, record: Epoch) -> None:
        raise KeyboardInterrupt
