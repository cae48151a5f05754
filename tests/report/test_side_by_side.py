"""Several run folders beside each other."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from headstart.base.errors import ConfigError, StoreError
from headstart.report.page.notebook import experiment_html, verdict_html
from headstart.report.page.runs import runs_page
from headstart.report.side_by_side import side_by_side, side_lines

SAMPLE = Path(__file__).parent / "sample_results.json"


@pytest.fixture
def two() -> dict[str, Any]:
    one = json.loads(SAMPLE.read_text(encoding="utf-8"))
    other = copy.deepcopy(one)
    other["data"]["fingerprint"] = "another"
    other["runs"] = other["runs"][:2]
    return {"first.run": one, "두번째.run": other}


def test_rows_are_runs_and_columns_strategies(two: dict[str, Any]) -> None:
    found = side_by_side(two)
    assert found["strategies"] == ["scratch", "full", "partial", "linear", "svm", "knn"]
    first, second = found["runs"]
    assert (first["run"], first["winner"], first["pictures"], first["classes"]) == ("first.run", "svm", 150, 3)
    assert len(second["measured"]) == 2
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("doubt", ["above_chance", "decided"])
def test_a_winner_in_doubt_has_no_tick(two: dict[str, Any], doubt: str) -> None:
    two["second.run"] = copy.deepcopy(two["first.run"])
    del two["두번째.run"]
    assert "in doubt" not in "\n".join(line.text for line in side_lines(side_by_side(two), width=200))
    two["first.run"]["verdict"][doubt] = False
    lines = [line.text for line in side_lines(side_by_side(two), width=200)]
    assert "? 0.867" in lines[1]
    assert "✓ 0.867" in lines[2]
    assert "? in doubt" in lines[-1]
    page = runs_page(side_by_side(two))
    assert page.count('<span class="badge">in doubt</span>') == page.count('<span class="badge">taken</span>') == 1


def test_what_cannot_be_held_against_each_other_is_said(two: dict[str, Any]) -> None:
    text = "\n".join(line.text for line in side_lines(side_by_side(two)))
    assert "✓ 0.867" in text
    assert "The pictures differ" in text
    same = dict.fromkeys(("a", "b"), two["first.run"])
    assert "All of the same pictures" in "\n".join(line.text for line in side_lines(side_by_side(same), width=200))


def test_the_page_has_a_cell_for_each(two: dict[str, Any]) -> None:
    page = runs_page(side_by_side(two))
    assert page.count('<td class="side') == 12
    assert "http" not in page.replace("http-equiv", "")


def test_the_verb_reads_folders_and_writes_a_page(two: dict[str, Any], tmp_path: Path) -> None:
    import headstart as hs

    for name, results in two.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.json").write_text(json.dumps(results), encoding="utf-8")
    found = hs.compare_runs([tmp_path / name for name in two], page=tmp_path / "both.html")
    assert len(found["runs"]) == 2
    assert (tmp_path / "both.html").stat().st_size > 1000
    with pytest.raises(StoreError, match="no run folder"):
        hs.compare_runs([tmp_path / "nothing"])
    with pytest.raises(ConfigError, match="at least one"):
        hs.compare_runs([])
    with pytest.raises(ConfigError, match="html"):
        hs.compare_runs([tmp_path / "first.run"], page=tmp_path / "both.txt")


def test_a_notebook_shows_verdict_and_table(two: dict[str, Any]) -> None:
    shown = experiment_html(two["first.run"], "first.run")
    assert "Take svm" in shown
    assert shown.count("<tr") == 7
    assert "<script" not in shown
    verdict = {"winner": "svm", "tied_with": ("knn", "linear"), "text": "<b>"}
    assert "&lt;b&gt;" in verdict_html(verdict)
    assert "<b>Take svm</b>" in verdict_html(verdict)
    assert "tied with knn and linear" in verdict_html(verdict)
    assert "<b>No winner yet; until then svm</b>" in verdict_html({**verdict, "decided": False})
