"""Strategies that train the network, or the last part of it, by gradients: scratch, partial, full.

All three are one call of the one training loop. They differ in where the trained part starts, in what it
starts from, and in whether the pictures come live or as stored activations of the frozen part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from headstart import heads
from headstart.backbones import Backbone, tensors_hash
from headstart.base.types import Affine, Floats
from headstart.bundle import Model, Trust
from headstart.experiment.framing_choice import clearly_better, losses_of
from headstart.experiment.ground import Choices, Ground, Look
from headstart.pixels import frame
from headstart.strategies.fit_head import readouts_tried
from headstart.strategies.fitted import FittedRun
from headstart.strategies.settings import training_settings, with_rates
from headstart.strategies.strategy import Strategy
from headstart.strategies.training_input import TrainingInput, training_input_of, untrained
from headstart.strategies.trust import examples_of, trust_of_head, trust_of_network
from headstart.tune import (
    ActivationSource,
    PixelSource,
    Trained,
    Trainee,
    TrainingSettings,
    features_in_training,
    linear_head,
    pool_bn_head,
    to_affine,
    train,
)
from headstart.tune.choosing import judge

Floats32 = NDArray[np.float32]

_KEPT = (
    "training did not beat the head solved on the frozen network ({pictures} pictures that were held back judged), "
    "so that head is kept, solved again on all of train."
)


@dataclass(frozen=True, eq=False)
class _Better:
    """A head on the frozen network that no epoch has beaten, solved on all of train."""

    head: Affine
    frozen: Backbone
    trust: Trust


@dataclass(frozen=True, eq=False)
class _Learned:
    """What a strategy ends with: network and head, the epoch they are from, how many pictures taught them."""

    network: torch.nn.Module
    head: Affine
    epoch: int | None
    pictures: int
    fitted: int  # parameters
    read: tuple[str, ...] = ()
    trust: Trust | None = None
    epochs_on_all: Sequence[Mapping[str, Any]] = ()
    warnings: tuple[str, ...] = ()


def fit_network(ground: Ground, choices: Choices, strategy: Strategy, *, checkpoint: Path | None) -> FittedRun:
    """Train `strategy` and return it with the answers for the held-out pictures."""
    settings = training_settings(ground.request, strategy.name)
    inputs = training_input_of(ground, choices, strategy, settings)
    head, error = _head(ground, inputs, settings, strategy)
    if error is not None:
        settings = with_rates(settings, error, given=ground.request.training)
    trainee = Trainee(inputs.suffix, head)
    trained = _train(ground, inputs, trainee, settings, strategy, checkpoint=checkpoint)
    kept = _better_head(ground, choices, inputs, settings, trained) if error is not None else None
    if kept is not None:
        learned = _Learned(
            kept.frozen.network,
            kept.head,
            0,
            len(ground.train),
            kept.head.numbers,
            read=kept.frozen.read,
            trust=kept.trust,
            warnings=(_KEPT.format(pictures=len(inputs.choosing)),),
        )
    else:
        learned = _learned(inputs, trainee, trained.temperature, trained.chosen_epoch)
        if trained.chosen_epoch is not None and ground.refits(strategy.name):
            learned = _on_all(ground, inputs, strategy, settings, learned, checkpoint=checkpoint)
    model = _model(ground, inputs, learned)
    said = _features(ground, model, ground.held_out, f"{strategy.name}: answers")
    model = model.told(trust=learned.trust or _trust(ground, inputs, model, strategy.name))
    answers = model.answers_of(said)
    return FittedRun(
        model=model,
        probabilities=answers.probabilities,
        distances=answers.distances,
        cut=inputs.cut,
        flops=inputs.backbone.flops + learned.head.flops(),
        total=inputs.backbone.parameters + learned.head.numbers,
        trained=learned.fitted,
        settings={
            **settings.to_dict(),
            **_facts(ground, choices, inputs),
            "readout": "stages" if learned.read else "pool",
            "epoch_chosen": learned.epoch,
            "pictures_trained_on": learned.pictures,
        },
        read=learned.read,
        shared=inputs.shared,
        chosen_on_val=inputs.chosen_in == "val",
        epochs=trained.epochs,
        epochs_on_all=learned.epochs_on_all,
        right_by_epoch=trained.answers,
        warnings=(*trained.warnings, *learned.warnings),
    )


def _on_all(
    ground: Ground,
    inputs: TrainingInput,
    strategy: Strategy,
    settings: TrainingSettings,
    judged: _Learned,
    *,
    checkpoint: Path | None,
) -> _Learned:
    """Train once more, now also on the pictures that chose, to the epoch that they chose.

    Their work is done then, and a head would learn from them too; the temperature that they fitted is kept, and so are
    the thresholds: only the examples are seen anew.
    """
    trust = _trust(ground, inputs, _model(ground, inputs, judged), strategy.name)
    everything = inputs.on_all(untrained(ground, strategy))
    trainee = Trainee(everything.suffix, _head(ground, everything, settings, strategy)[0])
    again = _train(
        ground,
        everything,
        trainee,
        settings,
        strategy,
        " on all of train",
        checkpoint=None if checkpoint is None else checkpoint / "all",
        stop_after=judged.epoch,
    )
    learned = _learned(everything, trainee, judged.head.temperature, judged.epoch)
    examples = examples_of(ground, everything.learning)
    said = _features(ground, _model(ground, everything, learned), examples, f"{strategy.name}: how sure")
    return replace(learned, trust=trust.on(said), epochs_on_all=again.epochs, warnings=again.warnings)


def _learned(inputs: TrainingInput, trainee: Trainee, temperature: float, epoch: int | None) -> _Learned:
    """Return what now is in `trainee`, whose suffix is part of the inputs's backbone."""
    head = replace(to_affine(trainee.head), temperature=temperature)
    fitted = sum(value.numel() for value in trainee.parameters())
    return _Learned(inputs.backbone.network, head, epoch, len(inputs.learning), fitted)


