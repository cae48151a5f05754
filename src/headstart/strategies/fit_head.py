"""Strategies that train nothing of the backbone: one frozen pass, then a head solved on its features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart import heads
from headstart.bundle import Model
from headstart.evidence.choosing import clearly_better, losses_of
from headstart.heads.share_done import PARTS, heard_by
from headstart.records.findings import Finding
from headstart.records.preprocessing import Preprocessing
from headstart.records.run import Parameters, Readout, SolvedHead
from headstart.strategies.answer_limits import trust_of_head
from headstart.strategies.context import FitContext, Once
from headstart.strategies.division import Part, Rows
from headstart.strategies.fitted import FittedRun
from headstart.strategies.passes import HELD_OUT
from headstart.strategies.resolved import Choices, ResolvedStrategy
from headstart.strategies.room import make_room, short_of, size_of
from headstart.words import findings
from headstart.words.memory import readouts_left_out


class Solved(NamedTuple):
    """A solved head and what it reads."""

    fitted: heads.Fitted
    readout: Readout
    left_out: tuple[Finding, ...] = ()

    @property
    def out_of_fold(self) -> NDArray[np.float64]:
        """Scores of each row from a head that was solved without its fold."""
        if self.fitted.out_of_fold is None:
            raise RuntimeError("the head was fitted without folds")
        return self.fitted.out_of_fold


def fit_head(context: FitContext, choices: Choices, strategy: ResolvedStrategy) -> FittedRun:
    """Solve the head of `strategy` on what the frozen network says of the training pictures."""
    found, earlier = solved(context, choices.preprocessing, strategy)
    fitted, readout = found.fitted, found.readout
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
        warnings=(*_unread(context, bool(backbone.read)), *found.left_out, *fitted.warnings),
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
    division = context.division
    rows = division.rows(part)
    readouts, left_out = _in_room(context, strategy, rows)
    labels, found = division.labels[rows], dict[Readout, Solved]()
    with context.progress.step(f"{strategy.name}: solved", PARTS * len(readouts), "steps") as step:
        for readout in readouts:
            features = context.passes.features(part, preprocessing, readout=readout)
            with heard_by(step):
                fitted = heads.HEADS[strategy.row.head].fit(
                    features,
                    labels,
                    len(division.classes),
                    folds=division.folds_of(rows),
                    seed=division.seed,
                    blocks=context.passes.network(readout).blocks,
                )
            found[readout] = Solved(fitted, readout, left_out)
    return found[clearly_better({readout: _unseen_losses(one, labels) for readout, one in found.items()})]


def _in_room(
    context: FitContext, strategy: ResolvedStrategy, rows: Rows
) -> tuple[Sequence[Readout], tuple[Finding, ...]]:
    """Return the readouts on which the head fits into memory, and what is said of the others.

    Raises
    ------
    HeadstartError
        If it fits on none.
    """
    head, asked = strategy.row.head, context.resolved.readouts
    sizes = {readout: size_of(context, rows, context.passes.network(readout).features) for readout in asked}
    missing = {readout: short for readout in asked if (short := short_of(head, sizes[readout]))}
    fitting = [readout for readout in asked if readout not in missing]
    largest = max(fitting or [min(asked, key=lambda one: sizes[one].features)], key=lambda one: sizes[one].features)
    make_room(strategy.name, head, sizes[largest], context.progress)
    left_out = readouts_left_out(list(missing), *max(missing.values())) if missing else None
    return fitting, () if left_out is None else (left_out,)


def _unseen_losses(head: Solved, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the losses of pictures that a head had not seen, by its probabilities: raw margins of an SVM are none."""
    return losses_of(head.out_of_fold / head.fitted.head.temperature, labels)
