"""One small real experiment for all tests: every strategy, the packaged network at 64 pixels. Nobody writes into it."""

from __future__ import annotations

from pathlib import Path

import pytest
from drawing import draw_classes
from experiments import QUICK, own_cache


@pytest.fixture(autouse=True)
def short_calibration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time one round of each network, not a third of a second of them: only estimates hang on it."""
    monkeypatch.setattr("headstart.experiment.calibrate.CALIBRATION", 0.0)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "pictures"
    draw_classes(folder / "train", 12, 0)
    draw_classes(folder / "val", 6, 100)
    return folder


@pytest.fixture(scope="session")
def experiment(pictures: Path, tmp_path_factory: pytest.TempPathFactory):
    import headstart as hs

    with own_cache(tmp_path_factory.mktemp("cache of the experiment")):
        return hs.compare(pictures, out=tmp_path_factory.mktemp("runs") / "pictures.run", **QUICK)
