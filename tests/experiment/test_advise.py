"""What one frozen pass tells of the pictures: asked about some of very many, and nothing outside train."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import CHOICES, GIVEN, PREPROCESSING, context_of, prepared_of, separable, table_of

from headstart.evidence.advice import advise
from headstart.experiment import advise as module
from headstart.experiment.advise import MOST_CLASSES, advice_on, advised, asked_about, profile_of, reference_head
from headstart.experiment.budget import OutOfTimeError
from headstart.experiment.folder import RunFolder
from headstart.experiment.prepare import Prepared
from headstart.experiment.request import Request
from headstart.heads.preview import MOST_ROWS
from headstart.records.plan import PlanRecord, PlanStep
from headstart.records.progress import Silent
from headstart.strategies.fit_head import fit_head
from headstart.strategies.passes import FakePasses
from headstart.strategies.strategy import BY_WHAT_IS_TRAINED


def test_a_rare_class_is_asked_about_beside_thousands_of_a_common_one() -> None:
    labels = np.repeat(np.arange(2), (20 * MOST_ROWS, 6))
    places = asked_about(labels, 0)
    assert len(places) <= MOST_ROWS + 12  # half a dozen of each class at least
    assert (labels[places] == 1).sum() == 6
    assert len(np.unique(places)) == len(places)


def test_of_very_many_classes_some_are_asked_about() -> None:
    labels = np.arange(4 * MOST_CLASSES).repeat(3)
    places = asked_about(labels, 0)
    assert len(np.unique(labels[places])) == MOST_CLASSES


def test_pictures_that_tell_their_classes_are_said_to() -> None:
    table = table_of(each=40)
    clear, dark = (
        profile_of(context_of(table, values=separable(table.labels, distance=far)), PREPROCESSING, with_shift=False)
        for far in (4.0, 0.0)
    )
    assert (clear.classes, clear.pictures, clear.least, clear.chance) == (2, 80, 40, 0.5)
    assert min(clear.linear, clear.neighbours, clear.ridge) > 0.95
    assert (clear.similarity, clear.learnable) == ("similar", True)
    assert max(dark.linear, dark.neighbours, dark.ridge) < 0.75
    assert (dark.similarity, dark.learnable) == ("dissimilar", False)
    assert clear.shift is None
    assert clear.now is not None
    assert clear.doubled is not None
    assert (clear.now.pictures, clear.now.more, clear.doubled.more) == (80, 80, 160)


def test_nothing_that_is_held_out_is_looked_at() -> None:
    table = table_of(each=20)
    wild = separable(table.labels)
    wild[table.rows("test")] = np.nan
    assert profile_of(context_of(table, values=wild), PREPROCESSING, with_shift=False) == profile_of(
        context_of(table), PREPROCESSING, with_shift=False
    )


def test_where_some_are_looked_at_the_forecast_is_still_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart.strategies.division.LOOKS", 40)
    context = context_of(table_of(each=40))
    found = profile_of(context, PREPROCESSING, with_shift=False)
    assert found.pictures == 80
    assert found.now is not None
    assert found.doubled is not None
    assert (found.now.more, found.doubled.more) == (80, 160)
    assert isinstance(context.passes, FakePasses)
    assert {part for part, _, _ in context.passes.asked} == {"looked at"}


def test_the_strategy_takes_the_head_that_the_advice_asked_for() -> None:
    context = context_of()
    head = reference_head(context, PREPROCESSING)
    fitted = fit_head(context, CHOICES, context.resolved.strategies[0])
    assert fitted.model.head is head.fitted.head


STEPS = tuple(
    PlanStep(step=name, kind=kind, pictures=1, estimated_seconds=taken)
    for name, kind, taken in (
        ("decode", "shared", 1.0),
        ("augment", "shared", 7.0),
        ("features", "shared", 2.0),
        ("linear", "strategy", 3.0),
        ("activations", "shared", 10.0),
        ("partial", "strategy", 20.0),
        ("full", "strategy", 50.0),
    )
)


@pytest.mark.parametrize(
    ("name", "seconds"), [("linear", 6.0), ("partial", 40.0), ("full", 60.0), ("svm", None), ("scratch", None)]
)
def test_what_a_strategy_takes_alone_is_all_that_it_needs(name: str, seconds: float | None) -> None:
    assert module._seconds(STEPS, {}, name) == seconds


def test_what_is_done_counts_as_long_as_it_took() -> None:
    unknown = tuple(
        PlanStep(step=step.step, kind=step.kind, pictures=1, estimated_seconds=None if step.kind == "shared" else 3.0)
        for step in STEPS
    )
    assert module._seconds(unknown, {"decode": 4.0, "features": 5.0}, "linear") == 12.0
    assert module._seconds(unknown, {"decode": 4.0}, "linear") is None


def prepared(distance: float, **options: Any) -> Prepared:
    table = table_of(each=40)
    request = Request(strategies=("linear", "partial"), cut="late", **GIVEN)
    return prepared_of(table, request=request, values=separable(table.labels, distance=distance), **options)


@pytest.mark.parametrize(("distance", "strategy", "cut"), [(4.0, "linear", "pool"), (0.0, "partial", "late")])
def test_the_advice_names_a_strategy_its_cut_and_what_it_takes(distance: float, strategy: str, cut: str) -> None:
    found = advice_on(prepared(distance), PREPROCESSING, STEPS, with_shift=False)
    assert (found.strategy, found.cut) == (strategy, cut)
    assert found.seconds == (6.0 if strategy == "linear" else 40.0)
    assert found.text.startswith(f"Use {strategy}: on many new pictures, expect it to be right about")
    same = advise(profile_of(prepared(distance).context, PREPROCESSING, with_shift=False), BY_WHAT_IS_TRAINED, {})
    assert (found.accuracy, found.interval) == (same.expected[0].accuracy, same.expected[0].interval)


class Heard(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def message(self, text: str) -> None:
        self.said.append(text)


class Folder:
    """Takes what is written."""

    def __init__(self) -> None:
        self.written: list[PlanRecord] = []

    def write_plan(self, plan: PlanRecord) -> None:
        self.written.append(plan)


def plan_of(own: Prepared, tmp_path: Path) -> PlanRecord:
    from headstart.experiment.stored_plan import _record

    return _record(own, CHOICES, STEPS, "f", None, None)


def test_an_advice_is_told_and_written_once(tmp_path: Path) -> None:
    heard, folder = Heard(), Folder()
    own = prepared(4.0, progress=heard)
    found = advised(own, folder, plan_of(own, tmp_path), PREPROCESSING)  # type: ignore[arg-type]
    assert found.advice is not None
    assert folder.written == [found]
    assert len(heard.said) == 1
    assert heard.said[0].startswith("advice: use linear and expect")
    assert advised(own, RunFolder(tmp_path), found, PREPROCESSING) is found, "what stands is kept"


def test_where_the_time_is_over_the_first_strategy_is_tried_without_advice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*_: object, **__: object) -> None:
        raise OutOfTimeError

    monkeypatch.setattr(module, "advice_on", late)
    own, folder = prepared(4.0), Folder()
    plan = plan_of(own, tmp_path)
    assert advised(own, folder, plan, PREPROCESSING) is plan  # type: ignore[arg-type]
    assert folder.written == []
