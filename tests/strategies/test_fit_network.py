"""Training by gradients: what it starts from, how far it goes, and whether it or the solved head answers in the end.

Nearly all of it trains a tiny network on drawn arrays. `test_rival.py` has what is made of numbers alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import torch
from builders import CHOICES, context_of, separable, table_of
from numpy.typing import NDArray
from tiny import CUT, tiny_backbone, tiny_pictures
from tiny import PREPROCESSING as SEEN
from torch import nn

from headstart.backbones import normalise, split
from headstart.base.types import Affine, softmax
from headstart.experiment.request import Request
from headstart.pixels import frame
from headstart.records.record import Scalar, changed
from headstart.strategies import fit_network as module
from headstart.strategies.context import FitContext
from headstart.strategies.ending import Ending
from headstart.strategies.fit_head import fit_head, solved
from headstart.strategies.fit_network import fit_network
from headstart.strategies.fitted import FittedRun
from headstart.strategies.passes import FakePasses
from headstart.strategies.resolved import Choices, ResolvedStrategy
from headstart.strategies.rival import Rival, rival_of
from headstart.strategies.strategy import RIVALS, STRATEGIES, Strategy
from headstart.tune import Trainee
from headstart.tune.checkpoint import copied

EACH = 60  # of each class: a hold-out inside train is possible


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """For so small a network a second thread costs more than it brings; `usual_threads` puts it back."""
    torch.set_num_threads(1)


# Enough for the tiny network to learn the brightest colour, whatever the strategies' own defaults are.
LEARNS: Mapping[str, Scalar] = MappingProxyType(
    {
        "epochs": 8,
        "backbone_rate": 2e-2,
        "head_rate": 2e-2,
        "batch_norm": "frozen",
        "label_smoothing": 0.0,
        "refit": False,
        "together": False,
        "keep": "best",
    }
)


def tiny_context(
    *names: str,
    splits: str = "train test",
    each: int = EACH,
    tells: float | None = None,
    contrast: int = 60,
    **training: Scalar,
) -> FitContext:
    """Return a context of a tiny network whose answers and activations were computed before.

    `tells`: how well what the frozen network says tells the classes apart, whatever it is trained on; with 0 training
    helps, with much it cannot. (Then the network is not asked beside the trained one: it would say something else.)
    """
    table = table_of(splits, each=each)
    pictures = tiny_pictures(table.labels, contrast=contrast)
    backbone = tiny_backbone()
    batch = normalise(np.stack([frame(picture, SEEN) for picture in pictures]), SEEN)
    with torch.inference_mode():
        values = backbone.network(batch).numpy()
        entering = split(backbone, CUT).prefix(batch).numpy().astype(np.float16)
    if tells is not None:
        values = separable(table.labels, distance=tells, features=values.shape[1])
    settings = {**LEARNS, **training}
    asked = names or ("partial", "full")
    request = Request(strategies=asked, cut=CUT, framing="squash", augment="none", training=settings)
    context = context_of(table, request=request, values=values)
    resolved = replace(context.resolved, backbone=backbone, make_scratch=tiny_backbone)
    passes = FakePasses(context.division, values, {CUT: entering}, backbone=backbone)
    return replace(context, resolved=resolved, passes=passes, pixels=pictures)


TINY = Choices(SEEN, "none", CHOICES.losses)


def fitted(context: FitContext, name: str) -> FittedRun:
    (strategy,) = (one for one in context.resolved.strategies if one.name == name)
    return fit_network(context, TINY, strategy, checkpoint=None)


def right(found: FittedRun, context: FitContext) -> float:
    division = context.division
    return float((found.probabilities.argmax(axis=1) == division.labels[division.held_out]).mean())


def tensors(found: FittedRun) -> dict[str, NDArray[np.float64]]:
    """Return what a run has learned: weights of convolutions, shifts of the norms behind them, and the head."""
    state = {name: value.double().numpy() for name, value in found.model.engine.network.state_dict().items()}
    assert isinstance(found.model.head, Affine)
    wanted = {name: state[name] for name in state if name.endswith(("0.weight", "1.bias"))}
    return {**wanted, "head": found.model.head.weight, "bias": found.model.head.bias}


@pytest.mark.network
@pytest.mark.parametrize("name", ["partial", "full"])
def test_a_training_that_helps_answers_and_says_what_it_was(name: str) -> None:
    context = tiny_context(tells=0.0, refit=True)
    found = fitted(context, name)
    division, training = context.division, found.training
    assert training is not None
    assert found.solved is None
    assert (found.cut, found.readout, found.head) == (CUT if name == "partial" else "input", "pool", "linear")
    assert (training.choosing, training.kept_solved_head) == ("train", False)
    assert training.pictures == len(division.train), "it went on with those that chose"
    assert (training.mix, found.beside) == (1.0, None)
    assert len(found.epochs) == 8
    assert len(found.epochs_on_all) == 2
    assert found.probabilities.shape == (len(division.held_out), 2)
    assert right(found, context) > 0.8
    assert training.views == (1 if name == "partial" else None)
    assert ("activations" in found.shared) == (name == "partial")
    norms = [part for part in found.model.engine.network.modules() if isinstance(part, nn.BatchNorm2d)]
    assert len(norms) == 2, "the network is the one that it was, not the folded one that was trained"


def test_a_strategy_that_solves_is_not_trained() -> None:
    with pytest.raises(RuntimeError, match="not trained by gradients"):
        fit_network(context_of(), CHOICES, ResolvedStrategy(STRATEGIES["linear"], "pool"), checkpoint=None)


@pytest.mark.network
def test_a_training_that_does_not_help_keeps_the_solved_head_and_says_so() -> None:
    context = tiny_context(tells=9.0, contrast=2, refit=True)
    found = fitted(context, "partial")
    training, rival = found.training, rival_of(context, TINY)
    assert training is not None
    assert training.kept_solved_head
    assert (training.epoch_chosen, training.mix, found.epochs_on_all) == (None, 0.0, ())
    assert training.pictures == len(context.division.train)
    assert [one.code for one in found.warnings] == ["kept-solved-head"]
    assert found.warnings[0].numbers == {"pictures": len(context.division.choosing)}
    assert found.model.head is rival.head
    assert found.parameters.trained == rival.head.numbers


@pytest.mark.network
@pytest.mark.parametrize("row", RIVALS, ids=lambda row: row.name)
def test_the_kept_head_is_that_of_the_strategy_that_solves_it_to_the_bit(
    row: Strategy, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = tiny_context()
    strategy = ResolvedStrategy(row, "pool")
    monkeypatch.setattr(module, "rival_of", lambda *_: Rival(row, solved(context, SEEN, strategy).value))
    monkeypatch.setattr(module, "ending_of", lambda *_: Ending(mix=0.0))
    found = fitted(context, "full")
    own = fit_head(tiny_context(), TINY, strategy)  # in an experiment of its own
    assert isinstance(found.model.head, Affine)
    assert isinstance(own.model.head, Affine)
    np.testing.assert_array_equal(found.model.head.weight, own.model.head.weight)
    np.testing.assert_array_equal(found.model.head.bias, own.model.head.bias)
    assert found.model.head.temperature == own.model.head.temperature
    np.testing.assert_allclose(found.probabilities, own.probabilities, atol=1e-5)  # and on the untrained network
    assert found.model.trust is not None
    assert own.model.trust is not None
    assert found.model.trust.sets == own.model.trust.sets


@pytest.mark.network
@pytest.mark.parametrize("row", RIVALS, ids=lambda row: row.name)
@pytest.mark.parametrize("batch_norm", ["frozen", "update"])
def test_it_starts_from_a_head_like_the_rivals_solved_on_what_learns(
    row: Strategy, batch_norm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = tiny_context(batch_norm=batch_norm)
    strategy, asked = ResolvedStrategy(row, "pool"), list[Any]()
    usual = module.solve_again

    def seen(*given: Any) -> Any:
        asked.append((*given[1:], usual(*given)))
        return asked[-1][-1]

    starts = list[Any]()
    monkeypatch.setattr(module, "rival_of", lambda *_: Rival(row, solved(context, SEEN, strategy).value))
    monkeypatch.setattr(module, "solve_again", seen)
    monkeypatch.setattr(
        module, "Trainee", lambda *parts: starts.append(copied(Trainee(*parts).state_dict())) or Trainee(*parts)
    )
    fitted(context, "partial")
    ((by, views, rows, head),) = asked
    passes, learning = context.passes, context.division.learning
    assert isinstance(passes, FakePasses)
    assert by == row
    assert rows.tolist() == learning.tolist()
    assert len(views) == (2 if batch_norm == "frozen" else 1)
    if batch_norm == "frozen":  # what it says of pictures as they are, and as training shows them: here the same
        np.testing.assert_array_equal(views[0], passes.values[learning])
        np.testing.assert_allclose(views[1], passes.values[learning], atol=0.02)  # of activations in half precision
    np.testing.assert_allclose(starts[0]["head.weight"].numpy() * head.temperature, head.weight, rtol=1e-5)


@pytest.mark.network
def test_where_nobody_can_choose_the_last_epoch_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        raise AssertionError("there is nothing to learn from besides")

    monkeypatch.setattr(module._Fit, "on_all", refuse)
    found = fitted(tiny_context(each=20, refit=True), "partial")
    training = found.training
    assert training is not None
    assert (training.choosing, training.epoch_chosen, training.mix) == ("none", None, 1.0)
    assert not training.kept_solved_head
    assert found.model.head.temperature == 1.0
    assert found.model.trust is not None
    assert found.model.trust.familiar is None


def ended(monkeypatch: pytest.MonkeyPatch, **how: Any) -> None:
    """Let trainings end so."""
    monkeypatch.setattr(module, "ending_of", lambda *_: Ending(**how))


@pytest.mark.network
@pytest.mark.parametrize("refit", [False, True])
@pytest.mark.parametrize("name", ["partial", "full"])
def test_what_was_trained_answers_and_what_was_not_is_as_it_was(
    name: str, refit: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(monkeypatch)
    still: dict[str, Scalar] = {"head_rate": 0.0, "backbone_rate": 0.0}
    runs = [fitted(tiny_context(contrast=20, refit=refit, **rates), name) for rates in (still, {})]
    context = tiny_context()
    pictures = len(context.division.train if refit else context.division.learning)
    assert [run.training.pictures for run in runs if run.training] == [pictures] * 2
    assert [len(run.epochs_on_all) for run in runs] == [2 if refit else 0] * 2  # of eight
    start, end = map(tensors, runs)
    assert np.abs(end["late.0.weight"] - start["late.0.weight"]).max() > 0.01
    for key in ("early.0.weight", "late.0.weight", "early.1.bias", "late.1.bias", "head", "bias"):
        if name == "full" or not key.startswith("early"):
            assert np.abs(end[key] - start[key]).max() > 0, key
        else:
            np.testing.assert_array_equal(end[key], start[key])
    batch = torch.from_numpy(np.random.default_rng(0).normal(size=(4, 3, 8, 8)).astype(np.float32))
    with torch.inference_mode():
        np.testing.assert_allclose(runs[0].model.engine.network(batch), tiny_backbone().network(batch), atol=1e-5)


@pytest.mark.network
@pytest.mark.parametrize("name", ["partial", "full", "scratch"])
def test_it_goes_on_from_where_it_ended(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ended(monkeypatch)
    once = tensors(fitted(tiny_context(name, contrast=20), name))
    monkeypatch.setattr(
        module, "going_on", lambda settings: changed(settings, epochs=1, head_rate=0.0, backbone_rate=0.0)
    )
    on_all = fitted(tiny_context(name, contrast=20, refit=True), name)
    assert len(on_all.epochs_on_all) == 1
    for key, value in tensors(on_all).items():
        np.testing.assert_allclose(value, once[key], rtol=1e-4, atol=1e-5, err_msg=key)


@pytest.mark.network
@pytest.mark.parametrize("name", ["partial", "full"])
@pytest.mark.parametrize("row", RIVALS, ids=lambda row: row.name)
def test_beside_the_trained_network_answers_the_solved_head_on_the_frozen_one(
    row: Strategy, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(mix: float) -> FittedRun:
        context, strategy = tiny_context(contrast=8), ResolvedStrategy(row, "pool")
        unsure = np.zeros((len(context.division.choosing), len(context.division.classes)))
        ended(monkeypatch, mix=mix, own=2.0, temperature=1.5, unseen=unsure)
        monkeypatch.setattr(module, "rival_of", lambda *_: Rival(row, solved(context, SEEN, strategy).value))
        return fitted(context, name)

    alone, both = run(1.0), run(0.25)
    own = fit_head(tiny_context(contrast=8), TINY, ResolvedStrategy(row, "pool"))
    said = 0.25 * 1.5 / 2.0 * np.log(alone.probabilities) + 0.75 * np.log(own.probabilities)
    np.testing.assert_allclose(both.probabilities, softmax(said / 1.5), atol=1e-4)
    assert both.model.trust is not None
    found = {level for level in both.model.trust.sets.thresholds.values() if level is not None}
    assert found == {1 / len(both.model.classes)}, "set with what neither had seen"
    assert both.beside == (CUT if name == "partial" else "input")
    assert alone.beside is None
    assert both.training is not None
    assert (both.training.mix, both.training.kept_solved_head) == (0.25, False)
    assert both.parameters.total > alone.parameters.total
    assert both.flops > alone.flops


@pytest.mark.network
def test_random_weights_are_held_against_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("there is no head to start from")

    for name in ("rival_of", "solve_again"):
        monkeypatch.setattr(module, name, refuse)
    found = fitted(tiny_context("scratch", together=True), "scratch")
    assert found.training is not None
    assert (found.training.mix, found.training.kept_solved_head) == (None, False)
    assert found.training.epoch_chosen is not None


@pytest.mark.network
@pytest.mark.parametrize(
    ("splits", "most", "choosing", "again"),
    [
        ("train test", 2 * EACH, "train", True),
        ("train test", 2 * EACH - 1, "train", False),  # of so many those that chose would add little
        ("train val test", 2 * EACH, "val", False),  # they are not of train
    ],
)
def test_it_is_trained_again_where_those_that_chose_add_much(
    splits: str, most: int, choosing: str, again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headstart.strategies.division.REFIT_MOST", most)
    context = tiny_context(splits=splits, tells=0.0, refit=True)
    found = fitted(context, "partial")
    assert found.training is not None
    assert (found.training.choosing, found.training.kept_solved_head) == (choosing, False)
    assert bool(found.epochs_on_all) == again
    assert found.training.pictures == len(context.division.train if again else context.division.learning)


@pytest.mark.network
def test_the_same_seed_trains_the_same_to_the_bit() -> None:
    one, other = (fitted(tiny_context(tells=0.0), "partial") for _ in range(2))
    np.testing.assert_array_equal(one.probabilities, other.probabilities)


@pytest.mark.network
@pytest.mark.parametrize("tells", [0.0, 9.0])
def test_which_answers_does_not_hang_on_what_measures(tells: float) -> None:
    runs = []
    for wild in (False, True):
        context = tiny_context(tells=tells, contrast=60 if tells == 0 else 2)
        if wild:
            measured, passes = context.division.held_out, context.passes
            assert isinstance(passes, FakePasses)
            passes.values[measured] = 1e3
            context.pixels[measured] = 0  # type: ignore[index]
        runs.append(fitted(context, "full"))
    kept = [run.training.kept_solved_head for run in runs if run.training]
    assert kept == [tells == 9.0] * 2
    one, other = map(tensors, runs)
    for key, value in one.items():
        np.testing.assert_array_equal(value, other[key], err_msg=key)
