"""A plan that stands is taken as it is; where the experiment would not end the same, it is refused. No network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import FEATURES, STAGES, planned_of, table_of

from headstart.base.errors import ConfigError, DataError
from headstart.experiment import stored_plan as module
from headstart.experiment.folder import RunFolder
from headstart.experiment.plan import Speed
from headstart.experiment.prepare import Prepared
from headstart.experiment.request import Request
from headstart.experiment.stored_plan import choices_in, planned
from headstart.records.codec import plain
from headstart.records.plan import Depths, PlanRecord
from headstart.records.record import changed
from headstart.strategies.passes import fake_backbone
from headstart.table import Table, read_rows


@pytest.fixture(autouse=True)
def timed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is timed: that needs networks."""
    monkeypatch.setattr(module, "_speed", lambda prepared: Speed(0.01, 0.02))


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    (tmp_path / "x.run").mkdir()
    return RunFolder(tmp_path / "x.run")


def prepared(*strategies: str, table: Table | None = None, weights: str | None = "ab", **options: Any) -> Prepared:
    given = {"framing": "squash", "augment": "none", "readout": "pool", "cut": "late", **options}
    backbone = replace(fake_backbone(FEATURES, stages=STAGES), sha256=weights)
    return planned_of(Request(strategies=strategies or ("linear",), **given), table or table_of(), backbone=backbone)


def stored(folder: RunFolder) -> PlanRecord:
    plan = folder.plan()
    assert plan is not None
    return plan


def edit(folder: RunFolder, **values: object) -> None:
    folder.write_plan(changed(stored(folder), **values))


def test_a_new_plan_is_written_before_the_work(folder: RunFolder) -> None:
    own = prepared("linear", "partial")
    found, plan, choices = planned(own, folder, "f", Depths(usual="late", tried=("late",)))
    assert plain(stored(folder)) == plain(plan)
    assert (plan.fingerprint, plan.request.strategies) == ("f", ("linear", "partial"))
    assert [step.step for step in plan.steps][:2] == ["decode", "features"]
    assert plan.batch_size == {"partial": 16}
    assert (plan.pictures, plan.weights) == (own.table.fingerprint(), "ab")
    assert (plan.engine, plan.device, plan.augment) == ("torch", "cpu", "none")
    assert plan.depths == Depths(usual="late", tried=("late",))
    assert choices == choices_in(plan)
    assert found.resolved.engine == "torch"
    rows = read_rows(folder.path / "split.parquet")
    assert [row.path for row in rows] == list(own.table.paths)
    assert [row.split for row in rows] == own.table.splits.tolist()


def test_what_stands_is_taken_and_nothing_is_chosen_again(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    planned(prepared("linear", "svm"), folder, "f")
    edit(folder, augment="gentle", seconds={"features": 3.0})
    monkeypatch.setattr(module, "choose", None)
    found, plan, choices = planned(prepared("svm"), folder, "f")
    assert plan == stored(folder)
    assert choices.augment == "gentle"
    assert found.passes.seconds["features"] == 3.0, "what was spent before counts"


def test_a_plan_grows_by_the_strategies_that_it_lacks(folder: RunFolder) -> None:
    _, before, _ = planned(prepared("linear"), folder, "f", Depths(usual="late", tried=("late",)))
    slower = tuple(changed(step, estimated_seconds=99.0) for step in before.steps)
    edit(folder, steps=slower)
    _, plan, _ = planned(prepared("linear", "svm"), folder, "f")
    taken = {step.step: step.estimated_seconds for step in plan.steps}
    assert plan.request.strategies == ("linear", "svm")
    assert taken["linear"] == taken["features"] == 99.0, "what was estimated before stays"
    assert taken["svm"] is not None
    assert taken["svm"] != 99.0
    assert plan.depths == Depths(usual="late", tried=("late",))


def refused(folder: RunFolder, own: Prepared, kind: type[Exception] = ConfigError) -> str:
    with pytest.raises(kind) as caught:
        planned(own, folder, "f")
    return f"{caught.value} {caught.value.hint}"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"device": "cuda"}, "started with device cuda"),
        ({"threads": 3}, "started with threads 3"),
        ({"threads": 5000}, "started with threads 5000"),
        ({"versions": {}}, "started with torch None"),
        ({"weights": "cd"}, "started with other weights of fake"),
        ({"engine": "onnx", "engine_version": "0.1"}, "started with onnxruntime 0.1"),
    ],
)
def test_another_machine_is_refused(folder: RunFolder, values: dict[str, Any], said: str) -> None:
    planned(prepared("linear"), folder, "f")
    edit(folder, **values)
    text = refused(folder, prepared("linear"))
    assert said in text
    assert "--out" in text
    assert ("--threads 5000" in text) is False, "nobody can do that here"


def test_weights_that_nobody_knows_are_not_compared(folder: RunFolder) -> None:
    planned(prepared("linear", weights=None), folder, "f")
    planned(prepared("linear"), folder, "f")
    assert stored(folder).weights is None


def test_a_graph_that_cannot_be_made_anew_is_refused(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    planned(prepared("linear"), folder, "f")
    edit(folder, engine="onnx", engine_version=module.version("onnxruntime"))
    asked: list[str] = []
    monkeypatch.setattr(module.EngineCandidate, "keep", lambda self: asked.append("keep"))
    monkeypatch.setattr(module, "recalled", lambda request: None)
    own = prepared("linear")
    monkeypatch.setattr(type(own.passes), "squares", lambda self, preprocessing: [])
    assert "cannot be made here" in refused(folder, own)
    assert asked == ["keep"]


def without(table: Table, row: int) -> Table:
    return table.only(np.delete(np.arange(len(table)), row))


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (table_of(), without(table_of(), 3), "'0003.png' could be read then and cannot now"),
        (without(table_of(), 3), table_of(), "'0003.png' could not be read then and can now"),
        (table_of(), replace(table_of(), splits=table_of("train val").splits), "divided differently"),
    ],
)
def test_other_pictures_are_refused(folder: RunFolder, before: Table, now: Table, said: str) -> None:
    planned(prepared(table=before), folder, "f")
    assert said in refused(folder, prepared(table=now), DataError)


def test_what_would_be_seen_otherwise_cannot_come_beside(folder: RunFolder) -> None:
    planned(prepared("linear"), folder, "f")
    edit(folder, preprocessing=changed(stored(folder).preprocessing, framing="crop"))
    text = refused(folder, prepared("linear", "svm"))
    assert text.startswith("With svm, pictures would be framed, stored or augmented differently than for linear.")
    assert stored(folder).request.strategies == ("linear",), "the plan stays"


def test_another_augmentation_matters_where_something_was_trained(folder: RunFolder) -> None:
    planned(prepared("linear"), folder, "f")
    edit(folder, augment="photo")
    planned(prepared("linear", "svm"), folder, "f")  # no head has seen it
    edit(folder, augment="photo", request=Request(strategies=("linear", "full")))
    assert "differently than for linear, full" in refused(folder, prepared("linear", "full", "svm", "partial"))
