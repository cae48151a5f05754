"""`--cut auto`: several depths of `partial`, each a candidate of its own, in one folder, one table, one verdict."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from experiments import QUICK, Interrupting, read_results, stopped_and_continued, without_times

import headstart as hs
from headstart.base.errors import ConfigError
from headstart.experiment.session import Session
from headstart.records.progress import Silent
from headstart.records.results import NotRun
from headstart.table import read_table

# Two depths, so that a test takes seconds.
TRIED = ("conv_head", "blocks.5")
NAMES = [f"partial@{cut}" for cut in TRIED]
AUTO: dict[str, Any] = {**QUICK, "epochs": 1, "strategies": "knn,partial", "cut": "auto", "framing": "squash"}
AUTO["augment"] = "photo"


@pytest.fixture(autouse=True)
def two_depths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart.experiment.depths._spread", lambda names, usual: TRIED)


@pytest.fixture(scope="module")
def tried(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> hs.api.Experiment:
    """Both depths, in a folder that tests leave as it is; its cache is none of theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("headstart.experiment.depths._spread", lambda names, usual: TRIED)
        patch.setenv("HEADSTART_CACHE", str(tmp_path_factory.mktemp("cache of the depths")))
        return hs.compare(pictures, out=tmp_path_factory.mktemp("runs") / "depths.run", **AUTO)


class Trained(Silent):
    """Notes whose epochs are trained, and what is said."""

    def __init__(self) -> None:
        self.runs: list[str] = []
        self.said: list[str] = []

    def epoch(self, run: str, record: Any) -> None:
        self.runs.append(run)

    def message(self, text: str) -> None:
        self.said.append(text)


def test_each_depth_is_a_run_with_files_of_its_own(tried: hs.api.Experiment, pictures: Path, capsys: Any) -> None:
    assert list(tried.runs) == ["knn", *NAMES]
    for name, cut in zip(NAMES, TRIED, strict=True):
        record = tried.runs[name].record
        assert (record.strategy, record.cut) == ("partial", cut)
        assert record.predictions == f"predictions/{name}.parquet"
        assert pq.read_table(tried.folder / record.predictions).num_rows == 12
        bundle = tried.folder / record.bundle
        told = json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))["info"]["strategy"]
        assert (told["strategy"], told["cut"]) == ("partial", cut)
        picture = next((pictures / "val" / "circle").iterdir())
        assert hs.predict(bundle, [picture]).rows[0].label == tried.runs[name].predict([picture])[0]
    assert not (tried.folder / "checkpoints").exists()
    page = (tried.folder / "report.md").read_text(encoding="utf-8")
    assert all(f"| {name} |" in page and f"### {name}" in page for name in NAMES)


def test_they_stand_in_the_pairs_and_in_the_verdict(tried: hs.api.Experiment) -> None:
    pairs = [{pair.a, pair.b} for pair in tried.results.comparisons]
    assert len(pairs) == 3
    assert set(NAMES) in pairs
    assert {tried.verdict.winner, *tried.verdict.tied_with} <= {"knn", *NAMES}
    assert "depths from conv_head to blocks.5" in " ".join(tried.verdict.details)


