"""What a training by gradients needs: the network, where it is cut, and its pictures, live or as activations."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from headstart.backbones import Backbone, answers_at, split
from headstart.experiment.ground import Choices, Ground, Look
from headstart.experiment.networks import load_scratch
from headstart.features import PLAIN, View
from headstart.records.preprocessing import Preprocessing
from headstart.records.record import changed
from headstart.strategies.settings import check_cut
from headstart.strategies.strategy import Strategy
from headstart.tune import ActivationSource, PixelSource, PrefixSource, Source, TrainingSettings
from headstart.tune.progressive import sides


@dataclass(frozen=True, eq=False)
class TrainingInput:
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

    def on_all(self, untrained: Backbone) -> TrainingInput:
        """Return the same inputs on an `untrained` backbone, with the choosing pictures among those to learn from."""
        halves = split(untrained, self.cut)
        return replace(
            self,
            backbone=untrained,
            prefix=halves.prefix,
            suffix=halves.suffix,
            learning=np.concatenate([self.learning, self.choosing]),
            choosing=self.choosing[:0],
        )


def untrained(ground: Ground, strategy: Strategy) -> Backbone:
    """Return the network that `strategy` starts from, its own copy."""
    return load_scratch(ground.request) if strategy.weights == "random" else copy.deepcopy(ground.need_backbone())


def training_input_of(
    ground: Ground, choices: Choices, strategy: Strategy, settings: TrainingSettings
) -> TrainingInput:
    """Gather what training `strategy` with these settings needs."""
    backbone = untrained(ground, strategy)
    preprocessing = _preprocessing(backbone, choices, strategy)
    cut = "input" if strategy.trained == "all" else check_cut(ground.request, backbone, strategy.cut)
    halves = split(backbone, cut)
    choosing, chosen_in = ground.choosing_rows()
    learning = ground.train[~np.isin(ground.train, choosing)]
    shared: tuple[str, ...] = ("decode", "framing", "augment")
    if strategy.weights != "random":
        shared = (*shared, "features")
    pixels = _pixels(ground, choices, np.concatenate([learning, choosing]), preprocessing)
    if cut == "input":
        source: Source = PixelSource(*pixels, sides=_sides(backbone, preprocessing, settings, ground.progress.message))
    elif (nbytes := ground.activation_bytes(cut)) > ground.activation_limit:
        ground.progress.message(
            f"{strategy.name}: activations at '{cut}' would take {nbytes / 1e9:.1f} GB on disk, more than the "
            f"{ground.activation_limit / 1e9:.1f} GB they may, so the frozen part runs again in each epoch."
        )
        source = PrefixSource(split(backbone.frozen, cut).prefix, *pixels, device=ground.device)
    else:
        source, shared = _stored(ground, choices, strategy, cut, learning, choosing), (*shared, "activations")
    return TrainingInput(
        backbone, preprocessing, cut, halves.prefix, halves.suffix, source, learning, choosing, chosen_in, shared
    )


def _preprocessing(backbone: Backbone, choices: Choices, strategy: Strategy) -> Preprocessing:
    """Return how pictures are prepared: a network from scratch has a size and numbers of its own."""
    if strategy.weights != "random":
        return choices.preprocessing
    return changed(
        backbone.preprocessing,
        framing=choices.preprocessing.framing,
        stored_side=choices.preprocessing.decode_side,
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
    tell(f"{backbone.name} answers at one size only, so 'progressive' changes nothing.")
    return ()


def _pixels(ground: Ground, choices: Choices, rows: NDArray[np.int64], preprocessing: Preprocessing) -> tuple[Any, ...]:
    """Return the arguments of a source of pixels, framed and augmented anew in each epoch."""
    return ground.pictures, rows, ground.table.labels[rows], preprocessing, choices.augment, ground.request.seed


def _stored(
    ground: Ground,
    choices: Choices,
    strategy: Strategy,
    cut: str,
    learning: NDArray[np.int64],
    choosing: NDArray[np.int64],
) -> Source:
    """Return what enters the trained part, computed once: epoch e uses augmented view e mod V."""
    rows = np.concatenate([learning, choosing])
    trained_on = rows if ground.refits(strategy.name) else learning
    views = [
        _activations(ground, choices, cut, trained_on, View(choices.augment, number, ground.request.seed))
        for number in range(ground.request.views if choices.augment != "none" else 1)
    ]
    plain = _activations(ground, choices, cut, rows, PLAIN)
    return ActivationSource(views, plain, ground.table.labels[rows])


def _activations(
    ground: Ground, choices: Choices, cut: str, rows: NDArray[np.int64], view: View
) -> NDArray[np.float16]:
    name = "activations" if view == PLAIN else f"activations, view {view.number + 1} of {ground.request.views}"
    return ground.activations(rows, choices.preprocessing, Look("activations", name), cut=cut, view=view)
