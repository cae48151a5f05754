"""Would more training pictures help? Heads solved again on smaller parts of train, judged on the rest of it.

Nothing outside train is looked at. Of each of some folds in turn the pictures are answered by heads that learned from
an eighth, a quarter, a half and all of the others; settings and readout are those of the strategy, chosen once on all
of train, so the figures at each size are slightly too good, and their differences next to not at all.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart import heads
from headstart.base.streams import stream_seed
from headstart.base.types import Floats
from headstart.evidence.forecast import LEAST_SIZES, RightAnswers, forecast, rising_class
from headstart.evidence.units import numbered
from headstart.heads.share_done import PARTS, heard_by
from headstart.heads.training import Size
from headstart.records.forecast import LearningRecord, RisingClass
from headstart.records.preprocessing import Preprocessing
from headstart.records.progress import Progress
from headstart.records.record import Scalar
from headstart.records.run import Readout, RunRecord
from headstart.strategies.context import FitContext, Once
from headstart.strategies.division import Part
from headstart.strategies.resolved import Choices
from headstart.strategies.room import short_of
from headstart.strategies.strategy import REFERENCE, Strategy, strategy_of
from headstart.table import folds, growing_parts
from headstart.words.memory import curve_left_out

SHARES = (1 / 8, 1 / 4, 1 / 2, 1.0)
MOST_DRAWS = 3
# Rows x the lesser of rows and features x features x classes of one head on all of train: with less than the first all
# draws are made (about a second on two cores), beyond the second two folds are asked about, beyond the third none:
# 1,975 pictures of 196 classes took 29 s for five folds, with the last features.
_DRAWS_WORK, _MUCH_WORK, _MOST_WORK = 2e9, 1e11, 4e12
_FOLDS, _FEW_FOLDS = 5, 2


class Curve(NamedTuple):
    """RightAnswers for pictures of train by heads that learned from parts of the others.

    `sizes` are the parts' mean numbers of pictures, ascending; `rows` are those that were asked about, and `right` is
    (draws, sizes, rows).
    """

    sizes: Floats
    right: RightAnswers
    rows: NDArray[np.int64]


def learning_curve(
    features: Floats,
    labels: NDArray[np.int64],
    groups: NDArray[np.str_],
    *,
    head: str,
    chosen: Mapping[str, Scalar],
    blocks: Sequence[int] = (),
    draws: int,
    seed: int,
    progress: Progress,
    most_folds: int = _FOLDS,
) -> Curve | None:
    """Return the curve of one head, None where classes are so small that there are no three sizes.

    Parameters
    ----------
    features : array, (n, D)
    labels : array of int, (n,)
    groups : array of str, (n,)
        As from `group_ids`; they stay together.
    head : str
        A name of `heads.HEADS`.
    chosen : mapping
        Its settings, as in `heads.Fitted`.
    blocks : sequence of int
        How many features each part of a readout has, in order; without them all are one part.
    draws : int
        How often the folds and the parts are drawn.
    seed : int
    progress : Progress
    most_folds : int
        So many folds of each draw are answered.
    """
    classes = int(labels.max()) + 1
    drawn = [folds(labels, groups, seed=stream_seed(seed, "learning curve", draw)) for draw in range(draws)]
    shares = _shares(labels, drawn[0])
    if len(shares) < LEAST_SIZES:
        return None
    right = np.zeros((draws, len(shares), len(labels)), bool)
    sizes = np.zeros((draws, len(shares)))
    asked = np.isin(drawn[0], np.unique(drawn[0])[:most_folds]) if draws == 1 else np.ones(len(labels), bool)
    total = sum(len(np.unique(own[asked])) for own in drawn)
    costs = np.concatenate([[0.0], np.cumsum(shares) / np.sum(shares)])  # what is done of a fold after each part
    with progress.step("learning curve", PARTS * total, "steps") as step:
        for draw, own in enumerate(drawn):
            for fold in np.unique(own[asked]):
                rest, held = np.flatnonzero(own != fold), np.flatnonzero(own == fold)
                root = stream_seed(seed, "part", draw, int(fold))
                for place, part in enumerate(growing_parts(labels[rest], groups[rest], shares, seed=root)):
                    rows = rest[part]
                    with heard_by(step, round(PARTS * costs[place + 1]) - round(PARTS * costs[place])):
                        solved = heads.HEADS[head].solve(features[rows], labels[rows], classes, chosen, blocks=blocks)
                    right[draw, place, held] = solved.scores(features[held]).argmax(axis=1) == labels[held]
                    sizes[draw, place] += len(rows) * len(held) / asked.sum()
    mean = np.asarray(sizes.mean(axis=0))
    return Curve(mean, right[:, :, asked], np.flatnonzero(asked)) if (np.diff(mean) > 0).all() else None


def learned(context: FitContext, choices: Choices, runs: Sequence[RunRecord], winner: str) -> LearningRecord | None:
    """Return what more training pictures would bring to the winner.

    Where the winner is trained by gradients its learning is judged by that of the reference strategy. None where there
    is no network to read, no head among the runs, or too little or too much to learn from.
    """
    record = _solved(runs, winner)
    if record is None or record.solved is None:
        return None
    begin, division = time.perf_counter(), context.division
    strategy = strategy_of(record.strategy)
    curve, earlier = curve_on(context, choices.preprocessing, strategy, record.readout, record.solved.settings)
    if curve is None:
        return None
    labels, classes = division.labels[division.train], division.classes
    units = numbered(division.groups[curve.rows])
    found = forecast(curve.right, curve.sizes, pictures=len(labels), units=units, seed=division.seed)
    rising = rising_class(curve.right, labels[curve.rows], units=units)
    return LearningRecord(
        run=record.id,
        winner=winner,
        pictures=len(labels),
        draws=len(curve.right),
        sizes=tuple(curve.sizes.tolist()),
        accuracy=tuple(curve.right.mean(axis=(0, 2)).tolist()),
        forecast=found,
        rising=None if rising is None else RisingClass(name=classes[rising.label], recall=rising.recall, p=rising.p),
        seconds=time.perf_counter() - begin + earlier,
    )


def curve_on(
    context: FitContext,
    preprocessing: Preprocessing,
    strategy: Strategy,
    readout: Readout,
    chosen: Mapping[str, Scalar],
    *,
    part: Part = "train",
) -> Once[Curve | None]:
    """Return the learning curve of a solved head on a part of train, drawn once; None where it would take minutes."""
    division = context.division
    rows = division.rows(part)

    def make() -> Curve | None:
        features = np.asarray(context.passes.features(part, preprocessing, readout=readout))
        shape = (*features.shape, len(division.classes))
        draws = draws_for(*shape)
        if not draws:
            return None
        missing = short_of(strategy.head, Size(len(features), features.shape[1], len(division.classes), 1))
        if missing is not None:
            context.progress.message(curve_left_out(*missing))
            return None
        return learning_curve(
            features,
            division.labels[rows],
            division.groups_of(rows),
            head=strategy.head,
            chosen=chosen,
            blocks=context.passes.network(readout).blocks,
            draws=draws,
            seed=division.seed,
            progress=context.progress,
            most_folds=_folds_for(*shape),
        )

    key = ("curve", strategy.head, readout, preprocessing, len(rows))
    return context.memo.once(key, make, context.passes)


def draws_for(rows: int, features: int, classes: int) -> int:
    """Return how often to draw: three times where it is quick, never where one draw takes minutes."""
    work = _work(rows, features, classes)
    if work > _MOST_WORK:
        return 0
    return int(np.clip(_DRAWS_WORK // work, 1, MOST_DRAWS))


def curve_work(rows: int, features: int, classes: int) -> float | None:
    """Return the work of all heads of a learning curve, None where there are none to solve."""
    solved = draws_for(rows, features, classes) * _folds_for(rows, features, classes)
    if not solved:
        return None
    learned = rows * (_FOLDS - 1) / _FOLDS
    return solved * sum(_work(round(share * learned), features, classes) for share in SHARES)


def _folds_for(rows: int, features: int, classes: int) -> int:
    return _FEW_FOLDS if _work(rows, features, classes) > _MUCH_WORK else _FOLDS


def _work(rows: int, features: int, classes: int) -> float:
    return float(rows) * min(rows, features) * features * classes


def _shares(labels: NDArray[np.int64], own: NDArray[np.int64]) -> tuple[float, ...]:
    """Return the shares at which every class still has two pictures."""
    least = min(int(np.bincount(labels[own != fold]).min()) for fold in np.unique(own))
    return tuple(share for share in SHARES if round(share * least) >= 2)


def _solved(runs: Sequence[RunRecord], winner: str) -> RunRecord | None:
    """Return the winner's record if its head is solved, else that of the reference strategy."""
    by_id = {run.id: run for run in runs}
    for name in (winner, REFERENCE.name):
        if name in by_id and by_id[name].solved is not None:
            return by_id[name]
    return None
