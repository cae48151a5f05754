"""`full` sees smaller pictures first where that is asked for: stated in the results, the same after a stop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from experiments import Interrupting, without_times

import headstart as hs

OPTIONS: dict[str, Any] = {
    "strategies": "full", "image_size": 128, "epochs": 3, "framing": "squash", "augment": "photo",
    "training": {"progressive": True},
}  # fmt: skip


def test_it_says_so_and_goes_on_after_a_stop(pictures: Path, tmp_path: Path) -> None:
    whole = hs.compare(pictures, out=tmp_path / "whole.run", **OPTIONS)
    settings = whole.results["runs"][0]["settings"]
    assert settings["sides"] == [96, 96, 128]
    assert whole.results["runs"][0]["preprocessing"]["input_size"] == 128
    hs.clear_cache("trainings")
    progress = Interrupting(10**6)
    progress.epoch = lambda *_: setattr(progress, "left", 0)  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        hs.compare(pictures, out=tmp_path / "stopped.run", progress=progress, **OPTIONS)
    again = hs.compare(pictures, out=tmp_path / "stopped.run", **OPTIONS)
    assert without_times(again.results) == without_times(whole.results)


def test_it_is_not_the_default(pictures: Path, tmp_path: Path) -> None:
    run = hs.compare(pictures, out=tmp_path / "a.run", **{**OPTIONS, "training": {}})
    assert run.results["runs"][0]["settings"]["sides"] == []
