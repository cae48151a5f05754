from __future__ import annotations

from pathlib import Path

import pytest
from experiments import QUICK

import headstart as hs
from headstart.base.errors import WeightsError


@pytest.mark.usefixtures("no_network")
def test_the_packaged_network_needs_no_network(picture_folder: Path, tmp_path: Path) -> None:
    run = hs.compare(picture_folder, out=tmp_path / "a.run", strategies="knn", offline=True, **QUICK)
    assert run.winner.predict([next(picture_folder.rglob("*.png"))])


@pytest.mark.usefixtures("no_network")
def test_weights_that_are_not_here_are_an_error_and_never_random(picture_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="--weights"):
        hs.compare(picture_folder, out=tmp_path / "a.run", backbone="resnet18", offline=True, strategies="knn")
    assert not (tmp_path / "a.run" / "results.json").exists()
