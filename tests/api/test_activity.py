"""`headstart activity`: frozen and with more stages trained, counted once, on the page and in report.md."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from experiments import PLAIN, own_cache, read_results
from safetensors.numpy import load_file

import headstart as hs
from headstart.base.errors import ConfigError
from headstart.explain import activity as module
from headstart.records.activity import CountedLayer
from headstart.records.codec import write_record
from headstart.records.progress import Silent
from headstart.records.record import changed

OPTIONS: dict[str, Any] = {**PLAIN, "epochs": 1}


class Heard(Silent):
    """Notes the steps and the epochs."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.trained: list[str] = []

    def step(self, name: str, total: int, unit: str = "pictures") -> Any:
        self.steps.append(name)
        return super().step(name, total, unit)

    def epoch(self, run: str, record: Any) -> None:
        self.trained.append(run)


@pytest.fixture(scope="module")
def one(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> hs.api.Experiment:
    """None and one stage; nobody writes into it."""
    with own_cache(tmp_path_factory.mktemp("cache of the activity")):
        place = tmp_path_factory.mktemp("runs") / "black.run"
        return hs.activity(pictures, unfreeze="0..1", out=place, **OPTIONS)


def test_it_counts_the_frozen_and_the_trained_network(one: hs.api.Experiment) -> None:
    entry = one.results.activity
    assert [(depth.run, depth.unfrozen) for depth in entry.depths] == [("linear", 0), ("partial@conv_head", 1)]
    assert entry.layer == CountedLayer(stage="conv_head", function="ReLU6", channels=1280, places=4, exact=True)
    assert (entry.pictures, entry.split, len(entry.shown)) == (12, "val", 3)
    frozen, trained = (depth.layers for depth in entry.depths)
    assert [layer.share for layer in frozen[:-1]] == [layer.share for layer in trained[:-1]]
    assert frozen[-1].share != trained[-1].share
    difference = entry.depths[1].difference
    assert difference.value == pytest.approx(trained[-1].share - frozen[-1].share)
    assert entry.trend.whole.value == pytest.approx(difference.value)
    assert entry.trend.answer in ("holds", "fails", "unclear")


def test_every_training_goes_through_all_epochs_on_all_of_train(one: hs.api.Experiment) -> None:
    record = one.runs["partial@conv_head"].record
    assert record.training.pictures == 24
    assert record.training.epoch_chosen is None
    assert not record.kept_solved_head
    assert one.results.activity.depths[1].accuracy == record.metrics.val.accuracy


def test_shares_and_maps_stand_in_the_run_folder(one: hs.api.Experiment) -> None:
    for depth in one.results.activity.depths:
        place = one.folder / "activity" / depth.run
        table = pq.read_table(f"{place}.parquet").to_pydict()
        assert np.mean(table["inactive conv_head"]) == pytest.approx(depth.layers[-1].share)
        maps = load_file(f"{place}.safetensors")["maps"]
        assert maps.shape == (3, 64, 2, 2)
        assert (maps == 0).any()


def test_page_report_and_command_tell_it(one: hs.api.Experiment) -> None:
    page = (one.folder / "report.html").read_text(encoding="utf-8")
    assert 'id="activity"' in page
    assert page.count('class="sheet"') == 6
    told = (one.folder / "report.md").read_text(encoding="utf-8")
    assert one.results.activity.trend.text in told.replace("\\", "")
    assert one.results.command.startswith("headstart.activity(")  # two views, of which no command line knows
    assert "unfreeze=1" in one.results.command
    assert "fixed" not in one.results.command


def test_a_deeper_number_adds_one_training_and_one_count(
    one: hs.api.Experiment, pictures: Path, tmp_path: Path
) -> None:
    place = shutil.copytree(one.folder, tmp_path / "black.run")
    again = Heard()
    assert hs.activity(pictures, unfreeze=1, out=place, progress=again, **OPTIONS).results == read_results(place)
    assert again.trained == []
    assert [name for name in again.steps if name.startswith("activity")] == []
    heard = Heard()
    found = hs.activity(pictures, unfreeze=2, out=place, progress=heard, **OPTIONS).results.activity
    assert set(heard.trained) == {"partial@blocks.6"}
    assert [name for name in heard.steps if name.startswith("activity")] == [
        "activity: pictures",
        "activity: partial@blocks.6",
    ]
    assert [depth.unfrozen for depth in found.depths] == [0, 1, 2]
    assert found.depths[:2] == one.results.activity.depths


def test_what_is_damaged_is_counted_again(one: hs.api.Experiment, tmp_path: Path) -> None:
    place = shutil.copytree(one.folder, tmp_path / "black.run")
    (place / "activity" / "linear.parquet").write_bytes(b"half a file")
    heard = Heard()
    hs.write_report(place, activity=True, progress=heard)
    assert [name for name in heard.steps if name.startswith("activity: l")] == ["activity: linear"]
    assert read_results(place).activity == one.results.activity


def test_a_comparison_can_be_counted_later(
    experiment: hs.api.Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of `compare` the trained networks are counted; one that kept the solved head is the frozen network."""
    place = shutil.copytree(experiment.folder, tmp_path / "pictures.run")
    results = read_results(place)
    assert results.activity is None
    kept = [
        changed(run, training=changed(run.training, kept_solved_head=True, epoch_chosen=None))
        if run.id == "full"
        else run
        for run in results.runs
    ]
    write_record(place / "results.json", changed(results, runs=tuple(kept)))
    monkeypatch.setattr(module, "MOST_PICTURES", 5)
    hs.write_report(place, activity=True)
    entry = read_results(place).activity
    names = {depth.run: depth for depth in entry.depths}
    assert list(names) == ["knn", "partial", "full"]
    assert names["full"].kept_solved_head
    assert names["full"].difference.value == 0
    assert (entry.pictures, names["full"].unfrozen, len(entry.stages)) == (5, 9, 9)
    assert names["partial"].unfrozen == entry.stages[::-1].index(names["partial"].cut) + 1
    told = (place / "report.md").read_text(encoding="utf-8")
    assert "full: further training did not help, so the frozen network with a new head was counted." in told


def test_without_a_before_and_an_after_nothing_is_counted(one: hs.api.Experiment, tmp_path: Path) -> None:
    place = shutil.copytree(one.folder, tmp_path / "black.run")
    results = read_results(place)
    for runs, says in ((results.runs[:1], "trained the network"), (results.runs[1:], "stayed frozen")):
        verdict = changed(results.verdict, winner=runs[0].id, tied_with=(), same_as={})
        write_record(place / "results.json", changed(results, runs=runs, verdict=verdict))
        with pytest.raises(ConfigError, match=says):
            hs.write_report(place, activity=True)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"unfreeze": "0"}, "unfreeze"),
        ({"unfreeze": "a..b"}, "unfreeze"),
        ({"unfreeze": -1}, "unfreeze"),
        ({"unfreeze": 99}, "99"),
        ({"cut": "blocks.5"}, "'cut'"),
        ({"epoch": 3}, "'epoch'"),
    ],
)
def test_what_cannot_be_asked_is_said(pictures: Path, tmp_path: Path, options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        hs.activity(pictures, out=tmp_path / "x.run", **options)
    assert not (tmp_path / "x.run").exists()
