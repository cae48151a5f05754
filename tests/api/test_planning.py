"""The plan: its steps, what it leaves untouched, and a budget that keeps to it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from experiments import PLAIN, without_times

import headstart as hs
from headstart.base.errors import ConfigError, StoreError
from headstart.experiment.budget import Budget
from headstart.experiment.session import Session
from headstart.records.results import NotRun
from headstart.strategies.strategy import STRATEGIES


def test_a_plan_names_every_step(pictures: Path, cache: Path) -> None:
    found = hs.plan(pictures, image_size=64)
    names = [step.step for step in found.steps]
    assert names == [
        "decode", "framing", "augment", "features", "knn", "linear", "lda", "svm", "activations", "partial", "scratch",
        "full", "learning curve",
    ]  # fmt: skip
    assert all(step.estimated_seconds > 0 for step in found.steps)
    assert found.seconds == pytest.approx(sum(step.estimated_seconds for step in found.steps))
    by_name = {step.step: step for step in found.steps}
    assert by_name["decode"].pictures == 36
    assert by_name["full"].pictures == 24 * 16, "few pictures, many epochs"
    assert by_name["full"].flops > by_name["partial"].flops > by_name["features"].flops
    assert by_name["activations"].bytes > 0
    assert list(cache.iterdir()) == [], "nothing is decoded or stored"


def test_a_plan_under_a_budget_says_what_fits(pictures: Path) -> None:
    found = hs.plan(pictures, image_size=64, budget="10h")
    assert found.fits == ("knn", "linear", "lda", "svm", "partial", "scratch", "full")
    assert hs.plan(pictures, image_size=64, budget=0.001).fits == ("knn",), "the first is tried anyway"
    assert hs.plan(pictures, image_size=64).fits is None
    with pytest.raises(ConfigError, match="length of time"):
        hs.plan(pictures, budget="soon")


def test_a_plan_of_heads_alone(pictures: Path) -> None:
    found = hs.plan(pictures, strategies="linear,svm", framing="squash", image_size=64)
    assert [step.step for step in found.steps] == ["decode", "features", "linear", "svm", "learning curve"]
    with pytest.raises(ConfigError, match=r"plan\(\) has no option 'fold'. Did you mean 'folds'"):
        hs.plan(pictures, fold=3)


def test_a_plan_with_everything_trained_has_no_activations(pictures: Path) -> None:
    found = hs.plan(pictures, strategies="partial", unfreeze=9, image_size=64, framing="squash", augment="none")
    assert [step.step for step in found.steps] == ["decode", "features", "partial"]


def test_the_plan_says_the_command_with_its_options(pictures: Path) -> None:
    found = hs.plan(pictures, strategies="knn", seed=3, image_size=64)
    assert found.command == f"headstart compare {pictures} --strategies knn --seed 3 --image-size 64"


def test_a_plan_takes_what_compare_takes(pictures: Path, tmp_path: Path) -> None:
    place = tmp_path / "x.run"
    found = hs.plan(pictures, strategies="knn", image_size=64, framing="squash", folds=3, out=place, budget="1h")
    assert any(step.kind == "splits" for step in found.steps)
    said = "--strategies knn --image-size 64 --framing squash --folds 3 --budget 1h"
    assert found.command == f"headstart compare {pictures} {said} --out {place}"
    assert not place.exists()


def test_a_folder_that_compare_would_refuse_is_refused(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "a.run").mkdir()
    old = {"schema": 1, "command": "headstart compare photos --out a.run", "runs": []}
    (tmp_path / "a.run" / "results.json").write_text(json.dumps(old))
    for ask in (hs.plan, hs.compare):
        with pytest.raises(StoreError, match=r"schema 1.*run again: headstart compare photos --out a\.run"):
            ask(pictures, strategies="knn", out=tmp_path / "a.run")


def test_what_does_not_fit_is_named_and_done_later(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = hs.compare(pictures, out=tmp_path / "whole.run", strategies="knn,partial,scratch", **PLAIN)
    hs.clear_cache("trainings")  # what stands there fits any budget
    expected = {"knn": 1.0, "scratch": 1.0, "partial": 9e9}
    monkeypatch.setattr(Session, "_expected", lambda self, strategy: expected[strategy.name])
    options = {"out": tmp_path / "a.run", "strategies": "knn,partial,scratch", **PLAIN}
    first = hs.compare(pictures, budget="1h", **options)
    assert [run.id for run in first.results.runs] == ["knn", "scratch"]
    assert first.results.not_run == (NotRun(strategy="partial", estimated_seconds=9e9, begun=False),)
    assert first.results.verdict.winner in ("knn", "scratch")
    assert "There was no time for partial (about " in (first.folder / "report.md").read_text(encoding="utf-8")
    later = hs.compare(pictures, **options)
    assert later.results.not_run == ()
    assert without_times(later.results) == without_times(whole.results)


def test_a_strategy_that_takes_too_long_is_stopped_and_continued(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = SimpleNamespace(now=0.0)

    class Ticking(Budget):
        def check(self) -> None:
            ticks.now += 1
            super().check()

    def ticking(seconds: float | None) -> Budget:
        return Ticking(seconds, clock=lambda: ticks.now)

    begun: list[float] = []
    run_one = Session._run

    def noted(self: Session, strategy: Any) -> Any:
        begun.append(ticks.now)
        return run_one(self, strategy)

    options = {"out": tmp_path / "a.run", "strategies": "knn,scratch", **PLAIN, "epochs": {"scratch": 20}}
    whole = hs.compare(pictures, **{**options, "out": tmp_path / "whole.run"})
    monkeypatch.setattr("headstart.api.comparing.Budget", ticking)
    monkeypatch.setattr(Session, "_expected", lambda *_: None)
    monkeypatch.setattr(Session, "_run", noted)
    hs.clear_cache("trainings")  # what stands there fits any budget
    hs.compare(pictures, budget=10**6, **{**options, "out": tmp_path / "counted.run"})
    hs.clear_cache("trainings")
    ended, ticks.now = ticks.now, 0
    assert ended > 1.06 * begun[-1] + 5, "scratch gives too few signs of life to be stopped within"
    run = hs.compare(pictures, budget=begun[-1] + 1, **options)
    assert [late.strategy for late in run.results.not_run] == ["scratch"]
    assert run.results.not_run[0].begun
    ticks.now = 0
    run = hs.compare(pictures, budget=10**6, **options)
    assert without_times(run.results) == without_times(whole.results)


def test_too_little_time_for_anything_is_said(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not enough for the first look"):
        hs.compare(pictures, out=tmp_path / "a.run", budget=1e-6, **PLAIN)
    with pytest.raises(ConfigError, match="length of time"):
        hs.compare(pictures, out=tmp_path / "b.run", budget="soon", **PLAIN)


def test_the_cheapest_come_first() -> None:
    assert list(STRATEGIES)[:4] == ["knn", "linear", "lda", "svm"]
