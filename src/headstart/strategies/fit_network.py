"""Strategies that train the network, or the last part of it, by gradients: scratch, partial, full.

All three are one call of the one training loop. They differ in where the trained part starts, in what it
starts from, and in whether the pictures come live or as stored activations of the frozen part.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from headstart import heads
from headstart.backbones import Backbone, split, tensors_hash
from headstart.base.types import Affine, Floats, Preprocessing
from headstart.bundle import Model
from headstart.features import PLAIN, View
from headstart.pixels import frame
from headstart.strategies.fit_head import numbers_in
from headstart.strategies.fitted import FittedRun
from headstart.strategies.ground import Choices, Ground, load_scratch
from headstart.strategies.settings import check_cut, training_settings, with_rates
from headstart.strategies.strategy import Strategy
from headstart.tune import (
    ActivationSource,
    PixelSource,
    PrefixSource,
    Source,
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

ACTIVATION_LIMIT = 20e9  # bytes of stored activations; beyond it the frozen part runs in each epoch

_KEPT = (
    "no epoch of {strategy} was better on the {pictures} pictures that choose than the head solved on the frozen "
    "network, so that head is kept, solved on all of train."
)


@dataclass(frozen=True, eq=False)
class Lesson:
    """What one training needs: the network it works on, the part it trains, and its pictures.

    Rows of `source` are first the pictures to learn from, then those that choose the epoch.
    """

    backbone: Backbone
    preprocessing: Preprocessing
    cut: str
    prefix: torch.nn.Module
    suffix: torch.nn.Module
    source: Source
    learning: NDArray[np.int64]
    choosing: NDArray[np.int64]
    chosen_in: str
    shared: tuple[str, ...]

    @property
    def train_rows(self) -> NDArray[np.int64]:
        """Rows of `source` to learn from."""
        return np.arange(len(self.learning))

    @property
    def choosing_rows(self) -> NDArray[np.int64]:
        """Rows of `source` that choose the epoch."""
        return np.arange(len(self.learning), len(self.learning) + len(self.choosing))


def fit_network(ground: Ground, choices: Choices, strategy: Strategy, *, checkpoint: Path | None) -> FittedRun:
    """Train `strategy` and return it with the answers for the held-out pictures."""
    settings, lesson = training_settings(ground.request, strategy.name), _lesson(ground, choices, strategy)
    frozen = tensors_hash(lesson.prefix)
    head_module, error = _head(ground, lesson, settings, strategy)
    if error is not None:
        settings = with_rates(settings, error, given=ground.request.training)
    trainee = Trainee(lesson.suffix, head_module)
    trained = train(
        trainee,
        lesson.source,
        train_rows=lesson.train_rows,
        hold_out_rows=lesson.choosing_rows,
        settings=settings,
        seed=ground.request.seed,
        run=strategy.name,
        checkpoint=checkpoint,
        progress=ground.progress,
        device=ground.device,
        guard=False,  # judged against the head on the frozen network instead, below
    )
    if tensors_hash(lesson.prefix) != frozen:
        raise RuntimeError(f"the frozen part of '{strategy.name}' changed while training")
    network, epoch, warnings = lesson.backbone.network, trained.chosen_epoch, trained.warnings
    head = replace(to_affine(trainee.head), temperature=trained.temperature)
    learned, fitted = len(lesson.learning), sum(value.numel() for value in trainee.parameters())
    kept = _better_head(ground, choices, lesson, settings, trained) if error is not None else None
    if kept is not None:
        network, head, epoch = ground.need_backbone().network, kept, 0
        learned, fitted = len(ground.train), numbers_in(kept)
        warnings = (*warnings, _KEPT.format(strategy=strategy.name, pictures=len(lesson.choosing)))
    model = _model(ground, lesson, network, head)
    return FittedRun(
        model=model,
        probabilities=_answers(ground, model, strategy.name),
        cut=lesson.cut,
        flops=lesson.backbone.flops + head.flops(),
        total=lesson.backbone.parameters + numbers_in(head),
        trained=fitted,
        settings={
            **settings.to_dict(),
            **_facts(ground, choices, lesson),
            "epoch_chosen": epoch,
            "pictures_trained_on": learned,
        },
        shared=lesson.shared,
        chosen_on_val=lesson.chosen_in == "val",
        epochs=trained.epochs,
        warnings=warnings,
    )


def _facts(ground: Ground, choices: Choices, lesson: Lesson) -> dict[str, Any]:
    """Return what results.json tells beside the training's own settings."""
    return {
        "head": ground.request.head,
        "augment": choices.augment,
        "views": len(lesson.source.views) if isinstance(lesson.source, ActivationSource) else None,
        "epoch_chosen_on": lesson.chosen_in,
    }


