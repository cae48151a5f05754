"""Which trackers there are, and what is said before any work where one cannot be had."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from report.trackers.conftest import read

import headstart as hs
from headstart.api.tracking import track_ended
from headstart.base.errors import ConfigError, DependencyError, StoreError, TrackerError
from headstart.records.progress import Silent
from headstart.report.trackers import choosing
from headstart.report.trackers.choosing import TRACKERS, choose_trackers

ROOT = Path(__file__).parents[3]


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "find_spec", lambda name: None)


@pytest.fixture
def everything_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "find_spec", lambda name: object())


@pytest.mark.usefixtures("nothing_installed")
@pytest.mark.parametrize("name", TRACKERS)
def test_a_missing_package_is_said_before_anything_is_looked_at(name: str, tmp_path: Path) -> None:
    with pytest.raises(DependencyError, match="is not installed") as caught:
        hs.compare(tmp_path / "no such pictures", trackers=name)
    assert f'pip install "headstart[{name}]"' in caught.value.hint
    with pytest.raises(DependencyError):
        hs.track(tmp_path / "no such run", [name])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("everything_installed")
def test_names_are_checked_and_put_in_order() -> None:
    assert choose_trackers(None) == choose_trackers([]) == ()
    assert choose_trackers(["wandb", "tensorboard", "wandb"]) == ("tensorboard", "wandb")
    assert choose_trackers("mlflow") == ("mlflow",)
    with pytest.raises(ConfigError, match="trackers") as caught:
        choose_trackers(["ml-flow"])
    assert caught.value.hint == "Did you mean 'mlflow'?"


@pytest.mark.usefixtures("everything_installed")
def test_no_run_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There is no run folder"):
        hs.track(tmp_path / "gone", "wandb")


def test_every_row_has_its_module_and_its_extra() -> None:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    folder = Path(choosing.__file__).parent
    for name, row in TRACKERS.items():
        assert (folder / f"{name}.py").is_file()
        needed = " ".join(content["project"]["optional-dependencies"][row.extra])
        assert all(module in needed for module in row.needs), "the extra brings what is asked for"


def test_choosing_imports_no_tracker_and_no_torch() -> None:
    code = (
        "import sys; from headstart.report.trackers.choosing import choose_trackers; choose_trackers([])\n"
        "print(sorted({'torch', 'mlflow', 'wandb', 'accelerate', 'tensorboard'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


class Broken:
    """A tracker whose server is gone."""

    look = ""

    def stands(self, entry: Any) -> bool:
        raise ConnectionError("connection refused\nand much more")


def test_a_tracker_that_fails_takes_nothing_from_a_comparison(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mlflow", reason="MLflow is not installed")
    monkeypatch.setattr("headstart.report.trackers.mlflow.open_tracker", lambda home: Broken())
    results = read(folder)
    (failed,) = track_ended(["mlflow"], results, folder, folder, Silent())
    assert failed.error is not None
    assert "MLflow could not be reached or written (connection refused)." in failed.error
    assert f"headstart report {folder} --mlflow" in failed.error
    with pytest.raises(TrackerError, match="connection refused"):
        hs.track(folder, "mlflow")
