"""Choices for all strategies at once, made inside the training split: framing and augmentation.

Both are asked of the frozen network, because that costs one pass each: which way of seeing the training
pictures lets a logistic regression answer best for pictures it has not seen?
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headstart import heads
from headstart.evidence.choosing import clearly_better, losses_of
from headstart.features import View
from headstart.heads.share_done import PARTS, heard_by
from headstart.records.plan import ChoiceLosses
from headstart.records.preprocessing import Framing, Preprocessing
from headstart.records.record import changed
from headstart.strategies.context import FitContext
from headstart.strategies.passes import Look
from headstart.strategies.resolved import Choices
from headstart.strategies.room import make_room, size_of
from headstart.strategies.strategy import REFERENCE


def choose(context: FitContext) -> Choices:
    """Return framing and augmentation, as asked for or chosen by out-of-fold log loss on train."""
    preprocessing, by_framing = _framing(context)
    augment, by_augment = _augment(context, preprocessing)
    return Choices(preprocessing, augment, ChoiceLosses(framing=by_framing, augment=by_augment))


def undecided(context: FitContext) -> Preprocessing:
    """Return how pictures are seen where nothing is chosen yet, because choosing takes a pass of its own."""
    return changed(context.resolved.need_backbone().preprocessing, framing=context.resolved.framings[0])


def _framing(context: FitContext) -> tuple[Preprocessing, dict[str, float]]:
    resolved = context.resolved
    if resolved.backbone is None:
        own = resolved.scratch().preprocessing
        return changed(own, framing=resolved.framings[0], decoding=resolved.decoding), {}
    base = resolved.backbone.preprocessing
    if len(resolved.framings) == 1:
        return changed(base, framing=resolved.framings[0]), {}
    losses: dict[Framing, NDArray[np.float64]] = {}
    for framing in resolved.framings:
        look = Look("framing", f"look, {framing}")
        features = context.passes.features("looked at", changed(base, framing=framing), look=look)
        losses[framing] = out_of_fold_losses(context, [features], look.name)
    means = {str(framing): float(loss.mean()) for framing, loss in losses.items()}
    # First the whole picture: what a crop cuts away, no later training can find again.
    return changed(base, framing=clearly_better(losses)), means


def _augment(context: FitContext, preprocessing: Preprocessing) -> tuple[str, dict[str, float]]:
    kinds = context.resolved.augmentations
    if len(kinds) == 1:
        return kinds[0], {}
    plain = context.passes.features("looked at", preprocessing, look=Look("features", f"look, {preprocessing.framing}"))
    losses: dict[str, NDArray[np.float64]] = {}
    for kind in kinds:
        view = View(kind, 0, context.division.seed)
        seen = context.passes.features("looked at", preprocessing, look=Look("augment", f"look, {kind}"), view=view)
        losses[kind] = out_of_fold_losses(context, [plain, seen], f"look, {kind}")
    means = {kind: float(loss.mean()) for kind, loss in losses.items()}
    # The least loss, however little less: a gentle view is soon known by heart, so it is no safe choice in doubt.
    return min(means, key=lambda kind: means[kind]), means


def out_of_fold_losses(
    context: FitContext, views: list[NDArray[np.float32]], name: str = "look"
) -> NDArray[np.float64]:
    """Return each picture's log loss, unseen and plain (views[0]), under a head that learned from all `views`."""
    division = context.division
    labels, size = division.labels[division.looked_at], views[0].shape[1]
    make_room(name, REFERENCE.head, size_of(context, division.looked_at, size, views=len(views)), context.progress)
    with context.progress.step(f"{name}: judged", PARTS, "steps") as step, heard_by(step):
        fitted = heads.HEADS[REFERENCE.head].fit(
            np.concatenate(views),
            np.tile(labels, len(views)),
            len(division.classes),
            folds=np.tile(division.folds_of(division.looked_at), len(views)),
            seed=division.seed,
        )
    if fitted.out_of_fold is None:
        raise RuntimeError("the reference head was fitted without folds")
    return losses_of(fitted.out_of_fold[: len(labels)], labels)
