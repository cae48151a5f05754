"""Strategies that train the network, or the last part of it, by gradients.

All are one call of the one training loop. They differ in where the trained part starts, in what it starts from, and in
whether the pictures come live or as stored activations of the frozen part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from headstart import heads
from headstart.backbones import Backbone, tensors_hash
from headstart.backbones.engine import TorchEngine
from headstart.base.types import Affine, Floats
from headstart.bundle import Model, Trust
from headstart.evidence.choosing import clearly_better, losses_of
from headstart.heads.share_done import PARTS, heard_by
from headstart.pixels import frame
from headstart.records.findings import Finding
from headstart.records.run import Parameters, Readout, TrainingRecord
from headstart.records.training import Epoch, TrainingSettings
from headstart.strategies.answer_limits import examples_of, trust_of_head, trust_of_network
from headstart.strategies.context import FitContext
from headstart.strategies.division import Part, Rows
from headstart.strategies.fitted import FittedRun
from headstart.strategies.rates import with_rates
from headstart.strategies.resolved import Choices, ResolvedStrategy
from headstart.strategies.room import make_room, size_of
from headstart.strategies.strategy import REFERENCE
from headstart.strategies.training_input import TrainingInput, training_input_of
from headstart.tune import (
    Trained,
    Trainee,
    features_in_training,
    linear_head,
    pool_bn_head,
    to_affine,
    train,
)
from headstart.tune.choosing import judge
from headstart.words import findings

if TYPE_CHECKING:
    from torch import nn

Floats32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Better:
    """A head on the frozen network that no epoch has beaten, solved on all of train."""

    head: Affine
    frozen: Backbone
    trust: Trust


@dataclass(frozen=True, eq=False)
class _Learned:
    """What a strategy ends with: network and head, the epoch they are from, how many pictures taught them."""

    network: nn.Module
    head: Affine
    epoch: int | None
    pictures: int
    fitted: int  # parameters
    kept_solved_head: bool = False
    read: tuple[str, ...] = ()
    trust: Trust | None = None
    epochs_on_all: tuple[Epoch, ...] = ()
    warnings: tuple[Finding, ...] = ()

    @property
    def readout(self) -> Readout:
        """What the head reads."""
        return "stages" if self.read else "pool"


def fit_network(
    context: FitContext, choices: Choices, strategy: ResolvedStrategy, *, checkpoint: Path | None
) -> FittedRun:
    """Train `strategy` and return it with the answers for the held-out pictures."""
    if strategy.training is None:
        raise RuntimeError(f"'{strategy.name}' is not trained by gradients")
    settings = strategy.training
    inputs = training_input_of(context, choices, strategy, settings)
    head, error = _head(context, inputs, settings, strategy)
    if error is not None:
        settings = with_rates(settings, error, given=context.resolved.given)
    trainee = Trainee(inputs.suffix, head)
    trained = _train(context, inputs, trainee, settings, strategy, checkpoint=checkpoint)
    kept = _better_head(context, choices, inputs, settings, trained) if error is not None else None
    if kept is not None:
        learned = _kept(context, inputs, kept)
    else:
        learned = _learned(inputs, trainee, trained.temperature, trained.chosen_epoch)
        if trained.chosen_epoch is not None and settings.refit and inputs.choosing_in == "train":
            learned = _on_all(context, inputs, strategy, settings, learned, checkpoint=checkpoint)
    return _fitted(context, choices, strategy, settings, inputs, trained, learned)


def _fitted(
    context: FitContext,
    choices: Choices,
    strategy: ResolvedStrategy,
    settings: TrainingSettings,
    inputs: TrainingInput,
    trained: Trained,
    learned: _Learned,
) -> FittedRun:
    """Return the fitted run with its answers and what it knows of its limits."""
    model = _model(context, inputs, learned)
    said = _features(context, model, context.division.held_out, f"{strategy.name}: answers")
    model = model.told(trust=learned.trust or _trust(context, inputs, model, strategy.name))
    answers = model.answers_of(said)
    chosen_on_val = inputs.choosing_in == "val"
    record = TrainingRecord(
        settings=settings,
        augment=choices.augment,
        choosing=inputs.choosing_in,
        epoch_chosen=learned.epoch,
        kept_solved_head=learned.kept_solved_head,
        pictures=learned.pictures,
        views=inputs.source.stored_views,
        sides=inputs.source.sides,
        chosen_among=trained.answers if chosen_on_val else (),
    )
    return FittedRun(
        model=model,
        probabilities=answers.probabilities,
        distances=answers.distances,
        cut=inputs.cut,
        head=context.resolved.trained_head,
        readout=learned.readout,
        flops=inputs.backbone.flops + learned.head.flops(),
        parameters=Parameters(total=inputs.backbone.parameters + learned.head.numbers, trained=learned.fitted),
        training=record,
        read=learned.read,
        shared=inputs.shared,
        chosen_on_val=chosen_on_val,
        epochs=tuple(trained.epochs),
        epochs_on_all=learned.epochs_on_all,
        warnings=(*trained.warnings, *learned.warnings),
    )


def _kept(context: FitContext, inputs: TrainingInput, kept: _Better) -> _Learned:
    """Return the solved head that no epoch has beaten as what the strategy ends with."""
    return _Learned(
        kept.frozen.network,
        kept.head,
        None,
        len(context.division.train),
        kept.head.numbers,
        kept_solved_head=True,
        read=kept.frozen.read,
        trust=kept.trust,
        warnings=(findings.kept_solved_head(len(inputs.choosing)),),
    )


def _on_all(
    context: FitContext,
    inputs: TrainingInput,
    strategy: ResolvedStrategy,
    settings: TrainingSettings,
    judged: _Learned,
    *,
    checkpoint: Path | None,
) -> _Learned:
    """Train once more, now also on the pictures that chose, to the epoch that they chose.

    Their work is done then, and a head would learn from them too; the temperature that they fitted is kept, and so are
    the thresholds: only the examples are seen anew.
    """
    trust = _trust(context, inputs, _model(context, inputs, judged), strategy.name)
    everything = inputs.on_all(context.resolved.untrained(strategy))
    trainee = Trainee(everything.suffix, _head(context, everything, settings, strategy)[0])
    again = _train(
        context,
        everything,
        trainee,
        settings,
        strategy,
        " on all of train",
        checkpoint=None if checkpoint is None else checkpoint / "all",
        stop_after=judged.epoch,
    )
    learned = _learned(everything, trainee, judged.head.temperature, judged.epoch)
    examples = examples_of(context.division, everything.learning)
    said = _features(context, _model(context, everything, learned), examples, f"{strategy.name}: calibration")
    return replace(learned, trust=trust.on(said), epochs_on_all=tuple(again.epochs), warnings=again.warnings)


def _learned(inputs: TrainingInput, trainee: Trainee, temperature: float, epoch: int | None) -> _Learned:
    """Return what now is in `trainee`, whose suffix is part of the input's backbone."""
    head = replace(to_affine(trainee.head), temperature=temperature)
    fitted = sum(value.numel() for value in trainee.parameters())
    return _Learned(inputs.backbone.network, head, epoch, len(inputs.learning), fitted)


