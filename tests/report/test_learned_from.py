"""Wherever strategies are compared it is said which of them learned from fewer pictures."""

from __future__ import annotations

from pathlib import Path

from report.page.conftest import write_run_folder
from report.sample import sample_results, with_runs

from headstart.records.record import changed
from headstart.records.results import Results
from headstart.records.run import RunRecord
from headstart.report.markdown import markdown
from headstart.report.page.building import build
from headstart.report.text import summary

SAID = "learned from 360 of the 450 training pictures"


def set_aside() -> Results:
    """Return results in which the trained strategies chose their epochs on a fifth of train, but for one."""

    def learned(run: RunRecord) -> RunRecord:
        if run.training is None or run.id == "full":
            return run
        return changed(run, training=changed(run.training, pictures=360, choosing="train"))

    return with_runs(sample_results(), learned)


def test_terminal_page_and_markdown_say_who_learned_from_fewer(tmp_path: Path) -> None:
    results = write_run_folder(tmp_path / "a.run", set_aside(), tmp_path / "photos")
    page, _ = build(results, tmp_path / "a.run")
    terminal = " ".join(" ".join(line.text.split()) for line in summary(results))
    for said in (page, markdown(results), terminal):
        assert f"partial and scratch {SAID}: the other 90 judged them" in said
    assert "knn, linear, svm and full learned from all 450" in page


def test_nothing_is_said_where_all_learned_from_all() -> None:
    assert "training pictures: the other" not in markdown(sample_results())
