"""A run folder of two strategies, one of them trained by epochs, and trackers that nobody has configured."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from report.page.conftest import results, run_folder  # noqa: F401 - fixtures that stand in another room

from headstart.records.progress import Silent
from headstart.report.page.reading import read_results
from headstart.report.trackers.choosing import Tracked, tell

KEPT = ("partial", "linear")


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("MLFLOW_", "WANDB_")):
            monkeypatch.delenv(name)


@pytest.fixture
def folder(run_folder: Path) -> Path:  # noqa: F811
    """The sample's `partial` and `linear`, with their bundles, a page and pictures."""
    content = read_results(run_folder)
    content["runs"] = [run for run in content["runs"] if run["id"] in KEPT]
    content["comparisons"] = [pair for pair in content["comparisons"] if {pair["a"], pair["b"]} <= set(KEPT)]
    content["verdict"] = {"winner": "linear", "tied_with": ["partial"], "text": "Take linear."}
    write(run_folder, content)
    for run in KEPT:
        bundle = run_folder / "bundles" / run
        bundle.mkdir(parents=True)
        (bundle / "bundle.json").write_text("{}", encoding="utf-8")
    (run_folder / "report.html").write_text("<!doctype html>", encoding="utf-8")
    return run_folder


def write(folder: Path, content: dict[str, Any]) -> None:
    (folder / "results.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def told(name: str, folder: Path) -> Tracked:
    """Tell one tracker of the folder as it is now."""
    return tell(name, read_results(folder), folder, pictures=None, progress=Silent(), typed=str(folder))


def with_another_verdict(folder: Path) -> None:
    """Change what only the comparison says, as a strategy that comes beside the others does."""
    content = read_results(folder)
    content["verdict"]["text"] = "Take linear, still."
    write(folder, content)