def _train(
    context: FitContext,
    inputs: TrainingInput,
    trainee: Trainee,
    settings: TrainingSettings,
    strategy: ResolvedStrategy,
    part: str = "",
    *,
    checkpoint: Path | None,
    stop_after: int | None = None,
) -> Trained:
    """Train, and prove that the frozen part stayed frozen; `part` says which of several trainings it is."""
    frozen = tensors_hash(inputs.prefix)
    trained = train(
        trainee,
        inputs.source,
        train_rows=inputs.train_rows,
        hold_out_rows=inputs.choosing_rows,
        settings=settings,
        seed=context.division.seed,
        run=strategy.name + part,
        draws=strategy.kind + part,  # the same at every cut: depths differ in nothing else
        checkpoint=checkpoint,
        progress=context.progress,
        device=context.resolved.device,
        guard=False,  # judged against the head on the frozen network instead
        stop_after=stop_after,
    )
    if tensors_hash(inputs.prefix) != frozen:
        raise RuntimeError(f"the frozen part of '{strategy.name}' changed while training")
    return trained


def _model(context: FitContext, inputs: TrainingInput, learned: _Learned) -> Model:
    network = learned.network.to(context.resolved.device).eval()
    return Model(
        engine=TorchEngine(network, inputs.preprocessing.input_size),
        head=learned.head,
        preprocessing=inputs.preprocessing,
        classes=context.division.classes,
        device=context.resolved.device,
        trust=learned.trust,
    )


