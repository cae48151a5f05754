"""Strategies that train nothing of the backbone: one frozen pass, then a head solved on its features."""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart import heads
from headstart.backbones import Backbone
from headstart.bundle import Model
from headstart.experiment.framing_choice import clearly_better, losses_of
from headstart.experiment.ground import Choices, Ground, Look
from headstart.experiment.request import AUTO
from headstart.records.preprocessing import Preprocessing
from headstart.records.run import READOUTS
from headstart.strategies.fitted import FittedRun
from headstart.strategies.strategy import Strategy
from headstart.strategies.trust import trust_of_head


def fit_head(ground: Ground, choices: Choices, strategy: Strategy) -> FittedRun:
    """Solve the head of `strategy` on what the frozen network says of the training pictures."""
    fitted, readout, earlier = solved(ground, choices.preprocessing, strategy)
    if fitted.out_of_fold is None:
        raise RuntimeError("the head was fitted without folds")
    said = ground.features(ground.train, choices.preprocessing, Look("features", "features"), readout=readout)
    backbone = ground.network(readout)
    # The held-out pictures pass by themselves, in the batches in which the bundle would see them again.
    held_out = ground.features(
        ground.held_out, choices.preprocessing, Look("features", "features, held out"), readout=readout
    )
    model = Model(
        network=backbone.held,
        head=fitted.head,
        preprocessing=choices.preprocessing,
        classes=ground.classes,
        device=ground.device,
        trust=trust_of_head(ground, said, fitted.out_of_fold, fitted.head.temperature),
    )
    answers = model.answers_of(held_out)
    return FittedRun(
        model=model,
        probabilities=answers.probabilities,
        distances=answers.distances,
        cut="pool",
        flops=backbone.flops + fitted.head.flops(),
        total=backbone.parameters + fitted.head.numbers,
        trained=fitted.head.fitted_numbers,
        remembered=fitted.head.numbers - fitted.head.fitted_numbers,
        settings={**fitted.chosen, "readout": readout, "converged": fitted.converged},
        shared=("decode", "framing", "features"),
        read=backbone.read,
        warnings=(*_unread(ground, backbone), *fitted.warnings),
        earlier=earlier,
    )


def _unread(ground: Ground, backbone: Backbone) -> tuple[str, ...]:
    """Return what to say if stages were asked for that the network does not have."""
    if ground.request.readout != "stages" or backbone.read:
        return ()
    return (f"{backbone.name} has no stages that can be read, so its last features alone were.",)


def readouts_tried(ground: Ground) -> tuple[str, ...]:
    """Return the readouts among which a head chooses; a network without places to read has but one."""
    asked = ground.request.readout
    wanted = READOUTS if asked == AUTO else (asked,)
    return tuple(dict.fromkeys(ground.network(readout).readout for readout in wanted))


class Solved(NamedTuple):
    """A solved head, its readout, and the seconds that were spent on it before it was asked for now."""

    fitted: heads.Fitted
    readout: str
    earlier: float


def solved(ground: Ground, preprocessing: Preprocessing, strategy: Strategy, *, few: bool = False) -> Solved:
    """Return the head and its readout: as asked for, or what answers better for training pictures it has not seen.

    It is solved once: the advice asks for the same head as the strategy does after it. With `few`, on the pictures that
    are looked at for choosing, which are all of train unless these are very many.
    """
    rows = ground.looked_at if few else ground.train
    key = ("head", strategy.head, preprocessing, len(rows))
    if key in ground.solved:
        known: Solved = ground.solved[key]
        return known
    begin, before = time.perf_counter(), ground.spent
    found = Solved(*_solve(ground, preprocessing, strategy, rows), earlier=0.0)
    seconds = time.perf_counter() - begin - (ground.spent - before)  # passes count by themselves
    ground.solved[key] = found._replace(earlier=seconds)
    return found


def _solve(
    ground: Ground, preprocessing: Preprocessing, strategy: Strategy, rows: NDArray[np.int64]
) -> tuple[heads.Fitted, str]:
    readouts = readouts_tried(ground)
    labels, found = ground.table.labels[rows], dict[str, heads.Fitted]()
    folds = ground.folds[np.searchsorted(ground.train, rows)]  # both ascend
    with ground.progress.step(f"{strategy.name}: solved", len(readouts), "heads") as step:
        for readout in readouts:
            features = ground.features(rows, preprocessing, Look("features", "features"), readout=readout)
            found[readout] = heads.HEADS[strategy.head].fit(
                features,
                labels,
                len(ground.classes),
                folds=folds,
                seed=ground.request.seed,
                blocks=ground.network(readout).blocks,
            )
            step.advance()
    best = clearly_better({readout: _unseen_losses(fitted, labels) for readout, fitted in found.items()})
    return found[best], best


def _unseen_losses(fitted: heads.Fitted, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return each training picture's log loss under a head that has not seen it (NaN where none was asked)."""
    if fitted.out_of_fold is None:
        raise RuntimeError("the head was fitted without folds")
    return losses_of(fitted.out_of_fold / fitted.head.temperature, labels)
