"""What a training by gradients needs: the network, where it is cut, and its pictures, live or as activations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from headstart.backbones import Backbone, answers_at, split
from headstart.backbones.folded import Folded
from headstart.features import PLAIN, View
from headstart.records.preprocessing import Preprocessing
from headstart.records.record import changed
from headstart.records.training import ChoosingSource, TrainingSettings
from headstart.strategies.context import FitContext
from headstart.strategies.division import Part
from headstart.strategies.passes import Look
from headstart.strategies.resolved import Choices, ResolvedStrategy
from headstart.tune import ActivationSource, PixelSource, PrefixSource, Source
from headstart.tune.progressive import sides

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, eq=False)
class TrainingInput:
    """What one training needs: the network it works on, the part it trains, and its pictures.

    Rows of `source` are first the pictures to learn from, then those that choose the epoch.
    """

    backbone: Backbone
    preprocessing: Preprocessing
    cut: str
    prefix: nn.Module
    folded: Folded
    source: Source
    learning: NDArray[np.int64]
    choosing: NDArray[np.int64]
    choosing_in: ChoosingSource
    shared: tuple[str, ...]

    @property
    def suffix(self) -> nn.Module:
        """What is trained: the network behind the cut; its batch norms are folded where they are to stay."""
        return self.folded.module

    @property
    def train_rows(self) -> NDArray[np.int64]:
        """Rows of `source` to learn from."""
        return np.arange(len(self.learning))

    @property
    def choosing_rows(self) -> NDArray[np.int64]:
        """Rows of `source` that choose the epoch."""
        return np.arange(len(self.learning), len(self.learning) + len(self.choosing))

    def on_all(self, untrained: Backbone, *, after: int) -> TrainingInput:
        """Return the same on an `untrained` backbone, with the choosing pictures among those to learn from.

        It is for a training that goes on after so many epochs.
        """
        halves = split(untrained, self.cut)
        return replace(
            self,
            backbone=untrained,
            prefix=halves.prefix,
            folded=_folded(halves.suffix, self.source, stay=bool(self.folded.pairs)),
            source=self.source.after(after),
            learning=np.concatenate([self.learning, self.choosing]),
            choosing=self.choosing[:0],
        )


def training_input_of(
    context: FitContext, choices: Choices, strategy: ResolvedStrategy, settings: TrainingSettings
) -> TrainingInput:
    """Gather what training `strategy` with these settings needs."""
    division, resolved, cut = context.division, context.resolved, strategy.cut
    backbone = resolved.untrained(strategy)
    preprocessing = _preprocessing(backbone, choices, strategy)
    halves = split(backbone, cut)
    shared: tuple[str, ...] = ("decode", "framing", "augment")
    if strategy.row.weights != "random":
        shared = (*shared, "features")
    if cut == "input":
        tell = context.progress.message
        source: Source = _live(context, choices, preprocessing, _sides(backbone, preprocessing, settings, tell))
    elif (nbytes := resolved.activation_bytes(cut)) > resolved.activation_limit:
        context.progress.message(
            f"{strategy.name}: the activations at '{cut}' need {nbytes / 1e9:.1f} GB on disk, and the limit is "
            f"{resolved.activation_limit / 1e9:.1f} GB. The frozen part therefore runs again in each epoch."
        )
        live = _live(context, choices, preprocessing, ())
        source = PrefixSource(
            split(backbone.frozen, cut).prefix,
            live.pixels,
            live.rows,
            live.labels,
            live.preprocessing,
            live.augmentation,
            live.seed,
            device=resolved.device,
        )
    else:
        source, shared = _stored(context, choices, cut, refits=division.refits(settings)), (*shared, "activations")
    return TrainingInput(
        backbone=backbone,
        preprocessing=preprocessing,
        cut=cut,
        prefix=halves.prefix,
        folded=_folded(halves.suffix, source, stay=settings.batch_norm == "frozen"),
        source=source,
        learning=division.learning,
        choosing=division.choosing,
        choosing_in=division.choosing_in,
        shared=shared,
    )


def _folded(suffix: nn.Module, source: Source, *, stay: bool) -> Folded:
    """Return what is trained: folded, if batch norms are to stay as they are."""
    return Folded.of(suffix, source.batch(np.arange(1), None).cpu()) if stay else Folded(suffix, suffix, ())


def _preprocessing(backbone: Backbone, choices: Choices, strategy: ResolvedStrategy) -> Preprocessing:
    """Return how pictures are prepared: a network from scratch has a size and numbers of its own."""
    if strategy.row.weights != "random":
        return choices.preprocessing
    return changed(
        backbone.preprocessing,
        framing=choices.preprocessing.framing,
        stored_side=choices.preprocessing.decode_side,
        decoding=choices.preprocessing.decoding,
    )


def _sides(
    backbone: Backbone, preprocessing: Preprocessing, settings: TrainingSettings, tell: Callable[[str], None]
) -> tuple[int, ...]:
    """Return the sides at which the epochs see their pictures; none where they are not to change, or cannot."""
    if not settings.progressive:
        return ()
    found = sides(preprocessing.input_size, settings.epochs)
    if all(answers_at(backbone.network, side, backbone.features) for side in sorted(set(found))):
        return found
    tell(f"{backbone.name} works at one picture size only, so 'progressive' changes nothing.")
    return ()


def _live(context: FitContext, choices: Choices, preprocessing: Preprocessing, seen: tuple[int, ...]) -> PixelSource:
    """Return the pictures to learn from and to choose by, framed and augmented anew in each epoch."""
    rows = context.division.rows("learning and choosing")
    labels = context.division.labels[rows]
    return PixelSource(context.pixels, rows, labels, preprocessing, choices.augment, context.division.seed, sides=seen)


def _stored(context: FitContext, choices: Choices, cut: str, *, refits: bool) -> Source:
    """Return what enters the trained part, computed once: epoch e uses augmented view e mod V."""
    seed, count = context.division.seed, context.resolved.views if choices.augment != "none" else 1
    trained_on: Part = "learning and choosing" if refits else "learning"
    views = [
        _activations(context, choices, cut, trained_on, View(choices.augment, number, seed)) for number in range(count)
    ]
    plain = _activations(context, choices, cut, "learning and choosing", PLAIN)
    return ActivationSource(views, plain, context.division.labels[context.division.rows("learning and choosing")])


def _activations(context: FitContext, choices: Choices, cut: str, part: Part, view: View) -> NDArray[np.float16]:
    name = "activations" if view == PLAIN else f"activations, view {view.number + 1} of {context.resolved.views}"
    look = Look("activations", name)
    return context.passes.activations(part, choices.preprocessing, cut=cut, look=look, view=view)
