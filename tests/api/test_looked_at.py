"""A report from the run folder of a real comparison: what it finds out is found out once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import headstart as hs
from headstart.explain.heat_maps import stored_heat_maps
from headstart.records.progress import Silent
from headstart.report.page.reading import read_results


class Steps(Silent):
    def __init__(self) -> None:
        self.names: list[str] = []

    @contextmanager
    def step(self, name: str, total: int, unit: str = "pictures") -> Iterator[Any]:
        self.names.append(name)
        yield self


def test_a_report_looks_once(experiment: hs.api.Experiment, tmp_path: Path) -> None:
    folder = tmp_path / "copy.run"
    shutil.copytree(experiment.folder, folder)
    for name in ("heat.json", "neighbours.parquet"):
        (folder / name).unlink(missing_ok=True)
    hs.write_report(folder, quick=True)
    assert not (folder / "heat.json").exists()
    first, second = Steps(), Steps()
    page = hs.write_report(folder, progress=first).read_text(encoding="utf-8")
    assert set(first.names) == {"map of neighbours", "heat maps"}
    assert "What does it look at?" in page
    assert 'id="view-near"' in page
    heats = stored_heat_maps(read_results(folder), folder)
    winner = experiment.results.verdict.winner
    model = hs.load(folder / "bundles" / winner)
    for path, heat in heats[winner].items():  # the whole picture's answer is the classifier's own
        row = model.predict_proba([Path(experiment.results.data.root) / path])[0]
        assert abs(row.max() - heat.stated) < 1e-5
        assert model.classes[row.argmax()] == heat.answer
    assert hs.write_report(folder, progress=second).read_text(encoding="utf-8") == page
    assert second.names == []
