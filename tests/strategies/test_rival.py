"""The solved head that a training starts from and is judged against: which one it is, and what it says unseen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from builders import CHOICES, PREPROCESSING, context_of, separable, table_of

from headstart import heads
from headstart.base.types import Affine, Floats
from headstart.heads import Fitted
from headstart.heads.knn import fit as fit_knn
from headstart.heads.training import Size
from headstart.strategies import rival as module
from headstart.strategies import room
from headstart.strategies.context import FitContext, Once
from headstart.strategies.fit_head import Solved, fit_head, solved
from headstart.strategies.passes import FakePasses
from headstart.strategies.resolved import ResolvedStrategy
from headstart.strategies.rival import Rival, rival_of, solve_again
from headstart.strategies.strategy import RIVALS, STRATEGIES, Strategy
from headstart.strategies.training_input import TrainingInput

EACH = 60  # of each class: a hold-out inside train is possible
SPLITS = ["test train", "train val test"]  # train chooses itself, and begins with another row than 0; or val chooses


def head_of(right: Floats, labels: Any, *, temperature: float = 1.0) -> Solved:
    """Return a solved head of which each training row says how surely it is right without its fold."""
    unseen = np.where(np.eye(2)[labels] > 0, right[:, None], 0.0)
    head = Affine(weight=np.zeros((2, 1)), bias=np.zeros(2), temperature=temperature)
    return Solved(Fitted(head, {}, out_of_fold=unseen, converged=True), "pool")


def inputs_of(context: FitContext) -> TrainingInput:
    """Return which pictures a training learned from, and which chose: nothing else is asked of it here."""
    division, nothing = context.division, None
    return TrainingInput(
        backbone=context.resolved.need_backbone(),
        preprocessing=PREPROCESSING,
        cut="late",
        prefix=nothing,  # type: ignore[arg-type]
        folded=nothing,  # type: ignore[arg-type]
        source=nothing,  # type: ignore[arg-type]
        learning=division.learning,
        choosing=division.choosing,
        choosing_in=division.choosing_in,
        shared=(),
    )


def told(monkeypatch: pytest.MonkeyPatch, context: FitContext, **by_head: Solved) -> Rival:
    """Return the rival where each strategy has solved such a head."""
    assert set(by_head) == {row.name for row in RIVALS}
    monkeypatch.setattr(module, "solved", lambda _, __, strategy: Once(by_head[strategy.name], 0.0))
    return rival_of(context, CHOICES)


def test_the_rivals_solve_affine_heads_and_the_reference_is_the_first() -> None:
    assert [row.name for row in RIVALS] == ["linear", "lda"]
    for row in RIVALS:
        found = solved(context_of(), PREPROCESSING, ResolvedStrategy(row, "pool")).value
        assert isinstance(Rival(row, found).head, Affine)


@pytest.mark.parametrize(("linear", "lda", "best"), [(2.0, 1.0, "linear"), (1.0, 2.0, "lda"), (1.0, 1.0, "linear")])
def test_the_head_with_less_loss_for_pictures_it_had_not_seen_is_taken(
    linear: float, lda: float, best: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = context_of()
    labels = context.division.labels[context.division.train]
    sure = np.ones(len(labels))
    found = told(monkeypatch, context, linear=head_of(linear * sure, labels), lda=head_of(lda * sure, labels))
    assert found.row.name == best


def test_losses_are_at_each_heads_own_temperature(monkeypatch: pytest.MonkeyPatch) -> None:
    context = context_of()
    labels = context.division.labels[context.division.train]
    sure = np.ones(len(labels))
    cold, warm = head_of(3 * sure, labels, temperature=6.0), head_of(2 * sure, labels)
    assert told(monkeypatch, context, linear=cold, lda=warm).row.name == "lda"


def test_all_training_pictures_say_which_those_that_learn_too(monkeypatch: pytest.MonkeyPatch) -> None:
    context = context_of(table_of("test train", each=EACH))
    division = context.division
    chose = np.isin(division.train, division.choosing)
    labels, sure = division.labels[division.train], np.full(len(division.train), 2.0)
    linear, lda = head_of(np.where(chose, 3.0, 1.0), labels), head_of(sure, labels)
    assert told(monkeypatch, context, linear=linear, lda=lda).row.name == "lda"


def test_nothing_is_solved_again_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    context, fitted = context_of(), list[str]()

    def counted(name: str, fit: Any) -> Any:
        return lambda *given, **options: fitted.append(name) or fit(*given, **options)

    for row in RIVALS:
        method = heads.HEADS[row.head]
        monkeypatch.setitem(heads.HEADS, row.head, replace(method, fit=counted(row.head, method.fit)))
    found = rival_of(context, CHOICES)
    assert fitted == [row.head for row in RIVALS]
    assert rival_of(context, CHOICES).found is found.found
    run = fit_head(context, CHOICES, ResolvedStrategy(found.row, "pool"))
    assert run.model.head is found.head, "the head that its strategy answers with"
    assert fitted == [row.head for row in RIVALS]
    trust, own = found.trust(context, CHOICES), run.model.trust
    assert own is not None
    assert trust.sets == own.sets
    assert trust.familiar is not None
    assert own.familiar is not None
    np.testing.assert_array_equal(trust.familiar.examples, own.familiar.examples)


def test_choosing_pictures_of_train_say_what_the_head_said_without_them() -> None:
    context = context_of(table_of("test train", each=EACH))
    division = context.division
    labels, places = division.labels[division.train], np.searchsorted(division.train, division.choosing)
    right = np.full(len(labels), -5.0)  # wrong where it learned
    right[places] = np.linspace(-0.5, 3.0, len(places))
    rival = Rival(RIVALS[0], head_of(right, labels, temperature=2.0))  # and the head itself says nothing
    found = rival.unseen(context, CHOICES, inputs_of(context))
    expected = np.where(np.eye(2)[division.labels[division.choosing]] > 0, right[places][:, None] / 2.0, 0.0)
    np.testing.assert_array_equal(found, expected)


def test_of_val_the_head_itself_is_asked() -> None:
    context = context_of(table_of("train val test", each=EACH))
    division, passes = context.division, context.passes
    assert isinstance(passes, FakePasses)
    own = solved(context, PREPROCESSING, ResolvedStrategy(RIVALS[0], "pool")).value
    assert isinstance(own.fitted.head, Affine)
    warm = replace(own.fitted.head, temperature=3.0)
    nonsense = replace(own.fitted, head=warm, out_of_fold=np.full_like(own.out_of_fold, np.nan))
    found = Rival(RIVALS[0], own._replace(fitted=nonsense)).unseen(context, CHOICES, inputs_of(context))
    values = passes.values[division.choosing].astype(np.float64)
    np.testing.assert_allclose(found, (values @ warm.weight.T + warm.bias) / 3.0, rtol=1e-12)
    assert (found.argmax(axis=1) == division.labels[division.choosing]).mean() > 0.8


@pytest.mark.parametrize("splits", SPLITS)
def test_the_rival_does_not_hang_on_what_measures(splits: str) -> None:
    table = table_of(splits, each=EACH)
    values = separable(table.labels)
    wild = values.copy()
    wild[table.rows("test")] = 1e3
    contexts = [context_of(table, values=given) for given in (values, wild)]
    one, other = (rival_of(context, CHOICES) for context in contexts)
    assert one.row == other.row
    np.testing.assert_array_equal(one.head.weight, other.head.weight)
    np.testing.assert_array_equal(one.head.bias, other.head.bias)
    unseen = [
        rival.unseen(context, CHOICES, inputs_of(context))
        for rival, context in zip((one, other), contexts, strict=True)
    ]
    np.testing.assert_array_equal(*unseen)


def test_a_head_that_is_not_affine_is_no_rival() -> None:
    context = context_of()
    with pytest.raises(RuntimeError, match="the head of 'knn' is not affine"):
        _ = Rival(
            STRATEGIES["knn"], solved(context, PREPROCESSING, ResolvedStrategy(STRATEGIES["knn"], "pool")).value
        ).head
    rows = context.division.train
    assert heads.HEADS["knn"].fit is fit_knn
    with pytest.raises(RuntimeError, match="the head of 'knn' is not affine"):
        solve_again(context, STRATEGIES["knn"], [separable(context.division.labels[rows])], rows)


def seen_by(monkeypatch: pytest.MonkeyPatch, head: str) -> dict[str, Any]:
    """Return what the fit of a head is given; its head says nothing."""
    seen: dict[str, Any] = {}

    def fitter(X: Any, y: Any, classes: int, **options: Any) -> Fitted:
        seen.update(X=X, y=y, **options)
        numbers = np.arange(len(y), dtype=np.float64)[:, None]
        return Fitted(Affine(weight=np.zeros((2, 1)), bias=np.zeros(2)), {}, converged=True, out_of_fold=numbers)

    monkeypatch.setitem(heads.HEADS, head, replace(heads.HEADS[head], fit=fitter))
    return seen


@pytest.mark.parametrize("row", RIVALS, ids=lambda row: row.name)
def test_each_row_keeps_its_fold_and_label_in_any_order(row: Strategy, monkeypatch: pytest.MonkeyPatch) -> None:
    context = context_of(table_of("test train"))
    division, seen = context.division, seen_by(monkeypatch, row.head)
    rows = division.train[[9, 2, 11, 8]]
    features = rows[:, None].astype(np.float32)
    solve_again(context, row, [features], rows)
    assert seen["X"].tolist() == features.tolist()
    assert seen["folds"].tolist() == division.folds[[9, 2, 11, 8]].tolist()
    assert seen["y"].tolist() == division.labels[rows].tolist() == [1, 0, 1, 0]
    assert seen["seed"] == division.seed


def test_a_picture_that_is_seen_twice_stays_in_one_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    context, sizes = context_of(), list[Size]()
    division, seen = context.division, seen_by(monkeypatch, "lda")
    monkeypatch.setitem(heads.HEADS, "lda", replace(heads.HEADS["lda"], memory=lambda size: sizes.append(size) or 0))
    monkeypatch.setattr(room, "available_memory", lambda: 10**9)
    rows = division.train[[9, 2, 11, 8, 0]]
    plain, other = rows[:, None].astype(np.float32), rows[:, None] + np.float32(0.5)
    solve_again(context, STRATEGIES["lda"], [plain, other], rows)
    assert seen["X"].tolist() == [*plain.tolist(), *other.tolist()]
    assert seen["y"].tolist() == 2 * division.labels[rows].tolist()
    assert seen["folds"].tolist() == 2 * division.folds_of(rows).tolist()
    assert {(size.rows, size.features) for size in sizes} == {(10, 1)}, "both take memory"


def test_a_head_that_does_not_fit_into_memory_is_no_rival(monkeypatch: pytest.MonkeyPatch) -> None:
    context = context_of()
    usual = module.short_of
    monkeypatch.setattr(module, "short_of", lambda head, size: (2, 1) if head == "lda" else usual(head, size))
    assert [row.name for row in module._in_room(context)] == ["linear"]
    assert rival_of(context, CHOICES).row.name == "linear"
    monkeypatch.setattr(module, "short_of", lambda head, size: (2, 1))
    assert [row.name for row in module._in_room(context)] == ["linear"], "which then says that it does not fit"


def test_it_errs_as_often_as_without_its_folds_and_remembers_what_was_spent_before() -> None:
    context = context_of(values=separable(table_of().labels, distance=0.5))
    first = rival_of(context, CHOICES)
    division = context.division
    wrong = first.found.out_of_fold.argmax(axis=1) != division.labels[division.train]
    assert 0 < first.error(context) == wrong.mean() < 0.5
    assert first.earlier == 0.0
    assert rival_of(context, CHOICES).earlier > 0, "the heads were solved already"