def test_the_activations_of_all_depths_come_from_one_pass(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = []
    extraction = sys.modules["headstart.features.extract"]  # whose name its function bears too
    whole = extraction._network
    monkeypatch.setattr(extraction, "_network", lambda *given: passes.append(given[0].cut) or whole(*given))
    tried = hs.compare(pictures, out=tmp_path / "a.run", **AUTO)
    assert passes.count("conv_head") == 3, "two views, and the pictures as they are"
    assert passes.count("blocks.5") == 0
    (step,) = [step for step in tried.results.plan if step.step == "activations"]
    seconds = [tried.runs[name].record.seconds.total for name in NAMES]
    assert all(step.seconds < total for total in seconds)


def test_a_depth_is_what_its_cut_gives_by_itself(tried: hs.api.Experiment, pictures: Path, tmp_path: Path) -> None:
    alone = hs.compare(pictures, out=tmp_path / "b.run", **{**AUTO, "cut": "conv_head"})
    one, other = (without_times(run.record) for run in (alone.runs["partial"], tried.runs[NAMES[0]]))
    for key in ("id", "predictions", "bundle"):
        del one[key], other[key]
    assert one == other
    predictions = [tried.runs[NAMES[0]], alone.runs["partial"]]
    first, second = (pq.read_table(run._bundle.parents[1] / run.record.predictions) for run in predictions)
    assert first.equals(second)


def test_the_same_call_and_one_that_names_them_reprint_what_stands(
    tried: hs.api.Experiment, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headstart.experiment.depths.pretrained", lambda request: pytest.fail("no network is needed"))
    assert hs.compare(pictures, out=tried.folder, **AUTO).results == tried.results
    named = {**AUTO, "cut": None, "strategies": ["knn", *reversed(NAMES)]}
    assert hs.compare(pictures, out=tried.folder, **named).results == tried.results
    usual = {**AUTO, "cut": None}
    assert hs.compare(pictures, out=tried.folder, **usual).results == tried.results, "partial is partial@blocks.5 here"


def test_depths_come_beside_partial_which_is_one_of_them(pictures: Path, tmp_path: Path) -> None:
    place = tmp_path / "a.run"
    first = hs.compare(pictures, out=place, **{**AUTO, "cut": None})
    grown = hs.compare(pictures, out=place, **AUTO)
    assert list(grown.runs) == ["knn", "partial", "partial@conv_head"]
    assert without_times(grown.runs["partial"].record) == without_times(first.runs["partial"].record)
    assert "depths from conv_head to blocks.5" in " ".join(grown.verdict.details)
    assert hs.compare(pictures, out=place, **{**AUTO, "cut": None}).results == grown.results


def test_another_cut_in_the_folder_is_another_experiment(pictures: Path, tmp_path: Path) -> None:
    hs.compare(pictures, out=tmp_path / "a.run", **{**AUTO, "strategies": "knn,partial", "cut": "conv_head"})
    with pytest.raises(ConfigError, match=r"another experiment \(cut: conv_head there, auto here\)"):
        hs.compare(pictures, out=tmp_path / "a.run", **AUTO)
    hs.compare(pictures, out=tmp_path / "b.run", **{**AUTO, "strategies": "knn", "cut": None})
    with pytest.raises(ConfigError, match=r"another experiment \(seed: 0 there, 1 here\)"):
        hs.compare(pictures, out=tmp_path / "b.run", **{**AUTO, "seed": 1})


def test_stopped_anywhere_the_depths_go_on(tried: hs.api.Experiment, pictures: Path, tmp_path: Path) -> None:
    chance, table = random.Random(3), read_table(pictures)

    def begin(progress: Interrupting) -> hs.api.Experiment:
        return hs.compare(table, out=tmp_path / "stopped.run", progress=progress, **AUTO)

    again, stops = stopped_and_continued(begin, chance, 45)  # two heads are solved before the first epoch
    assert stops >= 2
    assert without_times(again.results) == without_times(tried.results)
    assert not (tmp_path / "stopped.run" / "checkpoints").exists()


def test_the_budget_leaves_the_deeper_one(
    tried: hs.api.Experiment, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = {"knn": 1.0, NAMES[0]: 1.0, NAMES[1]: 9e9}
    monkeypatch.setattr(Session, "_expected", lambda session, strategy: expected[strategy.name])
    place = tmp_path / "late.run"
    short = hs.compare(pictures, out=place, budget="1h", **AUTO)
    assert list(short.runs) == ["knn", NAMES[0]]
    assert short.results.not_run == (NotRun(strategy=NAMES[1], estimated_seconds=9e9, begun=False),)
    assert f"There was no time for {NAMES[1]} (about " in (place / "report.md").read_text(encoding="utf-8")
    assert without_times(hs.compare(pictures, out=place, **AUTO).results) == without_times(tried.results)


def test_what_was_trained_is_found_by_its_cut_whatever_it_is_called(
    tried: hs.api.Experiment, pictures: Path, tmp_path: Path
) -> None:
    hs.compare(pictures, out=tmp_path / "a.run", **AUTO)
    progress = Trained()
    usual = hs.compare(pictures, out=tmp_path / "b.run", progress=progress, **{**AUTO, "cut": None})
    assert progress.runs == [], "partial is cut at blocks.5, as one of the depths was"
    assert usual.runs["partial"].record.predictions == "predictions/partial.parquet"
    assert usual.runs["partial"].predict_proba([next((pictures / "val" / "circle").iterdir())]).shape == (1, 2)
    again = hs.compare(pictures, out=tmp_path / "c.run", progress=progress, **AUTO)
    assert progress.runs == []
    assert without_times(again.results) == without_times(tried.results)
    kept = {entry.about.cut for entry in hs.list_cache().entries if entry.kind == "trainings"}
    assert kept == set(TRIED)


def test_the_plan_lists_every_depth(pictures: Path) -> None:
    found = hs.plan(pictures, strategies="knn,partial", cut="auto", image_size=64, budget="10h")
    steps = {step.step: step for step in found.steps}
    assert [name for name in steps if name.startswith(("knn", "act", "par"))] == ["knn", "activations", *NAMES]
    assert steps[NAMES[1]].estimated_seconds > steps[NAMES[0]].estimated_seconds > 0
    one = hs.plan(pictures, strategies="partial", cut="blocks.5", image_size=64).steps
    assert steps["activations"].bytes > next(step.bytes for step in one if step.step == "activations")
    assert found.fits == ("knn", *NAMES)
    assert "--cut auto" in found.command


def test_over_folds_each_depth_is_a_strategy_of_its_own(pictures: Path, tmp_path: Path) -> None:
    found = hs.compare(pictures, out=tmp_path / "a.run", folds=2, **{**AUTO, "views": 1}).results
    assert [entry.strategy for entry in found.repeated_splits.strategies] == ["knn", *NAMES]
    assert {pair.a for pair in found.repeated_splits.comparisons} <= {"knn", *NAMES}
    assert (tmp_path / "a.run" / "repeated_splits" / f"{NAMES[0]}-s0-f1.json").exists()
    told = read_results(tmp_path / "a.run").verdict
    assert "depths from conv_head" in " ".join([told.text, *told.details])


def test_one_classifier_has_one_depth(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'auto', which tries several depths"):
        hs.fit(pictures, strategy="partial", cut="auto", out=tmp_path / "x.bundle")
    model = hs.fit(pictures, strategy="partial@conv_head", out=tmp_path / "y.bundle", **{**QUICK, "epochs": 1})
    assert model.info.strategy.cut == "conv_head"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"strategies": "knn"}, "partial is not among the strategies"),
        ({"unfreeze": 2}, "Both 'cut' and 'unfreeze'"),
        ({"strategies": "partial@conv_head"}, "partial is not among the strategies"),
        ({"strategies": "full@conv_head", "cut": None}, "the cut of full is always the same"),
        ({"strategies": "partial@", "cut": None}, "names no stage"),
        ({"strategies": "partial@../../x", "cut": None}, "names no stage"),
        ({"strategies": "partail@conv_head", "cut": None}, "partial"),
        ({"strategies": "partial@conv_haed", "cut": None}, "Did you mean 'conv_head'"),
        ({"strategies": "partial@pool", "cut": None}, "Nothing of the network would be trained"),
    ],
)
def test_what_cannot_be_asked_for_is_said_before_the_work(
    pictures: Path, tmp_path: Path, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        hs.compare(pictures, out=tmp_path / "a.run", **{**AUTO, **options})
    assert not (tmp_path / "a.run" / "plan.json").exists()
