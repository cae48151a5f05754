"""Run folders of other sizes: so many classes, with short or long names."""

from __future__ import annotations

from pathlib import Path

from report.page.conftest import write_run_folder
from report.sample import sample_results

from headstart.records.metrics import MetricsBySplit
from headstart.records.record import changed
from headstart.records.results import Results
from headstart.records.run import RunRecord

LONG = "Alternaria leaf spot of the lower canopy"  # 40 letters
UNBROKEN = "Donaudampfschifffahrtsgesellschaftskapitän"  # where nothing can be broken


def named(count: int, name: str) -> tuple[str, ...]:
    """Return names of so many classes."""
    return tuple(f"{name} {place + 1}" if " " in name else f"{name}{place + 1}" for place in range(count))


def folder_of(place: Path, classes: tuple[str, ...]) -> Results:
    """Write a run folder of these classes, with drawn pictures; return its results."""
    found = sample_results()
    counts = {split: dict.fromkeys(classes, 20) for split in ("train", "test")}
    data = changed(found.data, classes=classes, counts=counts, skipped=())
    results = changed(found, data=data, runs=tuple(_measured(run, len(classes)) for run in found.runs))
    return write_run_folder(place / "wide.run", results, place / "photos")


def _measured(run: RunRecord, classes: int) -> RunRecord:
    if run.metrics.test is None:
        return run
    recalls = tuple(0.95 - 0.3 * place / classes for place in range(classes))
    ends = tuple((recall - 0.1, min(1.0, recall + 0.05)) for recall in recalls)
    measured = changed(run.metrics.test, per_class_recall=recalls, per_class_recall_intervals=ends)
    return changed(run, metrics=MetricsBySplit(test=measured))