def _features(context: FitContext, model: Model, rows: Rows, name: str) -> Floats32:
    """Return what a trained network says of some pictures, (rows, d), as the bundle's will."""
    with context.progress.step(name, len(rows)) as step:

        def squares() -> Iterator[NDArray[np.uint8]]:
            for row in rows:
                yield frame(context.pixels[int(row)], model.preprocessing)
                step.advance()

        return model.features_of_squares(squares())


def _trust(context: FitContext, inputs: TrainingInput, model: Model, name: str) -> Trust:
    """Return what is known of a trained network, from the pictures that were held out to choose its epoch."""

    def features_of(rows: Rows) -> Floats32:
        return _features(context, model, rows, f"{name}: calibration")

    return trust_of_network(context.division, inputs.learning, inputs.choosing, model.head, features_of)


def _head(
    context: FitContext, inputs: TrainingInput, settings: TrainingSettings, strategy: ResolvedStrategy
) -> tuple[nn.Module, float | None]:
    """Return the head to train, and how often it errs on training pictures it was solved without.

    Below pre-trained weights it is solved on what the training will show it; below random ones it is random.
    """
    division = context.division
    width, classes, seed = inputs.backbone.features, len(division.classes), division.seed
    pooled_norm = context.resolved.trained_head == "pool-bn"
    if strategy.row.weights == "random":
        return (pool_bn_head if pooled_norm else linear_head)(width, classes, seed=seed), None
    features = features_in_training(
        inputs.suffix,
        inputs.source,
        inputs.train_rows,
        settings=settings,
        seed=seed,
        run=strategy.name,
        draws=strategy.kind,
        device=context.resolved.device,
        progress=context.progress,
    )
    start, unseen = _solved(context, features, inputs.learning)
    error = float((unseen.argmax(axis=1) != division.labels[inputs.learning]).mean())
    if pooled_norm:
        return pool_bn_head(width, classes, start=start, like=features, seed=seed), error
    return linear_head(width, classes, start=start, seed=seed), error


def _better_head(
    context: FitContext, choices: Choices, inputs: TrainingInput, settings: TrainingSettings, trained: Trained
) -> _Better | None:
    """Return a head on the frozen network, and that network, if no epoch beat one on its last features.

    That one, solved without the choosing rows, is judged on them. What is kept instead reads the network as the
    reference strategy would, so that it does not answer worse than that.
    """
    if trained.chosen_epoch is None:
        return None
    division, passes = context.division, context.passes

    def said(part: Part, readout: Readout = "pool") -> Floats32:
        return passes.features(part, choices.preprocessing, readout=readout)

    labels, learning = division.labels, np.isin(division.train, inputs.learning)
    start, _ = _solved(context, said("train")[learning], inputs.learning)
    asked = said("train")[~learning] if inputs.choosing_in == "train" else said("choosing")
    judged = judge(start.scores(asked), labels[inputs.choosing], settings.choose)
    if trained.chosen_rank < judged.rank:
        return None
    # The hold-out has done its work: solved on all of train.
    solved = {
        readout: _solved(context, said("train", readout), division.train, passes.network(readout).blocks)
        for readout in context.resolved.readouts
    }
    best = clearly_better({name: losses_of(unseen, labels[division.train]) for name, (_, unseen) in solved.items()})
    head, unseen = solved[best]
    trust = trust_of_head(division, said("train", best), unseen, head.temperature)
    return _Better(head, passes.network(best), trust)


def _solved(context: FitContext, features: Floats32, rows: Rows, blocks: Sequence[int] = ()) -> tuple[Affine, Floats]:
    """Return the reference head on the features of some training rows, and its scores of each without its fold."""
    division, name = context.division, "the head beside training"
    make_room(name, REFERENCE.head, size_of(context, rows, features.shape[1]), context.progress)
    with context.progress.step(f"{name}: solved", PARTS, "steps") as step, heard_by(step):
        fitted = heads.HEADS[REFERENCE.head].fit(
            features,
            division.labels[rows],
            len(division.classes),
            folds=division.folds_of(rows),  # train is in ascending order, rows need not be
            seed=division.seed,
            blocks=blocks,
        )
    if not isinstance(fitted.head, Affine) or fitted.out_of_fold is None:
        raise RuntimeError("the reference head is not affine")
    return fitted.head, fitted.out_of_fold
