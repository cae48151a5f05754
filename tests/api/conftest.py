"""One small real experiment for all tests of a module: every strategy, the packaged network at 64 pixels."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from drawing import draw_classes
from experiments import QUICK


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "pictures"
    draw_classes(folder / "train", 12, 0)
    draw_classes(folder / "val", 6, 100)
    return folder


@pytest.fixture(scope="module")
def experiment(pictures: Path, tmp_path_factory: pytest.TempPathFactory):
    import headstart as hs

    before = os.environ.get("HEADSTART_CACHE")
    os.environ["HEADSTART_CACHE"] = str(tmp_path_factory.mktemp("cache of the experiment"))
    try:
        yield hs.compare(pictures, out=tmp_path_factory.mktemp("runs") / "pictures.run", **QUICK)
    finally:
        if before is None:
            del os.environ["HEADSTART_CACHE"]
        else:
            os.environ["HEADSTART_CACHE"] = before
