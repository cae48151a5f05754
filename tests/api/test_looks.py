"""Where training pictures are many, some of them choose framing and augmentation; the heads learn from all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import headstart as hs
from headstart import heads
from headstart.experiment.framing_choice import out_of_fold_losses
from headstart.experiment.prepare import prepare
from headstart.experiment.request import Request
from headstart.records.progress import Silent
from headstart.strategies.passes import Look
from headstart.table import read_table

OPTIONS = {"image_size": 64, "strategies": ["linear", "partial"], "epochs": 1}


def test_some_pictures_choose_and_all_teach(picture_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole = hs.compare(picture_folder, out=tmp_path / "whole.run", **OPTIONS)
    hs.clear_cache()
    with monkeypatch.context() as few:
        few.setattr("headstart.strategies.division.LOOKS", 10)
        some = hs.compare(picture_folder, out=tmp_path / "some.run", **OPTIONS)
    pictures = [{step.step: step.pictures for step in one.results.plan} for one in (whole, some)]
    assert pictures[0] | {"framing": 24, "augment": 72} == pictures[0]
    assert pictures[1] | {"framing": 20, "augment": 30} == pictures[1]
    notes = [one.results.chosen.by.framing for one in (whole, some)]
    assert notes[0] != notes[1]
    hs.clear_cache()
    chosen = some.results.chosen
    asked = {**OPTIONS, "framing": chosen.framing, "strategies": ["linear"]}
    told = hs.compare(picture_folder, out=tmp_path / "told.run", **asked)
    assert some.runs["linear"].metrics == told.runs["linear"].metrics
    assert some.runs["linear"].record.solved == told.runs["linear"].record.solved


def test_pictures_looked_at_keep_their_folds(picture_folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("headstart.strategies.division.LOOKS", 10)
    request = Request(strategies=("linear",), image_size=64, framing="squash", readout="pool")
    context = prepare(read_table(picture_folder), request, threads=None, progress=Silent()).context
    division = context.division
    given: list[np.ndarray] = []
    solve = heads.HEADS["logistic"].fit

    def spy(*arguments: Any, folds: Any, **options: Any) -> Any:
        given.append(folds)
        return solve(*arguments, folds=folds, **options)

    monkeypatch.setitem(heads.HEADS, "logistic", replace(heads.HEADS["logistic"], fit=spy))
    preprocessing = context.resolved.need_backbone().preprocessing
    seen = context.passes.features("looked at", preprocessing, look=Look("framing", "look"))
    out_of_fold_losses(context, [seen, seen])
    of_row = dict(zip(division.train.tolist(), division.folds.tolist(), strict=True))
    own = [of_row[int(row)] for row in division.looked_at]
    assert given[0].tolist() == own * 2
    assert own != division.folds[: len(own)].tolist()
