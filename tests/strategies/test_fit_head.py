"""A head on the frozen network: what it answers, what it reads, and that it is solved once. No network, no pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from builders import CHOICES, GIVEN, PREPROCESSING, STAGES, context_of, separable, table_of
from numpy.typing import NDArray

from headstart import heads
from headstart.backbones import Backbone
from headstart.backbones.network_facts import Facts
from headstart.base.types import Affine
from headstart.experiment.request import Request
from headstart.features import PLAIN, View
from headstart.records.preprocessing import Preprocessing
from headstart.records.record import changed
from headstart.strategies.context import FitContext
from headstart.strategies.division import Part
from headstart.strategies.fit_head import Solved, fit_head, solved
from headstart.strategies.passes import FEATURES, FakePasses, Look, fake_backbone
from headstart.strategies.resolved import ResolvedStrategy
from headstart.strategies.strategy import STRATEGIES, Strategy

SOLVED = [row for row in STRATEGIES.values() if row.solves]


def on(row: str) -> ResolvedStrategy:
    return ResolvedStrategy(STRATEGIES[row], "pool")


@pytest.mark.parametrize("row", SOLVED, ids=lambda row: row.name)
def test_the_answers_are_those_of_the_head_on_the_features(row: Strategy) -> None:
    context = context_of()
    found = fit_head(context, CHOICES, ResolvedStrategy(row, "pool"))
    division, passes = context.division, context.passes
    assert isinstance(passes, FakePasses)
    held = passes.values[division.held_out]
    own = heads.HEADS[row.head].fit(
        passes.values[division.train],
        division.labels[division.train],
        2,
        folds=division.folds,
        seed=0,
        blocks=(passes.values.shape[1],),
    )
    np.testing.assert_array_equal(found.probabilities, own.head.probabilities(held))
    assert (found.probabilities.argmax(axis=1) == division.labels[division.held_out]).mean() > 0.8
    assert found.solved is not None
    assert (found.solved.settings, found.solved.converged) == (dict(own.chosen), own.converged)
    assert (found.cut, found.head, found.readout, found.training) == ("pool", row.head, "pool", None)
    assert found.shared == ("decode", "framing", "features")


def test_what_it_holds_and_costs() -> None:
    context = context_of()
    linear, knn = (fit_head(context, CHOICES, on(name)) for name in ("linear", "knn"))
    width, frozen = 12, 1000
    assert linear.parameters.trained == 2 * width + 2
    assert linear.parameters.total == frozen + 2 * width + 2
    assert linear.parameters.remembered == 0
    assert knn.parameters.remembered >= 40 * width
    assert linear.flops == 1e6 + linear.model.head.flops()


def test_it_knows_its_limits_from_out_of_fold_answers() -> None:
    context = context_of(table_of(each=50))
    found = fit_head(context, CHOICES, on("linear"))
    assert found.model.trust is not None
    assert found.model.trust.sets.pictures == len(context.division.train)
    assert found.distances is not None
    assert found.distances.shape == (len(context.division.held_out),)


def test_only_train_teaches() -> None:
    table = table_of()
    values = separable(table.labels)
    context = context_of(table, values=values)
    wild = values.copy()
    wild[context.division.held_out] = 1e3
    one = fit_head(context, CHOICES, on("linear")).model.head
    other = fit_head(context_of(table, values=wild), CHOICES, on("linear")).model.head
    assert isinstance(one, Affine)
    assert isinstance(other, Affine)
    np.testing.assert_array_equal(one.weight, other.weight)


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many pictures each fit of the reference head was given."""
    given: list[int] = []
    usual = heads.HEADS["logistic"].fit

    def spy(features: Any, *arguments: Any, **options: Any) -> heads.Fitted:
        given.append(len(features))
        return usual(features, *arguments, **options)

    monkeypatch.setitem(heads.HEADS, "logistic", replace(heads.HEADS["logistic"], fit=spy))
    return given


