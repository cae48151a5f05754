"""Groups are the units of what is measured, from the list to the report."""

from __future__ import annotations

from pathlib import Path

import pytest
from drawing import draw_classes
from experiments import PLAIN, read_results

import headstart as hs
from headstart.base.errors import ConfigError


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """A list of 36 drawn pictures, three to a group."""
    draw_classes(tmp_path / "shapes", 18, 0)
    paths = sorted(path.relative_to(tmp_path).as_posix() for path in (tmp_path / "shapes").rglob("*.png"))
    rows = [f"{path},{path.split('/')[1]},animal{place // 3}" for place, path in enumerate(paths)]
    place = tmp_path / "list.csv"
    place.write_text("path,label,group\n" + "\n".join(rows), encoding="utf-8")
    return place


def test_groups_are_units_in_results_report_and_evaluation(listed: Path, tmp_path: Path) -> None:
    run = hs.compare(listed, strategies=["linear", "knn"], out=tmp_path / "run", **PLAIN)
    (pair,) = run.results.comparisons
    assert pair.unit == "group"
    assert 3 * pair.units == run.results.runs[0].metrics.test.n
    assert {one.metrics.test.unit for one in run.results.runs} == {"group"}
    assert "with whole groups of pictures as units" in (tmp_path / "run" / "report.md").read_text(encoding="utf-8")
    held = run.runs["linear"].metrics.test
    evaluated = hs.evaluate(tmp_path / "run" / "bundles" / "linear", listed).metrics
    assert evaluated.unit == "group"
    assert evaluated.n == held.n
    assert evaluated.macro_f1_interval == held.macro_f1_interval


def test_the_kind_of_interval_belongs_to_the_experiment(listed: Path, tmp_path: Path) -> None:
    place = tmp_path / "run"
    hs.compare(listed, strategies="knn", out=place, interval="clopper-pearson", **PLAIN)
    results = read_results(place)
    assert results.runs[0].metrics.test.interval_kind == "clopper-pearson"
    with pytest.raises(ConfigError, match="interval: clopper-pearson there, wilson here"):
        hs.compare(listed, strategies="knn", out=place, **PLAIN)
