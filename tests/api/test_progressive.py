"""`full` sees smaller pictures first where that is asked for: stated in the results, the same after a stop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from drawing import draw_classes
from experiments import Interrupting, without_times

import headstart as hs
from headstart.experiment.request import Request
from headstart.strategies.strategy import STRATEGIES

OPTIONS: dict[str, Any] = {
    "strategies": "full", "image_size": 128, "epochs": 3, "framing": "squash", "augment": "photo",
    "training": {"progressive": True}, "readout": "pool",
}  # fmt: skip


def test_it_says_so_and_goes_on_after_a_stop(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    draw_classes(pictures / "train", 6, 0)
    draw_classes(pictures / "val", 3, 100)
    whole = hs.compare(pictures, out=tmp_path / "whole.run", **OPTIONS)
    run = whole.results.runs[0]
    assert run.training.sides == (96, 96, 128)
    assert run.preprocessing.input_size == 128
    hs.clear_cache("trainings")
    progress = Interrupting(10**6)
    progress.epoch = lambda *_: setattr(progress, "left", 0)  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        hs.compare(pictures, out=tmp_path / "stopped.run", progress=progress, **OPTIONS)
    again = hs.compare(pictures, out=tmp_path / "stopped.run", **OPTIONS)
    assert without_times(again.results) == without_times(whole.results)


def test_it_is_not_the_default() -> None:
    settings = Request().settings_of(STRATEGIES["full"])
    assert not settings.progressive  # and then the side stays: tests/strategies/test_training_input.py
