"""Where training pictures are many, some of them choose framing and augmentation; the heads learn from all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from headstart.experiment.ground import Look, prepare

import headstart as hs
from headstart import heads
from headstart.experiment.framing_choice import out_of_fold_losses
from headstart.experiment.request import Request
from headstart.records.progress import Silent
from headstart.table import read_table

OPTIONS = {"image_size": 64, "strategies": ["linear", "partial"], "epochs": 1}


def test_some_pictures_choose_and_all_teach(picture_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole = hs.compare(picture_folder, out=tmp_path / "whole.run", **OPTIONS)
    hs.clear_cache()
    monkeypatch.setattr("headstart.experiment.ground.LOOKS", 10)
    some = hs.compare(picture_folder, out=tmp_path / "some.run", **OPTIONS)
    pictures = [{step["step"]: step["pictures"] for step in one.results["plan"]} for one in (whole, some)]
    assert pictures[0] | {"framing": 24, "augment": 48} == pictures[0]
    assert pictures[1] | {"framing": 20, "augment": 20} == pictures[1]
    notes = [one.results["chosen"]["by"]["framing"] for one in (whole, some)]
    assert notes[0] != notes[1]
    if some.results["chosen"]["framing"] == whole.results["chosen"]["framing"]:
        assert some.runs["linear"].metrics == whole.runs["linear"].metrics


def test_pictures_looked_at_keep_their_folds(picture_folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("headstart.experiment.ground.LOOKS", 10)
    request = Request(strategies=("linear",), image_size=64, framing="squash", readout="pool")
    ground = prepare(read_table(picture_folder), request, files=None, threads=None, progress=Silent())
    given: list[np.ndarray] = []
    solve = heads.HEADS["logistic"].fit

    def spy(*arguments: Any, folds: Any, **options: Any) -> Any:
        given.append(folds)
        return solve(*arguments, folds=folds, **options)

    monkeypatch.setitem(heads.HEADS, "logistic", replace(heads.HEADS["logistic"], fit=spy))
    seen = ground.features(ground.looked_at, ground.need_backbone().preprocessing, Look("framing", "look"))
    out_of_fold_losses(ground, [seen, seen])
    of_row = dict(zip(ground.train.tolist(), ground.folds.tolist(), strict=True))
    own = [of_row[int(row)] for row in ground.looked_at]
    assert given[0].tolist() == own * 2
    assert own != ground.folds[: len(own)].tolist()
