"""What was asked for, with every open question answered: strategies with their cuts, readouts, engine, limits."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from headstart.backbones import Backbone, read_out
from headstart.records.plan import ChoiceLosses, Engine
from headstart.records.preprocessing import RULES, Decoding, Framing, Preprocessing
from headstart.records.record import changed
from headstart.records.run import Readout, RunId
from headstart.records.training import TrainingSettings
from headstart.strategies.rates import epochs_for
from headstart.strategies.strategy import Strategy


@dataclass(frozen=True)
class ResolvedStrategy:
    """A strategy with the stage at which its trained part starts, and how it trains (None: a head is solved).

    `steps`: the number of epochs is left open, and follows from so many steps of the optimiser.
    """

    row: Strategy
    cut: str
    training: TrainingSettings | None = None
    steps: int | None = None

    def settings_for(self, learning: int) -> TrainingSettings:
        """Return how it trains on so many pictures.

        Raises
        ------
        RuntimeError
            If it solves a head.
        """
        if self.training is None:
            raise RuntimeError(f"'{self.name}' is not trained by gradients")
        if self.steps is None:
            return self.training
        return changed(self.training, epochs=epochs_for(self.steps, learning, self.training.batch_size))

    @property
    def name(self) -> str:
        """Its run's name in the folder."""
        return self.row.name

    @property
    def kind(self) -> str:
        """Its row in the table."""
        return self.row.kind

    @property
    def solves(self) -> bool:
        """Whether a head is solved on the frozen network."""
        return self.row.solves

    def run_id(self, seed: int) -> RunId:
        """Return which run it is."""
        return RunId.parse(self.name, seed)


@dataclass(frozen=True)
class Choices:
    """What was chosen once for every strategy, inside the training split, and by which losses."""

    preprocessing: Preprocessing
    augment: str
    losses: ChoiceLosses


@dataclass(frozen=True, eq=False, kw_only=True)
class Resolved:
    """One experiment with nothing left open; below here nobody looks an option up.

    Parameters
    ----------
    strategies : tuple of ResolvedStrategy
        In the table's order.
    backbone : Backbone, optional
        None where no strategy starts from a pre-trained network.
    make_scratch : callable
        Returns the network that is trained from nothing, with the random weights of a seed, a new one each time.
    scratch_name : str
        Its name.
    seed : int
        Of these weights.
    device : str
    engine : str
        By what the frozen network answers for features: ``"torch"``, or ``"onnx"``, the graph that was kept of it.
    side : int
        Short side, in pixels, to which pictures are decoded.
    decoding : Decoding
        By which rules.
    framings, augmentations : tuples of str
        The candidates; one where it was asked for.
    readouts : tuple of str
        Among which a head chooses.
    usual_cut : str, optional
        Where a strategy that trains a part is cut if its name does not say.
    stages_too : bool
        Whether the plain passes also read the network's stages.
    views : int
        Augmented copies whose activations are stored.
    trained_head : str
        ``"linear"`` or ``"pool-bn"``.
    given : frozenset of str
        Settings of training that the user gave: they are not adapted to the data.
    interval : str
        How shares get their intervals.
    activation_limit : int
        How many bytes the stored activations of one training may take.
    stored_cuts : tuple of str
        Cuts at which activations are stored, in one pass.
    pictures : int
        In the table.
    """

    strategies: tuple[ResolvedStrategy, ...]
    backbone: Backbone | None
    make_scratch: Callable[[int], Backbone]
    scratch_name: str
    seed: int
    device: str
    side: int
    framings: tuple[Framing, ...]
    augmentations: tuple[str, ...]
    readouts: tuple[Readout, ...]
    views: int
    trained_head: str
    pictures: int
    decoding: Decoding = RULES
    usual_cut: str | None = None
    engine: Engine = "torch"
    stages_too: bool = False
    given: frozenset[str] = frozenset()
    interval: str = "wilson"
    activation_limit: int = 0
    stored_cuts: tuple[str, ...] = ()
    stages_asked: bool = False

    def need_backbone(self) -> Backbone:
        """Return the pre-trained backbone (it was loaded if any strategy needs it)."""
        if self.backbone is None:
            raise RuntimeError("no strategy of this experiment asked for a backbone")
        return self.backbone

    def scratch(self) -> Backbone:
        """Return a new network with random weights."""
        return self.make_scratch(self.seed)

    def network(self, readout: str) -> Backbone:
        """Return the pre-trained backbone that answers with this readout."""
        return read_out(self.need_backbone(), readout)

    def untrained(self, strategy: ResolvedStrategy) -> Backbone:
        """Return the network that a training starts from, its own copy."""
        return self.scratch() if strategy.row.weights == "random" else copy.deepcopy(self.need_backbone())

    @property
    def trained(self) -> tuple[ResolvedStrategy, ...]:
        """Those that are trained by gradients."""
        return tuple(one for one in self.strategies if not one.solves)

    @property
    def partly_trained(self) -> tuple[ResolvedStrategy, ...]:
        """Those that learn from activations at a cut."""
        return tuple(one for one in self.strategies if one.row.trains == "part")

    @property
    def solves_heads(self) -> bool:
        """Whether a head is solved on the frozen network."""
        return any(one.solves for one in self.strategies)

    def activation_bytes(self, cut: str) -> int:
        """Return what the views and the plain activations at `cut` take on disk."""
        return activation_bytes(self.need_backbone(), cut, (self.views + 1) * self.pictures)

    def stored_beside(self, cut: str) -> tuple[str, ...]:
        """Return the cuts whose activations one pass stores: `cut`, and those that fit beside it."""
        cuts = tuple(one.cut for one in self.partly_trained)
        copies = self.pictures * (self.views + 1)
        return stored_cuts(self.need_backbone(), cuts, copies, self.activation_limit, cut)

    def reseeded(self, seed: int, pictures: int) -> Resolved:
        """Return the same for some of the pictures, with another seed."""
        return replace(self, seed=seed, pictures=pictures)

    def with_engine(self, engine: Engine) -> Resolved:
        """Return the same with another engine."""
        return replace(self, engine=engine)


def activation_bytes(backbone: Backbone, cut: str, pictures: int) -> int:
    """Return what the activations of so many pictures at `cut` take on disk, as float16."""
    shape = next(stage.shape for stage in backbone.stages if stage.name == cut)
    return 2 * int(np.prod(shape)) * pictures


def stored_cuts(
    backbone: Backbone, cuts: tuple[str, ...], copies: int, limit: int, first: str | None = None
) -> tuple[str, ...]:
    """Return the cuts at which activations are stored, in one pass: `first`, and what fits beside it."""
    stored = list[str]()
    for cut in dict.fromkeys([first, *cuts] if first else cuts):
        taken = 0 if cut == "input" else activation_bytes(backbone, cut, copies)
        if 0 < taken <= limit:
            limit -= taken
            stored.append(cut)
    return tuple(stored)
