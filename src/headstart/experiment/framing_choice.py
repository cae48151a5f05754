"""Choices for all strategies at once, made inside the training split: framing and augmentation.

Both are asked of the frozen network, because that costs one pass each: which way of seeing the training
pictures lets a logistic regression answer best for pictures it has not seen?
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from headstart import heads
from headstart.base.types import Floats, softmax
from headstart.evidence.metrics import bounded_log_losses
from headstart.experiment.ground import Choices, Ground, Look
from headstart.experiment.networks import scratch_preprocessing
from headstart.experiment.request import AUTO
from headstart.features import View
from headstart.records.preprocessing import Framing, Preprocessing
from headstart.records.record import changed

FRAMINGS_TRIED: tuple[Framing, ...] = ("squash", "crop")
AUGMENTATIONS_TRIED = ("photo", "any-orientation")
Name = TypeVar("Name", bound=str)


def choose(ground: Ground) -> Choices:
    """Return framing and augmentation, as asked for or chosen by out-of-fold log loss on train."""
    notes: dict[str, Any] = {}
    preprocessing = _framing(ground, notes)
    return Choices(preprocessing, _augment(ground, preprocessing, notes), notes)


def _framing(ground: Ground, notes: dict[str, Any]) -> Preprocessing:
    request = ground.request
    if ground.backbone is None:
        framing: Framing = "squash" if request.framing == AUTO else request.framing
        return changed(scratch_preprocessing(request), framing=framing)
    base = ground.backbone.preprocessing
    if request.framing != AUTO:
        return changed(base, framing=request.framing)
    losses: dict[Framing, NDArray[np.float64]] = {}
    for framing in FRAMINGS_TRIED:
        seen = changed(base, framing=framing)
        features = ground.features(ground.looked_at, seen, Look("framing", f"look, {framing}"))
        losses[framing] = out_of_fold_losses(ground, [features])
    notes["framing"] = {framing: float(loss.mean()) for framing, loss in losses.items()}
    # First the whole picture: what a crop cuts away, no later training can find again.
    return changed(base, framing=clearly_better(losses))


def clearly_better(losses: Mapping[Name, NDArray[np.float64]]) -> Name:
    """Return the first name, unless another's mean loss is lower by more than one standard error.

    Parameters
    ----------
    losses : mapping of str to array, (n,)
        Of the same pictures under each name; pictures with a NaN anywhere do not count.
    """
    first = next(iter(losses))
    told = np.isfinite(np.stack(list(losses.values()))).all(axis=0)
    means = {name: loss[told].mean() for name, loss in losses.items()}
    best = min(means, key=lambda name: means[name])
    gain = (losses[first] - losses[best])[told]
    error = gain.std(ddof=1) / np.sqrt(len(gain))
    return best if gain.mean() > error else first


def _augment(ground: Ground, preprocessing: Preprocessing, notes: dict[str, Any]) -> str:
    request = ground.request
    if request.augment != AUTO:
        return request.augment
    if not request.trained:
        return "none"
    if ground.backbone is None:
        return AUGMENTATIONS_TRIED[0]
    plain = ground.features(ground.looked_at, preprocessing, Look("features", f"look, {preprocessing.framing}"))
    losses = {}
    for kind in AUGMENTATIONS_TRIED:
        view = ground.features(
            ground.looked_at, preprocessing, Look("augment", f"look, {kind}"), view=View(kind, 0, request.seed)
        )
        losses[kind] = float(out_of_fold_losses(ground, [plain, view]).mean())
    notes["augment"] = losses
    return min(losses, key=lambda name: losses[name])


def out_of_fold_losses(ground: Ground, views: list[NDArray[np.float32]]) -> NDArray[np.float64]:
    """Return each picture's log loss, unseen and plain (views[0]), under a head that learned from all `views`."""
    labels = ground.table.labels[ground.looked_at]
    own_folds = ground.folds[np.searchsorted(ground.train, ground.looked_at)]  # both ascend
    stacked = np.concatenate(views)
    fitted = heads.HEADS["logistic"].fit(
        stacked,
        np.tile(labels, len(views)),
        len(ground.classes),
        folds=np.tile(own_folds, len(views)),
        seed=ground.request.seed,
    )
    if fitted.out_of_fold is None:
        raise RuntimeError("the logistic head was fitted without folds")
    return losses_of(fitted.out_of_fold[: len(labels)], labels)


def losses_of(scores: Floats, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the loss of each row of scores, (n, classes), by which is chosen; the softmax of a row is its answer."""
    return bounded_log_losses(labels, softmax(scores))
