"""What was trained once, with everything the same, is not trained again; what differs, or was damaged, is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from experiments import PLAIN, without_times

import headstart as hs
from headstart.base.process import processors
from headstart.cli.cached import entry_lines
from headstart.experiment.training_cache import CachedTraining, TrainingFacts
from headstart.records.progress import Silent
from headstart.records.record import changed
from headstart.records.training import Epoch


class Counting(Silent):
    """Counts the epochs that are trained, and keeps what is said."""

    def __init__(self) -> None:
        self.epochs = 0
        self.said: list[str] = []

    def epoch(self, run: str, record: Epoch) -> None:
        self.epochs += 1

    def message(self, text: str) -> None:
        self.said.append(text)


def compared(pictures: Path, out: Path, **options: Any) -> tuple[hs.api.Experiment, Counting]:
    progress = Counting()
    return hs.compare(pictures, out=out, progress=progress, **{**PLAIN, "strategies": "partial", **options}), progress


def test_another_folder_finds_what_was_trained(pictures: Path, tmp_path: Path) -> None:
    first, before = compared(pictures, tmp_path / "a.run")
    again, after = compared(pictures, tmp_path / "b.run")
    assert (before.epochs, after.epochs) == (2, 0)
    assert any("already trained on this machine" in text for text in after.said)
    assert without_times(again.results) == without_times(first.results)
    (told,) = again.results.runs
    assert told.seconds == changed(first.results.runs[0].seconds, earlier=True)
    assert "trained earlier" in (again.folder / "report.md").read_text(encoding="utf-8")
    assert "trained earlier" not in (first.folder / "report.md").read_text(encoding="utf-8")
    one, two = (folder / "predictions" / "partial.parquet" for folder in (first.folder, again.folder))
    assert pq.read_table(one).equals(pq.read_table(two))
    bundles = [folder / "bundles" / "partial" for folder in (first.folder, again.folder)]
    for file in ("bundle.json", "model.safetensors", "README.md"):
        assert (bundles[0] / file).read_bytes() == (bundles[1] / file).read_bytes()


def test_anything_else_is_trained(pictures: Path, tmp_path: Path) -> None:
    compared(pictures, tmp_path / "a.run")
    changes: list[dict[str, Any]] = [{"seed": 1}, {"epochs": 1}, {"views": 1}, {"framing": "pad"}]
    changes += [{"threads": 1}] if processors() > 1 else []
    for number, change in enumerate(changes):
        _, after = compared(pictures, tmp_path / f"{number}.run", **change)
        assert after.epochs == change.get("epochs", 2), change


def test_a_changed_picture_is_another_training(picture_folder: Path, draw: Any, tmp_path: Path) -> None:
    compared(picture_folder, tmp_path / "a.run", strategies="scratch")
    draw(sorted((picture_folder / "train" / "circle").iterdir())[0], seed=77)
    assert compared(picture_folder, tmp_path / "b.run", strategies="scratch")[1].epochs == 2


def test_a_damaged_entry_is_as_good_as_none(pictures: Path, tmp_path: Path, cache: Path) -> None:
    first, _ = compared(pictures, tmp_path / "a.run", strategies="scratch")
    (entry,) = (cache / "trainings").iterdir()
    for file in ("record.json", "predictions.parquet", "bundle/model.safetensors", "manifest.json"):
        whole = (entry / file).read_bytes()
        (entry / file).write_bytes(whole[:-7] + bytes([whole[-7] ^ 1]) + whole[-6:])
        again, after = compared(pictures, tmp_path / f"{Path(file).name}.run", strategies="scratch")  # made anew
        assert after.epochs == 2, file
        assert without_times(again.results) == without_times(first.results)


def test_it_is_listed_and_cleared(pictures: Path, tmp_path: Path) -> None:
    compared(pictures, tmp_path / "a.run")
    (entry,) = [one for one in hs.list_cache().entries if one.kind == "trainings"]
    assert entry.about.strategy == "partial"
    assert entry.bytes > 10**6
    told = [line.text for line in entry_lines(hs.list_cache(), width=120)]
    assert any("partial from blocks.5, trained on pictures (36 pictures)" in line for line in told)
    hs.clear_cache("trainings")
    assert compared(pictures, tmp_path / "b.run")[1].epochs == 2


def test_what_cannot_be_kept_costs_no_answer(
    pictures: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cache / "trainings").write_text("in the way")
    run, progress = compared(pictures, tmp_path / "a.run")
    assert progress.epochs == 2
    assert run.results.complete
    assert any("could not be kept" in text for text in progress.said)


def test_under_a_budget_what_is_kept_always_fits(pictures: Path, tmp_path: Path) -> None:
    both = {"strategies": "linear,partial"}
    compared(pictures, tmp_path / "a.run", **both)
    plan = json.loads((tmp_path / "a.run" / "plan.json").read_text(encoding="utf-8"))
    assert any(step["step"] == "partial" for step in plan["steps"])
    run, progress = compared(pictures, tmp_path / "b.run", **both, budget="1m")
    assert [one.id for one in run.results.runs] == ["linear", "partial"]
    assert progress.epochs == 0


def test_an_empty_place_stands_for_nothing(cache: Path) -> None:
    assert not CachedTraining("0" * 64, TrainingFacts(strategy="full", cut=None, data="", pictures=0)).stands()