def _train(
    ground: Ground,
    inputs: TrainingInput,
    trainee: Trainee,
    settings: TrainingSettings,
    strategy: Strategy,
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
        seed=ground.request.seed,
        run=strategy.name + part,
        draws=strategy.kind + part,  # the same at every cut: depths differ in nothing else
        checkpoint=checkpoint,
        progress=ground.progress,
        device=ground.device,
        guard=False,  # judged against the head on the frozen network instead
        stop_after=stop_after,
    )
    if tensors_hash(inputs.prefix) != frozen:
        raise RuntimeError(f"the frozen part of '{strategy.name}' changed while training")
    return trained


def _facts(ground: Ground, choices: Choices, inputs: TrainingInput) -> dict[str, Any]:
    """Return what results.json tells beside the training's own settings."""
    return {
        "head": ground.request.head,
        "augment": choices.augment,
        "views": len(inputs.source.views) if isinstance(inputs.source, ActivationSource) else None,
        "sides": list(inputs.source.sides) if isinstance(inputs.source, PixelSource) else [],
        "epoch_chosen_on": inputs.chosen_in,
    }


def _model(ground: Ground, inputs: TrainingInput, learned: _Learned) -> Model:
    return Model(
        network=learned.network.to(ground.device).eval(),
        head=learned.head,
        preprocessing=inputs.preprocessing,
        classes=ground.classes,
        device=ground.device,
        trust=learned.trust,
    )


def _features(ground: Ground, model: Model, rows: NDArray[np.int64], name: str) -> Floats32:
    """Return what a trained network says of some pictures, (rows, d), as the bundle's will."""
    with ground.progress.step(name, len(rows)) as step:

        def squares() -> Iterator[NDArray[np.uint8]]:
            for row in rows:
                yield frame(ground.pictures[int(row)], model.preprocessing)
                step.advance()

        return model.features_of_squares(squares())