def test_a_head_is_solved_once_on_the_same_pictures(fits: list[int]) -> None:
    context = context_of()
    advice = solved(context, PREPROCESSING, on("linear"), part="looked at")
    fitted = fit_head(context, CHOICES, on("linear"))
    assert fits == [40]
    assert fitted.model.head is advice.value.fitted.head
    assert fitted.earlier > 0.0 == advice.earlier


def test_it_is_solved_again_on_other_pictures_or_where_they_are_seen_otherwise(
    fits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headstart.strategies.division.LOOKS", 30)
    context = context_of()
    solved(context, PREPROCESSING, on("linear"), part="looked at")
    solved(context, PREPROCESSING, on("linear"))
    solved(context, changed(PREPROCESSING, framing="crop"), on("linear"))
    assert fits == [30, 40, 40]


@dataclass(eq=False)
class TwoReadouts(FakePasses):
    """Says one thing with the last features, and more with those of stages before them."""

    stages: Any = None

    def features(
        self,
        part: Part,
        preprocessing: Preprocessing,
        *,
        look: Look = FEATURES,
        view: View = PLAIN,
        readout: str = "pool",
    ) -> NDArray[np.float32]:
        found = self.values if readout == "pool" else np.hstack([self.stages, self.values])
        return np.asarray(found[self.division.rows(part)])

    def network(self, readout: str) -> Backbone:
        pool = fake_backbone(12, stages=STAGES)
        if readout == "pool":
            return pool
        pool.held.__dict__["facts"] = Facts(1000, pool.stages, ("late",), (5, 12))
        return replace(pool, features=17, read=("late",))


def with_stages(pool: float, stages: float, asked: str = "auto") -> FitContext:
    """Return a context whose last features, and whose stages, tell the classes apart so well."""
    context = context_of(request=Request(strategies=("linear",), framing="squash", augment="none", readout=asked))
    labels = context.division.labels
    passes = TwoReadouts(
        context.division,
        separable(labels, distance=pool),
        stages=separable(labels, distance=stages, features=5)[:, ::-1],
    )
    readouts: Any = ("pool", "stages") if asked == "auto" else (asked,)
    return replace(context, passes=passes, resolved=replace(context.resolved, readouts=readouts))


@pytest.mark.parametrize(("pool", "stages", "chosen"), [(0.0, 5.0, "stages"), (5.0, 0.0, "pool"), (0.0, 0.0, "pool")])
def test_the_readout_that_answers_better_is_read_and_in_doubt_the_last_features(
    pool: float, stages: float, chosen: str
) -> None:
    found = fit_head(with_stages(pool, stages), CHOICES, on("linear"))
    assert found.readout == chosen
    assert found.read == (("late",) if chosen == "stages" else ())
    assert found.probabilities.shape == (40, 2)
    assert found.parameters.trained == 2 * (17 if chosen == "stages" else 12) + 2


def test_a_readout_that_is_asked_for_is_read() -> None:
    found = fit_head(with_stages(5.0, 0.0, "stages"), CHOICES, on("linear"))
    assert (found.readout, found.warnings) == ("stages", ())


def test_that_there_are_no_stages_to_read_is_said() -> None:
    request = Request(strategies=("linear",), **{**GIVEN, "readout": "stages"})
    context = context_of(request=request)
    assert context.resolved.readouts == ("pool",)
    found = fit_head(context, CHOICES, on("linear"))
    assert [one.code for one in found.warnings] == ["no-stages-to-read"]
    assert found.readout == "pool"


def test_held_out_pictures_pass_by_themselves() -> None:
    context = context_of()
    fit_head(context, CHOICES, on("linear"))
    assert isinstance(context.passes, FakePasses)
    assert [(part, name) for part, name, _ in context.passes.asked] == [
        ("train", "features"),
        ("train", "features"),
        ("held out", "features, held out"),
    ]


def test_a_head_without_folds_cannot_be_judged() -> None:
    fitted = heads.Fitted(Affine(weight=np.eye(2), bias=np.zeros(2)), {}, None, converged=True)
    with pytest.raises(RuntimeError, match="without folds"):
        Solved(fitted, "pool").out_of_fold  # noqa: B018