def _model(ground: Ground, lesson: Lesson, network: torch.nn.Module, head: Affine) -> Model:
    return Model(
        network=network.to(ground.device).eval(),
        head=head,
        preprocessing=lesson.preprocessing,
        classes=ground.classes,
        device=ground.device,
    )


def _answers(ground: Ground, model: Model, name: str) -> Floats:
    """Return probabilities of the held-out pictures, as the bundle will give them."""
    with ground.progress.step(f"{name}: answers", len(ground.held_out)) as step:

        def squares() -> Iterator[NDArray[np.uint8]]:
            for row in ground.held_out:
                yield frame(ground.pictures[int(row)], model.preprocessing)
                step.advance()

        return model.probabilities_of_squares(squares())


def _lesson(ground: Ground, choices: Choices, strategy: Strategy) -> Lesson:
    """Gather what training `strategy` needs."""
    if strategy.weights == "random":
        return _lesson_from_scratch(ground, choices)
    backbone = copy.deepcopy(ground.need_backbone())
    cut = "input" if strategy.trained == "all" else check_cut(ground.request, backbone)
    halves = split(backbone, cut)
    choosing, chosen_in = ground.choosing_rows()
    learning = ground.train[~np.isin(ground.train, choosing)]
    shared: tuple[str, ...] = ("decode", "framing", "augment", "features")
    if cut == "input":
        source: Source = PixelSource(*_pixels(ground, choices, learning, choosing, choices.preprocessing))
    elif activation_bytes(ground, backbone, cut) > ACTIVATION_LIMIT:
        ground.progress.message(
            f"{strategy.name}: activations at '{cut}' would take more than {ACTIVATION_LIMIT / 1e9:.0f} GB on disk, "
            "so the frozen part runs again in each epoch."
        )
        source = PrefixSource(halves.prefix, *_pixels(ground, choices, learning, choosing, choices.preprocessing))
    else:
        source, shared = _stored(ground, choices, cut, learning, choosing), (*shared, "activations")
    return Lesson(
        backbone,
        choices.preprocessing,
        cut,
        halves.prefix,
        halves.suffix,
        source,
        learning,
        choosing,
        chosen_in,
        shared,
    )


def _lesson_from_scratch(ground: Ground, choices: Choices) -> Lesson:
    backbone = load_scratch(ground.request)
    preprocessing = replace(
        backbone.preprocessing,
        framing=choices.preprocessing.framing,
        stored_side=choices.preprocessing.decode_side,
    )
    choosing, chosen_in = ground.choosing_rows()
    learning = ground.train[~np.isin(ground.train, choosing)]
    halves = split(backbone, "input")
    return Lesson(
        backbone,
        preprocessing,
        "input",
        halves.prefix,
        halves.suffix,
        PixelSource(*_pixels(ground, choices, learning, choosing, preprocessing)),
        learning,
        choosing,
        chosen_in,
        ("decode", "framing", "augment"),
    )


def _pixels(
    ground: Ground,
    choices: Choices,
    learning: NDArray[np.int64],
    choosing: NDArray[np.int64],
    preprocessing: Preprocessing,
) -> tuple[Any, ...]:
    """Return the arguments of a source of pixels, framed and augmented anew in each epoch."""
    rows = np.concatenate([learning, choosing])
    return ground.pictures, rows, ground.table.labels[rows], preprocessing, choices.augment, ground.request.seed


