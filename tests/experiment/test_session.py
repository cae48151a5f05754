"""An experiment under way: results after every strategy, what finds no time, and what is read again. No network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import CHOICES, GIVEN, WholePasses, prepared_of, run_of, table_of

from headstart.bundle import Model
from headstart.experiment import session as module
from headstart.experiment.budget import Budget, OutOfTimeError
from headstart.experiment.folder import Logged, RunFolder
from headstart.experiment.request import Request
from headstart.experiment.session import Late, Session, Told
from headstart.experiment.stored_plan import _record
from headstart.records.columns import PredictionColumns, PredictionsFile
from headstart.records.plan import PlanStep, SplitsAsked
from headstart.records.progress import Silent, Step
from headstart.records.record import changed
from headstart.records.results import NotRun
from headstart.records.run import RunRecord
from headstart.strategies.resolved import ResolvedStrategy

TABLE = table_of("train test", each=20)


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Listener(Silent):
    """Remembers what it hears, and what stood in results.json at the beginning of each step."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder, self.heard = folder, list[str]()
        self.stood: dict[str, tuple[str, ...]] = {}

    @contextmanager
    def step(self, name: str, total: int, unit: str = "pictures") -> Iterator[Step]:
        results = self.folder.results()
        self.stood[name] = () if results is None else tuple(run.id for run in results.runs)
        yield self

    def message(self, text: str) -> None:
        self.heard.append(text)

    def result(self, record: RunRecord) -> None:
        self.heard.append(f"{record.id} is done")


