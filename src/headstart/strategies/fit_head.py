"""Strategies that train nothing of the backbone: one frozen pass, then a head solved on its features."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart import heads
from headstart.bundle import Model
from headstart.evidence.choosing import clearly_better, losses_of
from headstart.records.findings import Finding
from headstart.records.preprocessing import Preprocessing
from headstart.records.run import Parameters, Readout, SolvedHead
from headstart.strategies.answer_limits import trust_of_head
from headstart.strategies.context import FitContext, Once
from headstart.strategies.division import Part
from headstart.strategies.fitted import FittedRun
from headstart.strategies.passes import HELD_OUT
from headstart.strategies.resolved import Choices, ResolvedStrategy
from headstart.words import findings


class Solved(NamedTuple):
    """A solved head and what it reads."""

    fitted: heads.Fitted
    readout: Readout

    @property
    def out_of_fold(self) -> NDArray[np.float64]:
        """Scores of each row from a head that was solved without its fold."""
        if self.fitted.out_of_fold is None:
            raise RuntimeError("the head was fitted without folds")
        return self.fitted.out_of_fold


def fit_head(context: FitContext, choices: Choices, strategy: ResolvedStrategy) -> FittedRun:
    """Solve the head of `strategy` on what the frozen network says of the training pictures."""
    found, earlier = solved(context, choices.preprocessing, strategy)
    fitted, readout = found
    passes, preprocessing = context.passes, choices.preprocessing
    said = passes.features("train", preprocessing, readout=readout)
    backbone = passes.network(readout)
    # The held-out pictures pass by themselves, in the batches in which the bundle would see them again.
    held_out = passes.features("held out", preprocessing, look=HELD_OUT, readout=readout)
    head = fitted.head
    model = Model(
        engine=backbone.held,
        head=head,
        preprocessing=preprocessing,
        classes=context.division.classes,
        device=context.resolved.device,
        trust=trust_of_head(context.division, said, found.out_of_fold, head.temperature),
    )
    answers = model.answers_of(held_out)
    return FittedRun(
        model=model,
        probabilities=answers.probabilities,
        distances=answers.distances,
        cut=strategy.cut,
        head=strategy.row.head,
        readout=readout,
        flops=backbone.flops + head.flops(),
        parameters=Parameters(
            total=backbone.parameters + head.numbers,
            trained=head.fitted_numbers,
            remembered=head.numbers - head.fitted_numbers,
        ),
        solved=SolvedHead(settings=dict(fitted.chosen), converged=fitted.converged),
        shared=("decode", "framing", "features"),
        read=backbone.read,
        warnings=(*_unread(context, bool(backbone.read)), *fitted.warnings),
        earlier=earlier,
    )


def _unread(context: FitContext, reads: bool) -> tuple[Finding, ...]:  # noqa: FBT001
    """Return what to say if stages were asked for that the network does not have."""
    if not context.resolved.stages_asked or reads:
        return ()
    return (findings.no_stages_to_read(context.resolved.need_backbone().name),)


def solved(
    context: FitContext, preprocessing: Preprocessing, strategy: ResolvedStrategy, *, part: Part = "train"
) -> Once[Solved]:
    """Return the head and its readout: as asked for, or what answers better for training pictures it has not seen.

    It is solved once: the advice asks for the same head as the strategy does after it, on the pictures that are looked
    at for choosing, which are all of train unless these are very many.
    """
    rows = context.division.rows(part)
    key = ("head", strategy.row.head, preprocessing, len(rows))
    return context.memo.once(key, lambda: _solve(context, preprocessing, strategy, part), context.passes)


def _solve(context: FitContext, preprocessing: Preprocessing, strategy: ResolvedStrategy, part: Part) -> Solved:
    division, readouts = context.division, context.resolved.readouts
    rows = division.rows(part)
    labels, found = division.labels[rows], dict[Readout, Solved]()
    with context.progress.step(f"{strategy.name}: solved", len(readouts), "heads") as step:
        for readout in readouts:
            fitted = heads.HEADS[strategy.row.head].fit(
                context.passes.features(part, preprocessing, readout=readout),
                labels,
                len(division.classes),
                folds=division.folds_of(rows),
                seed=division.seed,
                blocks=context.passes.network(readout).blocks,
            )
            found[readout] = Solved(fitted, readout)
            step.advance()
    return found[clearly_better({readout: _unseen_losses(one, labels) for readout, one in found.items()})]


def _unseen_losses(head: Solved, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the losses of pictures that a head had not seen, by its probabilities: raw margins of an SVM are none."""
    return losses_of(head.out_of_fold / head.fitted.head.temperature, labels)
