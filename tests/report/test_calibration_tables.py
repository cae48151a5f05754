"""The section "Can its probabilities be trusted?" of the report."""

from __future__ import annotations

import pytest
from report.sample import measured_as, sample_results, with_runs

from headstart.records.metrics import Calibration, NoneOfThese, SetCoverage, SetsMeasured
from headstart.records.results import Results
from headstart.report.calibration_tables import tables
from headstart.report.markdown import markdown

TITLE = "Can its probabilities be trusted?"
LEVELS = ("0.8", "0.9", "0.95", "0.99")
CALIBRATION = Calibration(
    ece=0.03, ece_before=0.11, ece_if_true=0.04, ece_by_luck_at_most=0.06, loss_before=0.5, reliability=()
)
REACHED = SetCoverage(coverage=0.96, interval=(0.91, 0.98), mean_size=1.25, single=0.8, empty=0.0)
SETS = SetsMeasured(pictures=90, units=90, levels={**dict.fromkeys(LEVELS[:3], REACHED), "0.99": None})
NONE = NoneOfThese(share=0.06, interval=(0.03, 0.1))


@pytest.fixture
def results() -> Results:
    return sample_results()


def test_results_without_these_have_no_such_section(results: Results) -> None:
    assert tables(results) == []
    assert TITLE not in markdown(results)


def test_each_run_has_a_row_and_the_winner_its_levels(results: Results) -> None:
    results = with_runs(results, lambda run: measured_as(run, calibration=CALIBRATION, sets=SETS, none_of_these=NONE))
    runs, winner = tables(results)
    assert len(runs.rows) == len(results.runs)
    row = next(row for row in runs.rows if row[0] == "svm")
    assert row == ["svm", "0.110", "0.030", "0.040", "0.960", "0.910 to 0.980", "1.25", "0.060"]
    assert [row[0] for row in winner.rows] == ["0.8", "0.9", "0.95", "0.99"]
    assert winner.rows[0][1:] == ["0.960", "0.910 to 0.980", "1.25", "0.800"]
    assert winner.rows[-1][1:] == ["–", "–", "–", "–"]
    page = markdown(results)
    assert f"## {TITLE}\n\n| run |" in page
    assert "from 90 training pictures" in page


def test_too_few_pictures_are_told(results: Results) -> None:
    sets = SetsMeasured(pictures=40, units=18, levels=dict.fromkeys(LEVELS))
    results = with_runs(results, lambda run: measured_as(run, calibration=CALIBRATION, sets=sets))
    (runs,) = tables(results)
    said = (
        "no sets at 95 %. They need 19 training groups of pictures that the classifier did not learn from; "
        "there were 18."
    )
    assert f"svm: {said}" in runs.notes
    assert runs.rows[0][-1] == "–"
