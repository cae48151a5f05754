"""Where training pictures are many, some of them choose framing and augmentation; the heads learn from all."""

from __future__ import annotations

from pathlib import Path

import pytest

import headstart as hs

OPTIONS = {"image_size": 64, "strategies": ["linear", "partial"], "epochs": 1}


def test_some_pictures_choose_and_all_teach(picture_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole = hs.compare(picture_folder, out=tmp_path / "whole.run", **OPTIONS)
    hs.clear_cache()
    monkeypatch.setattr("headstart.strategies.ground.LOOKS", 10)
    some = hs.compare(picture_folder, out=tmp_path / "some.run", **OPTIONS)
    pictures = [{step["step"]: step["pictures"] for step in one.results["plan"]} for one in (whole, some)]
    assert pictures[0] | {"framing": 24, "augment": 48} == pictures[0]
    assert pictures[1] | {"framing": 20, "augment": 20} == pictures[1]
    notes = [one.results["chosen"]["by"]["framing"] for one in (whole, some)]
    assert notes[0] != notes[1]
    if some.results["chosen"]["framing"] == whole.results["chosen"]["framing"]:
        assert some.runs["linear"].metrics == whole.runs["linear"].metrics
