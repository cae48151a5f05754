"""The answers of all runs, read from a run folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from report.page.conftest import write_run_folder
from report.sample import over_splits, sample_results

from headstart.records.columns import PredictionsFile
from headstart.records.held_out import read_answers
from headstart.records.record import changed
from headstart.records.results import Results


def folder_with(tmp_path: Path) -> tuple[Results, Path]:
    return write_run_folder(tmp_path / "run", sample_results(), tmp_path / "photos"), tmp_path / "run"


def test_the_best_run_comes_first_and_all_answer_the_same_pictures(tmp_path: Path) -> None:
    results, folder = folder_with(tmp_path)
    answers = read_answers(results, folder)
    assert list(answers.probabilities) == [run.id for run in results.ranked]
    assert len(answers) == 30
    stored = PredictionsFile(folder / "predictions/svm.parquet").read(results.data.classes, "test")
    assert np.array_equal(answers.probabilities["svm"], stored.probabilities)
    assert np.array_equal(answers.answered("svm"), stored.answered)


def test_several_splits_put_the_runs_in_their_order(tmp_path: Path) -> None:
    results, folder = folder_with(tmp_path)
    means = {run.id: 0.5 + 0.05 * at for at, run in enumerate(results.runs)}
    by_splits = changed(results, repeated_splits=over_splits(means))
    assert list(read_answers(by_splits, folder).probabilities) == [run.id for run in reversed(results.runs)]


def test_runs_that_are_gone_damaged_or_of_other_pictures_are_left_out(tmp_path: Path) -> None:
    results, folder = folder_with(tmp_path)
    (folder / "predictions/svm.parquet").unlink()
    (folder / "predictions/linear.parquet").write_bytes(b"PAR1 no")
    classes = results.data.classes
    PredictionsFile(folder / "predictions/knn.parquet").write(
        classes, paths=["other.jpg"], labels=np.array([0]), splits=["test"], probabilities=np.full((1, 3), 1 / 3)
    )
    assert set(read_answers(results, folder).probabilities) == {"partial", "scratch", "full"}


def test_of_no_run_nothing_is_left(tmp_path: Path) -> None:
    results = sample_results()
    answers = read_answers(results, tmp_path)
    assert len(answers) == 0
    assert answers.probabilities == {}
