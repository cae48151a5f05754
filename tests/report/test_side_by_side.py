"""Several run folders beside each other."""

from __future__ import annotations

from pathlib import Path

import pytest
from report.sample import sample_results, with_verdict

from headstart.base.errors import ConfigError, StoreError
from headstart.base.seals import is_sealed
from headstart.records.codec import encoded, write_record
from headstart.records.record import changed
from headstart.records.results import Results
from headstart.report.page.notebook import experiment_html, verdict_html
from headstart.report.page.runs import runs_page, write_runs
from headstart.report.side_by_side import merged, side_by_side, side_lines


@pytest.fixture
def two() -> dict[str, Results]:
    one = sample_results()
    other = changed(one, data=changed(one.data, fingerprint="another"), runs=one.runs[:2], comparisons=())
    other = with_verdict(other, winner="linear", tied_with=("knn",), same_as={})
    return {"first.run": one, "두번째.run": other}


def test_rows_are_runs_and_columns_strategies(two: dict[str, Results]) -> None:
    found = side_by_side(two)
    assert found.strategies == ("knn", "linear", "svm", "partial", "scratch", "full")
    assert [row.name for row in found.table] == list(found.strategies)
    first, second = found.rows
    assert (first.run, first.winner, first.pictures, first.classes) == ("first.run", "svm", 150, 3)
    assert list(second.measured) == ["knn", "linear"]
    assert '"strategies"' in encoded(found)


def test_columns_stand_in_the_order_of_the_strategies_and_depths_together(two: dict[str, Results]) -> None:
    one = two["first.run"]
    deeper = tuple(changed(run, id="partial@blocks.3") for run in one.runs if run.strategy == "partial")
    kept = [row for row in one.strategies if row.name in ("linear", "partial", "full")]
    other = changed(one, runs=(one.runs[1], *deeper, one.runs[5]), strategies=tuple(kept))
    few = changed(one, runs=one.runs[:1], strategies=one.strategies[:1])
    found = side_by_side({"few": few, "other": other, "all": one})
    assert found.strategies == ("knn", "linear", "svm", "partial@blocks.3", "partial", "scratch", "full")


def test_the_page_bears_a_seal(two: dict[str, Results], tmp_path: Path) -> None:
    write_runs(side_by_side(two), tmp_path / "runs.html")
    assert is_sealed(tmp_path / "runs.html")


def test_parts_of_one_order_are_merged() -> None:
    assert merged([["a", "c"], ["a", "b", "c"], [], ["b", "d"]]) == ["a", "b", "c", "d"]
    assert sorted(merged([["a", "b"], ["b", "a"]])) == ["a", "b"]


@pytest.mark.parametrize("doubt", ["above_chance", "decided"])
def test_a_winner_in_doubt_has_no_tick(two: dict[str, Results], doubt: str) -> None:
    both = {"first.run": two["first.run"], "second.run": two["first.run"]}
    assert "in doubt" not in "\n".join(line.text for line in side_lines(side_by_side(both), width=200))
    both["first.run"] = with_verdict(both["first.run"], **{doubt: False})
    lines = [line.text for line in side_lines(side_by_side(both), width=200)]
    assert "? 0.867" in lines[1]
    assert "✓ 0.867" in lines[2]
    assert "? in doubt" in lines[-1]
    page = runs_page(side_by_side(both))
    assert (
        page.count('<span class="badge">in doubt</span>') == page.count('<span class="badge">recommended</span>') == 1
    )


def test_what_cannot_be_compared_is_said(two: dict[str, Results]) -> None:
    text = "\n".join(line.text for line in side_lines(side_by_side(two), width=200))
    assert "✓ 0.867" in text
    assert "The runs used different pictures" in text
    same = dict.fromkeys(("a", "b"), two["first.run"])
    assert "All runs used the same pictures" in "\n".join(
        line.text for line in side_lines(side_by_side(same), width=200)
    )


def test_the_page_has_a_cell_for_each(two: dict[str, Results]) -> None:
    page = runs_page(side_by_side(two))
    assert page.count('<td class="side') == 12
    assert "http" not in page.replace("http-equiv", "")


def test_the_verb_reads_folders_and_writes_a_page(two: dict[str, Results], tmp_path: Path) -> None:
    import headstart as hs

    for name, results in two.items():
        (tmp_path / name).mkdir()
        write_record(tmp_path / name / "results.json", results)
    found = hs.compare_runs([tmp_path / name for name in two], page=tmp_path / "both.html")
    assert len(found.rows) == 2
    assert (tmp_path / "both.html").stat().st_size > 1000
    with pytest.raises(StoreError, match="no run folder"):
        hs.compare_runs([tmp_path / "nothing"])
    with pytest.raises(ConfigError, match="at least one"):
        hs.compare_runs([])
    with pytest.raises(ConfigError, match="html"):
        hs.compare_runs([tmp_path / "first.run"], page=tmp_path / "both.txt")


def test_a_notebook_shows_verdict_and_table(two: dict[str, Results]) -> None:
    shown = experiment_html(two["first.run"], "first.run")
    assert "Use svm" in shown
    assert shown.count("<tr") == 7
    assert "<script" not in shown
    verdict = changed(two["first.run"].verdict, tied_with=("knn", "linear"), text="<b>")
    assert "&lt;b&gt;" in verdict_html(verdict)
    assert "<b>Use svm</b>" in verdict_html(verdict)
    assert "tied with knn and linear" in verdict_html(verdict)
    assert "<b>No winner yet. For now, use svm</b>" in verdict_html(changed(verdict, decided=False))
