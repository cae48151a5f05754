"""A comparison tells trackers when its results stand, and loses nothing by it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from experiments import QUICK, read_results, without_times

import headstart as hs

pytest.importorskip("tensorboard", reason="TensorBoard is not installed")


def test_what_is_typed_again_with_a_tracker_is_told_and_not_trained_again(
    experiment: Any, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "pictures.run"
    shutil.copytree(experiment.folder, folder)
    before = read_results(folder)
    monkeypatch.setattr("headstart.report.trackers.tensorboard.Boards.log", _refuse)
    failed = hs.compare(pictures, out=folder, trackers="tensorboard", **QUICK)
    assert "TensorBoard could not be reached or written (the disk is away)." in failed.tracked[0].error
    assert failed.verdict.text == experiment.verdict.text
    monkeypatch.undo()
    monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path / "cache"))
    (found,) = hs.track(folder, ["tensorboard"])
    assert found.logged == 1 + len(experiment.runs)
    assert {place.name for place in (folder / "trackers" / "tensorboard").iterdir()} == {"comparison", *experiment.runs}
    assert without_times(read_results(folder)) == without_times(before)


def _refuse(*given: Any) -> None:
    raise RuntimeError("the disk is away")
