"""Choices for all strategies at once, made inside the training split: framing and augmentation.

Both are asked of the frozen network, because that costs one pass each: which way of seeing the training
pictures lets a logistic regression answer best for pictures it has not seen?
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart import heads
from headstart.base.types import Framing, Preprocessing, softmax
from headstart.evidence.metrics import log_loss
from headstart.features import View
from headstart.strategies.ground import Choices, Ground, scratch_preprocessing
from headstart.strategies.request import AUTO

FRAMINGS_TRIED: tuple[Framing, ...] = ("crop", "squash")
AUGMENTATIONS_TRIED = ("photo", "anyway")


def choose(ground: Ground) -> Choices:
    """Return framing and augmentation, as asked for or chosen by out-of-fold log loss on train."""
    notes: dict[str, Any] = {}
    preprocessing = _framing(ground, notes)
    return Choices(preprocessing, _augment(ground, preprocessing, notes), notes)


def _framing(ground: Ground, notes: dict[str, Any]) -> Preprocessing:
    request = ground.request
    if ground.backbone is None:
        framing: Framing = "squash" if request.framing == AUTO else request.framing
        return replace(scratch_preprocessing(request), framing=framing)
    base = ground.backbone.preprocessing
    if request.framing != AUTO:
        return replace(base, framing=request.framing)
    losses: dict[Framing, float] = {}
    for framing in FRAMINGS_TRIED:
        candidate = replace(base, framing=framing)
        losses[framing] = out_of_fold_loss(
            ground, [ground.features(ground.train, candidate, step="framing", name=f"look, {framing}")]
        )
    notes["framing"] = losses
    return replace(base, framing=min(losses, key=lambda name: losses[name]))


def _augment(ground: Ground, preprocessing: Preprocessing, notes: dict[str, Any]) -> str:
    request = ground.request
    if request.augment != AUTO:
        return request.augment
    trained = {"scratch", "partial", "full"} & set(request.strategies)
    if not trained or ground.backbone is None:
        return AUGMENTATIONS_TRIED[0]
    plain = ground.features(ground.train, preprocessing, step="features", name=f"look, {preprocessing.framing}")
    losses = {}
    for kind in AUGMENTATIONS_TRIED:
        view = ground.features(
            ground.train, preprocessing, step="augment", name=f"look, {kind}", view=View(kind, 0, request.seed)
        )
        losses[kind] = out_of_fold_loss(ground, [plain, view])
    notes["augment"] = losses
    return min(losses, key=lambda name: losses[name])


def out_of_fold_loss(ground: Ground, views: list[NDArray[np.float32]]) -> float:
    """Return the log loss on unseen plain pictures (views[0]) of a head that learned from all `views`."""
    labels = ground.table.labels[ground.train]
    stacked = np.concatenate(views)
    fitted = heads.FITTERS["logistic"](
        stacked,
        np.tile(labels, len(views)),
        len(ground.classes),
        folds=np.tile(ground.folds, len(views)),
        seed=ground.request.seed,
    )
    if fitted.out_of_fold is None:
        raise RuntimeError("the logistic head was fitted without folds")
    return log_loss(labels, softmax(fitted.out_of_fold[: len(labels)]))
