"""Training by gradients: the head that it starts from, and whether a training or the solved head answers in the end.

Most of it runs on numbers; the last tests train a tiny network on drawn arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import torch
from builders import CHOICES, PREPROCESSING, context_of, separable, table_of
from tiny import CUT, tiny_backbone, tiny_pictures
from tiny import PREPROCESSING as SEEN

from headstart import heads
from headstart.backbones import normalise, split
from headstart.base.types import Affine
from headstart.experiment.request import Request
from headstart.heads import Fitted
from headstart.pixels import frame
from headstart.records.record import Scalar
from headstart.records.training import TrainingSettings
from headstart.strategies import fit_network as module
from headstart.strategies.context import FitContext
from headstart.strategies.fit_network import fit_network
from headstart.strategies.fitted import FittedRun
from headstart.strategies.passes import FakePasses
from headstart.strategies.rates import HIGHEST_RATE, LOWEST_SHARE, with_rates
from headstart.strategies.resolved import Choices, ResolvedStrategy
from headstart.strategies.strategy import STRATEGIES
from headstart.strategies.training_input import TrainingInput
from headstart.tune import Trained
from headstart.tune.choosing import judge

EACH = 60  # of each class: a hold-out inside train is possible


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """For so small a network a second thread costs more than it brings; `usual_threads` puts it back."""
    torch.set_num_threads(1)


def test_each_row_keeps_its_fold_and_label_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    context = context_of()
    division = context.division
    seen: dict[str, Any] = {}

    def fitter(X: Any, y: Any, classes: int, *, folds: Any, seed: int, blocks: Any) -> Fitted:
        seen.update(y=y, folds=folds)
        return Fitted(Affine(weight=np.zeros((2, 1)), bias=np.zeros(2)), {}, converged=True, out_of_fold=np.eye(2)[y])

    monkeypatch.setitem(heads.HEADS, "logistic", replace(heads.HEADS["logistic"], fit=fitter))
    rows = division.train[[9, 2, 11, 8]]
    _, unseen = module._solved(context, rows[:, None].astype(np.float32), rows)
    assert seen["folds"].tolist() == division.folds[[9, 2, 11, 8]].tolist()
    assert seen["y"].tolist() == division.labels[rows].tolist() == [1, 0, 1, 0]
    assert unseen.argmax(axis=1).tolist() == [1, 0, 1, 0]


def test_the_more_the_solved_head_errs_the_higher_the_rates_and_given_ones_stay() -> None:
    settings = TrainingSettings()
    rates = [with_rates(settings, error, given=()).backbone_rate for error in (0.0, 0.1, 0.15, 0.6)]
    assert rates == [HIGHEST_RATE * LOWEST_SHARE, pytest.approx(HIGHEST_RATE * 2 / 3), HIGHEST_RATE, HIGHEST_RATE]
    found = with_rates(settings, 0.6, given={"backbone_rate"})
    assert (found.backbone_rate, found.head_rate) == (settings.backbone_rate, 2 * HIGHEST_RATE)
    assert with_rates(settings, 0.6, given={"head_rate", "backbone_rate"}) == settings


def inputs_of(context: FitContext) -> TrainingInput:
    """Return what `_better_head` asks of a training: which pictures it learned from, and which chose."""
    division, nothing = context.division, None
    return TrainingInput(
        backbone=context.resolved.need_backbone(),
        preprocessing=PREPROCESSING,
        cut="late",
        prefix=nothing,  # type: ignore[arg-type]
        suffix=nothing,  # type: ignore[arg-type]
        source=nothing,  # type: ignore[arg-type]
        learning=division.learning,
        choosing=division.choosing,
        choosing_in=division.choosing_in,
        shared=(),
    )


def better_head(context: FitContext, trained: Trained) -> Any:
    return module._better_head(context, CHOICES, inputs_of(context), TrainingSettings(), trained)


def ended(*rank: float, epoch: int | None = 4) -> Trained:
    return Trained((), epoch, 0.1, rank)


@pytest.mark.parametrize("splits", ["train test", "train val test"])
def test_the_solved_head_is_kept_unless_an_epoch_was_better(splits: str) -> None:
    context = context_of(table_of(splits, each=EACH))
    division, passes = context.division, context.passes
    assert isinstance(passes, FakePasses)
    start, _ = module._solved(context, passes.values[division.learning], division.learning)
    (rank,) = judge(
        start.scores(passes.values[division.choosing]), division.labels[division.choosing], "calibrated-loss"
    ).rank
    assert better_head(context, ended(rank - 1e-6)) is None
    for worse in (rank, rank + 1):
        kept = better_head(context, ended(worse))
        assert kept is not None
        whole, unseen = module._solved(context, passes.values[division.train], division.train)
        np.testing.assert_array_equal(kept.head.weight, whole.weight)
        assert kept.trust.sets.pictures == len(division.train) == len(unseen)


def test_where_nothing_chose_nothing_is_compared() -> None:
    assert better_head(context_of(table_of(each=EACH)), ended(9.0, epoch=None)) is None


def test_which_head_is_kept_does_not_hang_on_what_measures() -> None:
    table = table_of(each=EACH)
    values = separable(table.labels)
    wild = values.copy()
    wild[table.rows("test")] = 1e3
    one, other = (better_head(context_of(table, values=given), ended(9.0)) for given in (values, wild))
    np.testing.assert_array_equal(one.head.weight, other.head.weight)


def test_a_strategy_that_solves_is_not_trained() -> None:
    with pytest.raises(RuntimeError, match="not trained by gradients"):
        fit_network(context_of(), CHOICES, ResolvedStrategy(STRATEGIES["linear"], "pool"), checkpoint=None)


def tiny_context(
    *,
    each: int = EACH,
    tells: float | None = None,
    contrast: int = 60,
    training: Mapping[str, Scalar] = MappingProxyType({}),
) -> FitContext:
    """Return a context of a tiny network whose answers and activations were computed before.

    `tells`: how well what the frozen network says tells the classes apart, whatever it is trained on; with 0 training
    helps, with much it cannot.
    """
    table = table_of(each=each)
    pictures = tiny_pictures(table.labels, contrast=contrast)
    backbone = tiny_backbone()
    batch = normalise(np.stack([frame(picture, SEEN) for picture in pictures]), SEEN)
    with torch.inference_mode():
        values = backbone.network(batch).numpy()
        entering = split(backbone, CUT).prefix(batch).numpy().astype(np.float16)
    if tells is not None:
        values = separable(table.labels, distance=tells, features=values.shape[1])
    settings: dict[str, Scalar] = {"epochs": 2, **training}
    request = Request(strategies=("partial", "full"), cut=CUT, framing="squash", augment="none", training=settings)
    context = context_of(table, request=request, values=values)
    resolved = replace(context.resolved, backbone=backbone)
    passes = FakePasses(context.division, values, {CUT: entering}, backbone=backbone)
    return replace(context, resolved=resolved, passes=passes, pixels=pictures)


TINY = Choices(SEEN, "none", CHOICES.losses)


def fitted(context: FitContext, name: str) -> FittedRun:
    (strategy,) = (one for one in context.resolved.strategies if one.name == name)
    return fit_network(context, TINY, strategy, checkpoint=None)


@pytest.mark.network
@pytest.mark.parametrize("name", ["partial", "full"])
def test_a_training_that_helps_answers_and_says_what_it_was(name: str) -> None:
    context = tiny_context(tells=0.0, training={"refit": True})
    found = fitted(context, name)
    division, training = context.division, found.training
    assert training is not None
    assert found.solved is None
    assert (found.cut, found.readout, found.head) == (CUT if name == "partial" else "input", "pool", "linear")
    assert (training.choosing, training.kept_solved_head) == ("train", False)
    assert training.pictures == len(division.train), "trained again with those that chose"
    assert len(found.epochs) == 2
    assert len(found.epochs_on_all) == training.epoch_chosen
    assert found.probabilities.shape == (len(division.held_out), 2)
    right = found.probabilities.argmax(axis=1) == division.labels[division.held_out]
    assert right.mean() > 0.8
    assert training.views == (1 if name == "partial" else None)
    assert ("activations" in found.shared) == (name == "partial")


@pytest.mark.network
def test_a_training_that_does_not_help_keeps_the_solved_head_and_says_so() -> None:
    context = tiny_context(tells=9.0, contrast=2)
    found = fitted(context, "partial")
    assert found.training is not None
    assert found.training.kept_solved_head
    assert found.training.epoch_chosen is None
    assert found.training.pictures == len(context.division.train)
    assert [one.code for one in found.warnings] == ["kept-solved-head"]
    passes, division = context.passes, context.division
    assert isinstance(passes, FakePasses)
    head, _ = module._solved(context, passes.values[division.train], division.train, (6,))
    assert isinstance(found.model.head, Affine)
    np.testing.assert_array_equal(found.model.head.weight, head.weight)
    assert found.parameters.trained == head.numbers


@pytest.mark.network
def test_where_nobody_can_choose_the_last_epoch_answers() -> None:
    found = fitted(tiny_context(each=20), "partial")
    assert found.training is not None
    assert (found.training.choosing, found.training.epoch_chosen) == ("none", None)
    assert not found.training.kept_solved_head
    assert found.model.trust is not None
    assert found.model.trust.familiar is None


@pytest.mark.network
def test_the_same_seed_trains_the_same_to_the_bit() -> None:
    one, other = (fitted(tiny_context(tells=0.0, training={"epochs": 1}), "partial") for _ in range(2))
    np.testing.assert_array_equal(one.probabilities, other.probabilities)