@pytest.fixture(autouse=True)
def bundles(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle is a file that says so: a fake has no network to keep."""

    def save(self: Model, folder: Path) -> Path:
        folder.mkdir(parents=True)
        (folder / "bundle.json").write_text("{}")
        return folder

    monkeypatch.setattr(Model, "save", save)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    (tmp_path / "x.run").mkdir()
    return RunFolder(tmp_path / "x.run")


def session_of(
    folder: RunFolder, *strategies: str, budget: float | None = None, clock: Clock | None = None, **seconds: float
) -> tuple[Session, Listener]:
    """Return a session of these strategies, whose plan expects so many seconds of each."""
    listener, request = Listener(folder), Request(strategies=strategies, cut="late", **GIVEN)
    prepared = prepared_of(TABLE, request=request, progress=listener)
    kinds = {"features": "shared", "activations": "shared"}
    steps = tuple(
        PlanStep(step=name, kind=kinds.get(name, "strategy"), pictures=1, estimated_seconds=taken)  # type: ignore[arg-type]
        for name, taken in seconds.items()
    )
    plan = _record(prepared, CHOICES, steps, "f", None, None)
    folder.write_plan(plan)
    own = Budget(budget, clock=clock or Clock())
    logged = Logged(listener, folder.path / "log.jsonl")
    return Session(prepared, CHOICES, folder, plan, own, logged, Told("headstart compare x", "shapes", None)), listener


def run_all(session: Session, runs: list[RunRecord] | None = None, late: list[NotRun] | None = None) -> Any:
    request = session.prepared.request
    assert isinstance(request, Request)
    return session.run_all(request, runs or [], late or [])


def test_results_are_written_after_each_strategy(folder: RunFolder) -> None:
    session, listener = session_of(folder, "knn", "linear", "svm")
    runs, not_run = run_all(session)
    assert [run.id for run in runs] == ["knn", "linear", "svm"]
    assert not_run == []
    assert listener.stood["linear: solved"] == ("knn",)
    assert listener.stood["svm: solved"] == ("knn", "linear")
    results = folder.results()
    assert results is not None
    assert results.runs == tuple(runs)
    assert [row.name for row in results.strategies] == ["knn", "linear", "svm"]
    assert not results.complete
    assert (results.command, results.data.title) == ("headstart compare x", "shapes")
    assert listener.heard == ["knn is done", "linear is done", "svm is done"]
    assert folder.standing_runs() == runs


def test_at_the_end_there_are_a_forecast_a_map_and_a_whole_result(folder: RunFolder) -> None:
    session, _ = session_of(folder, "linear", "svm", linear=2.0)
    runs, not_run = run_all(session)
    ended = session.end(runs, not_run, None, complete=True)
    results = ended.results
    assert results.complete
    assert results.learning is not None
    assert results.map is not None
    assert (folder.path / results.map.file).is_file()
    assert results.map.pictures == len(TABLE.rows("test"))
    taken = {step.step: step.seconds for step in results.plan}
    assert taken["linear"] == runs[0].seconds.fit
    assert results == folder.results()


def test_what_measures_is_told_of_each_run(folder: RunFolder) -> None:
    session, _ = session_of(folder, "linear")
    (run,), _ = run_all(session)
    columns = folder.predictions("linear").read(TABLE.classes, "test")
    assert run.metrics.test is not None
    assert run.metrics.test.accuracy == columns.correct.mean()
    np.testing.assert_array_equal(columns.labels, TABLE.labels[TABLE.rows("test")])


def test_of_each_run_the_predictions_are_read_once(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    usual = PredictionsFile.read

    def spy(self: PredictionsFile, classes: Any, split: str) -> PredictionColumns:
        read.append(self.path.stem)
        return usual(self, classes, split)

    monkeypatch.setattr(PredictionsFile, "read", spy)
    session, _ = session_of(folder, "knn", "linear", "svm")
    run_all(session)
    assert read == ["knn", "linear", "svm"]


def test_what_stands_is_shown_and_not_done_again(folder: RunFolder) -> None:
    session, _ = session_of(folder, "linear")
    standing, _ = run_all(session)
    session, listener = session_of(folder, "linear", "svm")
    runs, _ = run_all(session, standing)
    assert runs[0] == standing[0]
    assert listener.heard == ["linear is done", "svm is done"]
    assert "linear: solved" not in listener.stood


def test_only_what_is_wanted_is_done(folder: RunFolder) -> None:
    session, _ = session_of(folder, "knn", "linear", "svm")
    runs, _ = session.run_all(Request(strategies=("linear",), **GIVEN), [], [])
    assert [run.id for run in runs] == ["linear"]


def test_what_another_process_has_put_there_meanwhile_stays(folder: RunFolder) -> None:
    first, _ = session_of(folder, "knn", "linear")
    first.run_all(Request(strategies=("knn",), **GIVEN), [], [])
    second, _ = session_of(folder, "knn", "linear")
    runs, _ = second.run_all(Request(strategies=("linear",), **GIVEN), [], [])
    assert [run.id for run in runs] == ["knn", "linear"]


def test_what_would_not_end_in_time_is_left_and_named(folder: RunFolder) -> None:
    session, _ = session_of(folder, "knn", "linear", "svm", budget=10.0, knn=99.0, linear=9.0, svm=11.0)
    runs, not_run = run_all(session, late=[NotRun(strategy="full", estimated_seconds=3.0, begun=True)])
    assert [run.id for run in runs] == ["knn", "linear"], "the first is tried in any case"
    assert not_run == [
        NotRun(strategy="full", estimated_seconds=3.0, begun=True),
        NotRun(strategy="svm", estimated_seconds=11.0, begun=False),
    ]
    assert (session.end(runs, not_run, None, complete=False).results.not_run) == tuple(not_run)


def test_what_takes_longer_than_expected_is_begun_and_left(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    session, _ = session_of(folder, "linear", "svm", budget=10.0, linear=1.0, svm=1.0)
    usual = module.fit_one

    def fit(context: Any, choices: Any, strategy: ResolvedStrategy, **options: Any) -> Any:
        if strategy.name == "svm":
            raise OutOfTimeError
        return usual(context, choices, strategy, **options)

    monkeypatch.setattr(module, "fit_one", fit)
    runs, not_run = run_all(session)
    assert [run.id for run in runs] == ["linear"]
    assert not_run == [NotRun(strategy="svm", estimated_seconds=1.0, begun=True)]


def test_a_training_that_was_kept_takes_no_time(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = changed(run_of("full", 30, 40), seconds=run_of("full", 30, 40).seconds)

    class Kept:
        def restore(self, folder: RunFolder, name: str) -> RunRecord:
            own = folder.predictions(name)
            columns = folder.predictions("linear").read(TABLE.classes, "test")
            own.write(
                TABLE.classes,
                paths=columns.paths,
                labels=columns.labels,
                splits=["test"] * len(columns.labels),
                probabilities=columns.probabilities,
            )
            return kept

    monkeypatch.setattr(module, "training_of", lambda prepared, choices, strategy: Kept())
    session, listener = session_of(folder, "linear", "full", budget=10.0, linear=1.0, full=1e6)
    runs, not_run = run_all(session)
    assert [run.id for run in runs] == ["linear", "full"]
    assert not_run == []
    assert any("already trained on this machine" in text for text in listener.heard)


def late(session: Session, name: str, **spent: float) -> float | None:
    """Return what a strategy is expected to take, after shared steps took so long."""
    (strategy,) = (one for one in session.prepared.resolved.strategies if one.name == name)
    assert isinstance(session.prepared.passes, WholePasses)
    session.prepared.passes.took = spent
    return session._expected(strategy)


def test_what_is_expected_follows_from_how_the_looks_went(folder: RunFolder) -> None:
    session, _ = session_of(folder, "linear", "partial", "full", features=10.0, linear=2.0, full=100.0, partial=20.0)
    assert late(session, "full") == 100.0, "nothing is known yet"
    assert late(session, "full", features=20.0) == 200.0
    assert late(session, "full", features=1.0) == 50.0, "no more than twice as fast"
    assert late(session, "full", features=1000.0) == 300.0, "nor more than three times slower"
    assert late(session, "linear", features=20.0) == 4.0


def test_the_first_that_learns_from_activations_pays_for_them(
    folder: RunFolder,
) -> None:
    session, _ = session_of(folder, "partial", "full", features=10.0, activations=30.0, partial=20.0, full=7.0)
    assert late(session, "partial") == 50.0
    assert late(session, "partial", activations=28.0) == 20.0
    assert late(session, "full") == 7.0


def test_what_nobody_estimated_is_unknown(folder: RunFolder) -> None:
    session, _ = session_of(folder, "linear")
    assert session._expected(session.prepared.resolved.strategies[0]) is None
    assert Late(None, begun=False) == Late(None, begun=False)


def test_repeated_splits_are_part_of_the_result_and_decide(folder: RunFolder) -> None:
    session, _ = session_of(folder, "linear", "svm")
    runs, _ = run_all(session)
    asked = SplitsAsked(folds=2, seeds=2, strategies=("linear", "svm"))
    repeated = session.repeated(asked)
    assert repeated is not None
    results = session.end(runs, [], repeated, complete=True).results
    assert results.repeated_splits == repeated
    assert results.deciding_splits is not None
    assert "average over" in results.verdict.text


def test_repeated_splits_without_time_are_none(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_time(*_: object) -> None:
        raise OutOfTimeError

    monkeypatch.setattr(module, "repeat", out_of_time)
    session, _ = session_of(folder, "linear")
    assert session.repeated(SplitsAsked(folds=2, seeds=1, strategies=("linear",))) is None
