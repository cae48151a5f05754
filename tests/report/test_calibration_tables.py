"""The section "How sure it is" of the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from headstart.report.calibration_tables import tables
from headstart.report.markdown import markdown


def stated(**more: Any) -> dict[str, Any]:
    reached = {"coverage": 0.96, "interval": [0.91, 0.98], "mean_size": 1.25, "single": 0.8, "empty": 0.0}
    return {
        "calibration": {"ece": 0.03, "ece_before": 0.11, "ece_if_true": 0.04, "loss_before": 0.5, "reliability": []},
        "sets": {"pictures": 90, "units": 90, "0.8": reached, "0.9": reached, "0.95": reached, "0.99": None},
        "none_of_these": {"share": 0.06, "interval": [0.03, 0.1]},
        **more,
    }


@pytest.fixture
def results() -> dict[str, Any]:
    path = Path(__file__).parent / "sample_results.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def test_results_from_before_have_no_such_section(results: dict[str, Any]) -> None:
    assert tables(results) == []
    assert "How sure it is" not in markdown(results)


def test_each_run_has_a_row_and_the_winner_its_levels(results: dict[str, Any]) -> None:
    for run in results["runs"]:
        run["metrics"]["test"] |= stated()
    runs, winner = tables(results)
    assert len(runs.rows) == len(results["runs"])
    row = next(row for row in runs.rows if row[0] == "svm")
    assert row == ["svm", "0.110", "0.030", "0.040", "0.960", "0.910 to 0.980", "1.25", "0.060"]
    assert [row[0] for row in winner.rows] == ["0.8", "0.9", "0.95", "0.99"]
    assert winner.rows[-1][1:] == ["–", "–", "–", "–"]
    page = markdown(results)
    assert "## How sure it is\n\n| run |" in page
    assert "from 90 training pictures" in page


def test_too_few_pictures_are_told(results: dict[str, Any]) -> None:
    none = dict.fromkeys(("0.8", "0.9", "0.95", "0.99"))
    for run in results["runs"]:
        run["metrics"]["test"] |= stated(sets={"pictures": 40, "units": 18, **none}, none_of_these=None)
    (runs,) = tables(results)
    said = "no sets at 95 %, which need 19 training groups of pictures that it did not learn from; there were 18."
    assert f"svm: {said}" in runs.notes
    assert runs.rows[0][-1] == "–"