def activation_bytes(ground: Ground, backbone: Backbone, cut: str) -> int:
    """Return what the views and the plain activations at `cut` would take on disk, as float16."""
    shape = next(stage.shape for stage in backbone.stages if stage.name == cut)
    return 2 * int(np.prod(shape)) * (ground.request.views + 1) * len(ground.table)


def _stored(
    ground: Ground, choices: Choices, cut: str, learning: NDArray[np.int64], choosing: NDArray[np.int64]
) -> Source:
    """Return what enters the trained part, computed once: epoch e uses augmented view e mod V."""
    views = [
        _activations(ground, choices, cut, learning, View(choices.augment, number, ground.request.seed))
        for number in range(ground.request.views if choices.augment != "none" else 1)
    ]
    rows = np.concatenate([learning, choosing])
    plain = _activations(ground, choices, cut, rows, PLAIN)
    return ActivationSource(views, plain, ground.table.labels[rows])


def _activations(
    ground: Ground, choices: Choices, cut: str, rows: NDArray[np.int64], view: View
) -> NDArray[np.float16]:
    name = "activations" if view == PLAIN else f"activations, view {view.number + 1} of {ground.request.views}"
    seen = ground.see(rows, choices.preprocessing, step="activations", name=name, view=view, cut=cut)
    return seen["activations"]


def _head(
    ground: Ground, lesson: Lesson, settings: TrainingSettings, strategy: Strategy
) -> tuple[torch.nn.Module, float | None]:
    """Return the head to train, and how often it errs on training pictures it was solved without.

    Below pre-trained weights it is solved on what the training will show it; below random ones it is random.
    """
    width, classes, seed = lesson.backbone.features, len(ground.classes), ground.request.seed
    pooled_norm = ground.request.head == "pool-bn"
    if strategy.weights == "random":
        return (pool_bn_head if pooled_norm else linear_head)(width, classes, seed=seed), None
    features = features_in_training(
        lesson.suffix,
        lesson.source,
        lesson.train_rows,
        settings=settings,
        seed=seed,
        run=strategy.name,
        device=ground.device,
        progress=ground.progress,
    )
    start, error = _logistic(ground, features, lesson.learning)
    if pooled_norm:
        return pool_bn_head(width, classes, start=start, like=features, seed=seed), error
    return linear_head(width, classes, start=start, seed=seed), error


def _better_head(
    ground: Ground, choices: Choices, lesson: Lesson, settings: TrainingSettings, trained: Trained
) -> Affine | None:
    """Return the head on the frozen network, if no epoch beat it on the choosing rows, which it had not seen."""
    if trained.chosen_epoch is None:
        return None
    features = ground.features(ground.train, choices.preprocessing, step="features", name="features")
    learning = np.isin(ground.train, lesson.learning)
    head, _ = _logistic(ground, features[learning], lesson.learning)
    if lesson.chosen_in == "train":
        asked = features[~learning]
    else:
        asked = ground.features(lesson.choosing, choices.preprocessing, step="features", name="features, choosing")
    judged = judge(head.scores(asked), ground.table.labels[lesson.choosing], settings.choose)
    if trained.chosen_rank < judged.rank:
        return None
    return _logistic(ground, features, ground.train)[0]  # the hold-out has done its work


def _logistic(ground: Ground, features: NDArray[np.float32], rows: NDArray[np.int64]) -> tuple[Affine, float]:
    """Return logistic regression on the features of some training rows, and its out-of-fold error rate."""
    labels = ground.table.labels[rows]
    fitted = heads.FITTERS["logistic"](
        features,
        labels,
        len(ground.classes),
        folds=ground.folds[np.isin(ground.train, rows)],
        seed=ground.request.seed,
    )
    if not isinstance(fitted.head, Affine) or fitted.out_of_fold is None:
        raise RuntimeError("logistic regression gave no affine head")
    return fitted.head, float((fitted.out_of_fold.argmax(axis=1) != labels).mean())
