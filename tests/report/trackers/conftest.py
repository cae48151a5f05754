"""A run folder of two strategies, one of them trained by epochs, and trackers that nobody has configured."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from report.page.conftest import results, run_folder  # noqa: F401 - fixtures that stand in another room

from headstart.records.codec import read_record, write_record
from headstart.records.metrics import Metrics
from headstart.records.progress import Silent
from headstart.records.record import changed
from headstart.records.results import Results
from headstart.records.run import RunRecord
from headstart.records.verdict import VerdictRecord
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
    content = read(run_folder)
    runs = tuple(run for run in content.runs if run.id in KEPT)
    pairs = tuple(pair for pair in content.comparisons if {pair.a, pair.b} <= set(KEPT))
    verdict = VerdictRecord(winner="linear", tied_with=("partial",), text="Use linear.")
    write(run_folder, changed(content, runs=runs, comparisons=pairs, verdict=verdict))
    for run in KEPT:
        bundle = run_folder / "bundles" / run
        bundle.mkdir(parents=True)
        (bundle / "bundle.json").write_text("{}", encoding="utf-8")
    (run_folder / "report.html").write_text("<!doctype html>", encoding="utf-8")
    return run_folder


def read(folder: Path) -> Results:
    return read_record(folder / "results.json", Results)


def run_in(folder: Path, name: str) -> RunRecord:
    """Return one run of the folder as it is now."""
    found = read(folder).run(name)
    assert found is not None
    return found


def measured_in(folder: Path, name: str) -> Metrics:
    """Return what one run reached."""
    found = run_in(folder, name).metrics.test
    assert found is not None
    return found


def write(folder: Path, content: Results) -> None:
    write_record(folder / "results.json", content)


def told(name: str, folder: Path) -> Tracked:
    """Tell one tracker of the folder as it is now."""
    return tell(name, read(folder), folder, pictures=None, progress=Silent(), typed=str(folder))


def with_another_verdict(folder: Path) -> None:
    """Change what only the comparison says, as a strategy that comes beside the others does."""
    content = read(folder)
    write(folder, changed(content, verdict=changed(content.verdict, text="Use linear, still.")))
