"""Strategies that train the network, or the last part of it, by gradients.

All are one call of the one training loop. They differ in where the trained part starts, in what it starts from, and in
whether the pictures come live or as stored activations of the frozen part.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from headstart.backbones import tensors_hash
from headstart.backbones.beside import beside
from headstart.backbones.engine import TorchEngine
from headstart.base.types import Affine
from headstart.bundle import Model, Trust
from headstart.pixels import frame
from headstart.records.findings import Finding
from headstart.records.record import changed
from headstart.records.run import Parameters, Readout, TrainingRecord
from headstart.records.training import Epoch, TrainingSettings
from headstart.strategies.answer_limits import examples_of, trust_of_network
from headstart.strategies.context import FitContext
from headstart.strategies.division import Rows
from headstart.strategies.ending import Ending, ending_of
from headstart.strategies.fitted import FittedRun
from headstart.strategies.rates import going_on, with_effort
from headstart.strategies.resolved import Choices, ResolvedStrategy
from headstart.strategies.rival import Rival, rival_of, solve_again
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
from headstart.tune.checkpoint import Tensors, copied
from headstart.words import findings

if TYPE_CHECKING:
    from torch import nn

Floats32 = NDArray[np.float32]


def fit_network(
    context: FitContext, choices: Choices, strategy: ResolvedStrategy, *, checkpoint: Path | None
) -> FittedRun:
    """Train `strategy` and return it with the answers for the held-out pictures."""
    settings = strategy.settings_for(len(context.division.learning))
    inputs = training_input_of(context, choices, strategy, settings)
    rival = None if strategy.row.weights == "random" else rival_of(context, choices)
    if rival is not None:  # its error is the same at every cut, so depths differ in nothing else
        given, open_epochs = context.resolved.given, strategy.steps is not None
        settings = with_effort(settings, rival.error(context), given=given, open_epochs=open_epochs)
    fit = _Fit(context, choices, strategy, settings, inputs, rival)
    trainee = Trainee(inputs.suffix, fit.head())
    trained = fit.train(trainee, checkpoint=checkpoint)
    fit = replace(fit, settings=changed(settings, precision=trained.precision))
    end = copied(trainee.state_dict())
    trainee.to(context.resolved.device)
    unseen = rival.unseen(context, choices, inputs) if rival is not None and len(inputs.choosing) else None
    ending = ending_of(trainee, inputs, fit.settings, trained, rival, unseen)
    trainee.to("cpu")
    if rival is not None and ending.mix == 0:
        return fit.fitted(trained, fit.kept(rival))
    learned = fit.learned(trainee, trained.chosen_epoch, ending)
    if trained.chosen_epoch is not None and context.division.refits(fit.settings):
        learned = fit.on_all(learned, ending, trainee.head, end, checkpoint=checkpoint)
    return fit.fitted(trained, learned)


@dataclass(frozen=True, eq=False)
class _Learned:
    """What a strategy ends with: network and head, the epoch they are from, how many pictures taught them."""

    network: nn.Module
    head: Affine
    ending: Ending
    epoch: int | None
    pictures: int
    fitted: int  # parameters
    weights: int  # parameters of the network
    flops: float  # of the network
    read: tuple[str, ...] = ()
    beside: str | None = None  # the cut behind which the trained network answers beside the frozen one
    kept_solved_head: bool = False
    trust: Trust | None = None
    epochs_on_all: tuple[Epoch, ...] = ()
    warnings: tuple[Finding, ...] = ()

    @property
    def readout(self) -> Readout:
        """What the head reads."""
        return "stages" if self.read else "pool"


@dataclass(frozen=True, eq=False)
class _Fit:
    """One training of a strategy: what it works with, and its steps."""

    context: FitContext
    choices: Choices
    strategy: ResolvedStrategy
    settings: TrainingSettings
    inputs: TrainingInput
    rival: Rival | None

    def head(self) -> nn.Module:
        """Return the head to train.

        Below pre-trained weights it is solved as the rival was, on the last features, on what the training will show
        it; below random ones (no rival) it is random.
        """
        context, inputs, rival, division = self.context, self.inputs, self.rival, self.context.division
        width, classes, seed = inputs.backbone.features, len(division.classes), division.seed
        pooled_norm = context.resolved.trained_head == "pool-bn"
        if rival is None:
            return (pool_bn_head if pooled_norm else linear_head)(width, classes, seed=seed)
        features = features_in_training(
            inputs.suffix,
            inputs.source,
            inputs.train_rows,
            settings=self.settings,
            seed=seed,
            run=self.strategy.name,
            draws=self.strategy.kind,
            device=context.resolved.device,
            progress=context.progress,
        )
        views = [features]
        if self.settings.batch_norm == "frozen":  # the network then says of plain pictures what it said before
            said = context.passes.features("train", self.choices.preprocessing)
            views.insert(0, said[np.searchsorted(division.train, inputs.learning)])
        start = solve_again(context, rival.row, views, inputs.learning)
        if pooled_norm:
            return pool_bn_head(width, classes, start=start, like=features, seed=seed)
        return linear_head(width, classes, start=start, seed=seed)

    def train(self, trainee: Trainee, part: str = "", *, checkpoint: Path | None) -> Trained:
        """Train, and prove that the frozen part stayed frozen; `part` says which of several trainings it is."""
        context, inputs, strategy = self.context, self.inputs, self.strategy
        frozen = tensors_hash(inputs.prefix)
        trained = train(
            trainee,
            inputs.source,
            train_rows=inputs.train_rows,
            hold_out_rows=inputs.choosing_rows,
            settings=self.settings,
            seed=context.division.seed,
            run=strategy.name + part,
            draws=strategy.kind + part,  # the same at every cut: depths differ in nothing else
            checkpoint=checkpoint,
            progress=context.progress,
            device=context.resolved.device,
            guard=False,  # judged against the head on the frozen network instead
        )
        if tensors_hash(inputs.prefix) != frozen:
            raise RuntimeError(f"the frozen part of '{strategy.name}' changed while training")
        return trained

    def learned(self, trainee: Trainee, epoch: int | None, ending: Ending) -> _Learned:
        """Return what now is in `trainee`, whose suffix goes back into the network, alone or beside the frozen one."""
        inputs = self.inputs
        inputs.folded.put_back()
        backbone, head = inputs.backbone, ending.head(to_affine(trainee.head), self.rival)
        fitted = sum(value.numel() for value in trainee.parameters())
        pictures = len(inputs.learning)
        weights, flops = backbone.parameters, backbone.flops
        if self.rival is None or not ending.both:
            return _Learned(backbone.network, head, ending, epoch, pictures, fitted, weights, flops)
        frozen = self.context.passes.network(self.rival.found.readout)
        plan, original = backbone.plan, self.context.resolved.need_backbone()
        network = beside(original.network, backbone.network, plan, cut=inputs.cut, stages=frozen.read)
        added = sum(value.numel() for value in inputs.folded.network.parameters())
        flops += sum(stage.flops for stage in backbone.stages_behind(inputs.cut))
        return _Learned(
            network,
            head,
            ending,
            epoch,
            pictures,
            fitted,
            weights + added,
            flops,
            read=frozen.read,
            beside=inputs.cut,
            warnings=(findings.both_answer(len(self.context.division.choosing)),),
        )

    def kept(self, rival: Rival) -> _Learned:
        """Return the solved head that training has not beaten as what the strategy ends with."""
        context = self.context
        frozen, pictures = context.passes.network(rival.found.readout), len(context.division.train)
        return _Learned(
            frozen.network,
            rival.head,
            Ending(mix=0.0),
            None,
            pictures,
            rival.head.numbers,
            frozen.parameters,
            frozen.flops,
            read=frozen.read,
            kept_solved_head=True,
            trust=rival.trust(context, self.choices),
            warnings=(findings.kept_solved_head(len(self.inputs.choosing)),),
        )

    def on_all(
        self,
        judged: _Learned,
        ending: Ending,
        head: nn.Module,
        end: Tensors,
        *,
        checkpoint: Path | None,
    ) -> _Learned:
        """Go on for some epochs, now also with the pictures that chose: their work is done.

        The training goes on from where it ended. The temperature that the pictures fitted is kept, and so are the
        thresholds: only the examples are seen anew.
        """
        context, name, epochs = self.context, self.strategy.name, self.settings.epochs
        trust = self.trust(self.model(judged), ending)
        inputs = self.inputs.on_all(context.resolved.untrained(self.strategy), after=epochs)
        fit = replace(self, inputs=inputs, settings=going_on(self.settings))
        trainee = Trainee(inputs.suffix, deepcopy(head))
        trainee.load_state_dict(end)
        place = None if checkpoint is None else checkpoint / "all"
        again = fit.train(trainee, " on all of train", checkpoint=place)
        learned = fit.learned(trainee, judged.epoch, ending)
        examples = examples_of(context.division, inputs.learning)
        said = fit.features(fit.model(learned), examples, f"{name}: calibration")
        warnings = (*learned.warnings, *again.warnings)
        return replace(learned, trust=trust.on(said), epochs_on_all=tuple(again.epochs), warnings=warnings)

    def model(self, learned: _Learned) -> Model:
        """Return the classifier that answers."""
        network = learned.network.to(self.context.resolved.device).eval()
        return Model(
            engine=TorchEngine(network, self.inputs.preprocessing.input_size),
            head=learned.head,
            preprocessing=self.inputs.preprocessing,
            classes=self.context.division.classes,
            device=self.context.resolved.device,
            trust=learned.trust,
        )

    def features(self, model: Model, rows: Rows, name: str) -> Floats32:
        """Return what a trained network says of some pictures, (rows, d), as the bundle's will."""
        with self.context.progress.step(name, len(rows)) as step:

            def squares() -> Iterator[NDArray[np.uint8]]:
                for row in rows:
                    yield frame(self.context.pixels[int(row)], model.preprocessing)
                    step.advance()

            return model.features_of_squares(squares())

    def trust(self, model: Model, ending: Ending) -> Trust:
        """Return what is known of a trained network, from the pictures that were held out to judge it."""
        inputs = self.inputs

        def features_of(rows: Rows) -> Floats32:
            return self.features(model, rows, f"{self.strategy.name}: calibration")

        division, head = self.context.division, model.head
        if ending.both and ending.unseen is None and len(inputs.choosing):
            raise RuntimeError(f"a part of '{self.strategy.name}' has learned from the pictures that are to judge it")
        return trust_of_network(division, inputs.learning, inputs.choosing, head, features_of, ending.unseen)

    def fitted(self, trained: Trained, learned: _Learned) -> FittedRun:
        """Return the fitted run with its answers and what it knows of its limits."""
        context, inputs = self.context, self.inputs
        model = self.model(learned)
        said = self.features(model, context.division.held_out, f"{self.strategy.name}: answers")
        model = model.told(trust=learned.trust or self.trust(model, learned.ending))
        answers = model.answers_of(said)
        chosen_on_val = inputs.choosing_in == "val"
        record = TrainingRecord(
            settings=self.settings,
            augment=self.choices.augment,
            choosing=inputs.choosing_in,
            epoch_chosen=learned.epoch,
            kept_solved_head=learned.kept_solved_head,
            mix=None if self.rival is None else learned.ending.mix,
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
            flops=learned.flops + learned.head.flops(),
            parameters=Parameters(total=learned.weights + learned.head.numbers, trained=learned.fitted),
            training=record,
            read=learned.read,
            beside=learned.beside,
            shared=inputs.shared,
            chosen_on_val=chosen_on_val,
            earlier=0.0 if self.rival is None else self.rival.earlier,
            epochs=tuple(trained.epochs),
            epochs_on_all=learned.epochs_on_all,
            warnings=(*trained.warnings, *learned.warnings),
        )
