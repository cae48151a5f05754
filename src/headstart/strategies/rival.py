"""The head on the frozen network that a training starts from and is judged against.

It is the best of those that a person would have without any training, by answers for training pictures that it had not
seen. So nothing is solved again for it: the strategies that solve heads have asked for the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from headstart import heads
from headstart.base.types import Affine, Floats
from headstart.bundle import Trust
from headstart.evidence.choosing import losses_of
from headstart.heads.share_done import PARTS, heard_by
from headstart.strategies.answer_limits import trust_of_head
from headstart.strategies.context import FitContext
from headstart.strategies.division import Rows
from headstart.strategies.fit_head import Solved, solved
from headstart.strategies.resolved import Choices, ResolvedStrategy
from headstart.strategies.room import make_room, short_of, size_of
from headstart.strategies.strategy import RIVALS, Strategy
from headstart.strategies.training_input import TrainingInput


@dataclass(frozen=True, eq=False)
class Rival:
    """A solved head, and the strategy that solves it."""

    row: Strategy
    found: Solved
    earlier: float = 0.0  # seconds that were spent on it and the others before it was asked for

    @property
    def head(self) -> Affine:
        """The head."""
        head = self.found.fitted.head
        if not isinstance(head, Affine):
            raise RuntimeError(f"the head of '{self.row.name}' is not affine")
        return head

    def error(self, context: FitContext) -> float:
        """Return on which share of the training pictures it errs, each without its fold."""
        scores = self.found.out_of_fold
        told = np.isfinite(scores).all(axis=1)
        labels = context.division.labels[context.division.train]
        return float((scores.argmax(axis=1) != labels)[told].mean())

    def trust(self, context: FitContext, choices: Choices) -> Trust:
        """Return what is known of its limits."""
        said = context.passes.features("train", choices.preprocessing, readout=self.found.readout)
        return trust_of_head(context.division, said, self.found.out_of_fold, self.head.temperature)

    def unseen(self, context: FitContext, choices: Choices, inputs: TrainingInput) -> Floats:
        """Return its scores, at temperature 1, of the pictures that choose an epoch; it had not seen them."""
        division = context.division
        if inputs.choosing_in == "train":
            scores = self.found.out_of_fold[np.searchsorted(division.train, inputs.choosing)]
        else:
            said = context.passes.features("choosing", choices.preprocessing, readout=self.found.readout)
            scores = self.head.scores(said)
        return scores / self.head.temperature


def rival_of(context: FitContext, choices: Choices) -> Rival:
    """Return the best head on the frozen network, by the losses of training pictures that it had not seen."""
    labels, earlier = context.division.labels[context.division.train], 0.0
    found: list[tuple[float, Rival]] = []
    for row in _in_room(context):
        head, before = solved(context, choices.preprocessing, ResolvedStrategy(row, "pool"))
        loss = float(np.nanmean(losses_of(head.out_of_fold / head.fitted.head.temperature, labels)))
        found.append((loss, Rival(row, head)))
        earlier += before
    return replace(min(found, key=lambda one: one[0])[1], earlier=earlier)


def _in_room(context: FitContext) -> tuple[Strategy, ...]:
    """Return the strategies whose head fits into memory on the last features; where none does, the first says so."""
    train, features = context.division.train, context.resolved.need_backbone().features
    fitting = tuple(row for row in RIVALS if short_of(row.head, size_of(context, train, features)) is None)
    return fitting or RIVALS[:1]


def solve_again(context: FitContext, row: Strategy, views: list[Floats], rows: Rows) -> Affine:
    """Return the head of `row` on the features of some training rows.

    Parameters
    ----------
    context : FitContext
    row : Strategy
        One of `RIVALS`.
    views : list of array, (rows, d)
        Features of the same pictures, seen in one or more ways.
    rows : array of int
        Training rows, in any order.
    """
    division, name = context.division, "the head to start from"
    make_room(name, row.head, size_of(context, rows, views[0].shape[1], views=len(views)), context.progress)
    with context.progress.step(f"{name}: solved", PARTS, "steps") as step, heard_by(step):
        fitted = heads.HEADS[row.head].fit(
            np.concatenate(views),
            np.tile(division.labels[rows], len(views)),
            len(division.classes),
            folds=np.tile(division.folds_of(rows), len(views)),  # train is in ascending order, rows need not be
            seed=division.seed,
        )
    if not isinstance(fitted.head, Affine):
        raise RuntimeError(f"the head of '{row.name}' is not affine")
    return fitted.head