def _trust(ground: Ground, inputs: TrainingInput, model: Model, name: str) -> Trust:
    """Return what is known of a trained network, from the pictures that were held out to choose its epoch."""

    def features_of(rows: NDArray[np.int64]) -> Floats32:
        return _features(ground, model, rows, f"{name}: how sure")

    return trust_of_network(ground, inputs.learning, inputs.choosing, model.head, features_of)


def _head(
    ground: Ground, inputs: TrainingInput, settings: TrainingSettings, strategy: Strategy
) -> tuple[torch.nn.Module, float | None]:
    """Return the head to train, and how often it errs on training pictures it was solved without.

    Below pre-trained weights it is solved on what the training will show it; below random ones it is random.
    """
    width, classes, seed = inputs.backbone.features, len(ground.classes), ground.request.seed
    pooled_norm = ground.request.head == "pool-bn"
    if strategy.weights == "random":
        return (pool_bn_head if pooled_norm else linear_head)(width, classes, seed=seed), None
    features = features_in_training(
        inputs.suffix,
        inputs.source,
        inputs.train_rows,
        settings=settings,
        seed=seed,
        run=strategy.name,
        draws=strategy.kind,
        device=ground.device,
        progress=ground.progress,
    )
    start, unseen = _logistic(ground, features, inputs.learning)
    error = float((unseen.argmax(axis=1) != ground.table.labels[inputs.learning]).mean())
    if pooled_norm:
        return pool_bn_head(width, classes, start=start, like=features, seed=seed), error
    return linear_head(width, classes, start=start, seed=seed), error


def _better_head(
    ground: Ground, choices: Choices, inputs: TrainingInput, settings: TrainingSettings, trained: Trained
) -> _Better | None:
    """Return a head on the frozen network, and that network, if no epoch beat one on its last features.

    That one, solved without the choosing rows, is judged on them. What is kept instead reads the network as
    `linear` would, so that it does not answer worse than that.
    """
    if trained.chosen_epoch is None:
        return None

    def said(rows: NDArray[np.int64], readout: str = "pool") -> Floats32:
        return ground.features(rows, choices.preprocessing, Look("features", "features"), readout=readout)

    labels, learning = ground.table.labels, np.isin(ground.train, inputs.learning)
    start, _ = _logistic(ground, said(ground.train)[learning], inputs.learning)
    asked = said(ground.train)[~learning] if inputs.chosen_in == "train" else said(inputs.choosing)
    judged = judge(start.scores(asked), labels[inputs.choosing], settings.choose)
    if trained.chosen_rank < judged.rank:
        return None
    # The hold-out has done its work: solved on all of train.
    solved = {
        readout: _logistic(ground, said(ground.train, readout), ground.train, ground.network(readout).blocks)
        for readout in readouts_tried(ground)
    }
    best = clearly_better({name: losses_of(unseen, labels[ground.train]) for name, (_, unseen) in solved.items()})
    head, unseen = solved[best]
    return _Better(
        head, ground.network(best), trust_of_head(ground, said(ground.train, best), unseen, head.temperature)
    )


def _logistic(
    ground: Ground, features: Floats32, rows: NDArray[np.int64], blocks: Sequence[int] = ()
) -> tuple[Affine, Floats]:
    """Return logistic regression on the features of some training rows, and its scores of each without its fold."""
    labels = ground.table.labels[rows]
    fitted = heads.HEADS["logistic"].fit(
        features,
        labels,
        len(ground.classes),
        folds=ground.folds[np.searchsorted(ground.train, rows)],  # train is in ascending order, rows need not be
        seed=ground.request.seed,
        blocks=blocks,
    )
    if not isinstance(fitted.head, Affine) or fitted.out_of_fold is None:
        raise RuntimeError("logistic regression gave no affine head")
    return fitted.head, fitted.out_of_fold
