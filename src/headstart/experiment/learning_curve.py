"""Would more training pictures help? Heads solved again on smaller parts of train, judged on the rest of it.

Nothing outside train is looked at. Of each of some folds in turn the pictures are answered by heads that learned from
an eighth, a quarter, a half and all of the others; settings and readout are those of the strategy, chosen once on all
of train, so the figures at each size are slightly too good, and their differences next to not at all.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart import heads
from headstart.base.streams import stream_seed
from headstart.base.types import Floats
from headstart.evidence.forecast import LEAST_SIZES, Forecast, RightAnswers, forecast, rising_class
from headstart.evidence.units import numbered
from headstart.experiment.ground import Choices, Ground, Look
from headstart.records.preprocessing import Preprocessing
from headstart.records.progress import Progress
from headstart.strategies.strategy import STRATEGIES, Strategy
from headstart.table import folds, growing_parts

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
    chosen: Mapping[str, Any],
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
    with progress.step("learning curve", total, "folds") as step:
        for draw, own in enumerate(drawn):
            for fold in np.unique(own[asked]):
                rest, held = np.flatnonzero(own != fold), np.flatnonzero(own == fold)
                root = stream_seed(seed, "part", draw, int(fold))
                for place, part in enumerate(growing_parts(labels[rest], groups[rest], shares, seed=root)):
                    rows = rest[part]
                    solved = heads.HEADS[head].solve(features[rows], labels[rows], classes, chosen, blocks=blocks)
                    right[draw, place, held] = solved.scores(features[held]).argmax(axis=1) == labels[held]
                    sizes[draw, place] += len(rows) * len(held) / asked.sum()
                step.advance()
    mean = np.asarray(sizes.mean(axis=0))
    return Curve(mean, right[:, :, asked], np.flatnonzero(asked)) if (np.diff(mean) > 0).all() else None


def learned(ground: Ground, choices: Choices, runs: Sequence[Mapping[str, Any]], winner: str) -> dict[str, Any] | None:
    """Return the entry `learning` of results.json: what more training pictures would bring to the winner.

    Where the winner is trained by gradients its learning is judged by that of `linear`. None where there is no
    network to read, no head among the runs, or too little or too much to learn from.
    """
    record = _solved(runs, winner)
    if record is None:
        return None
    begin = time.perf_counter()
    strategy, settings = STRATEGIES[record["strategy"]], record["settings"]
    curve, earlier = curve_on(ground, choices.preprocessing, strategy, settings["readout"], settings)
    if curve is None:
        return None
    labels, classes = ground.table.labels[ground.train], ground.classes
    units = numbered(ground.train_groups[curve.rows])
    found = forecast(curve.right, curve.sizes, pictures=len(labels), units=units, seed=ground.request.seed)
    rising = rising_class(curve.right, labels[curve.rows], units=units)
    return {
        "run": record["id"],
        "for": winner,
        "pictures": len(labels),
        "draws": len(curve.right),
        "sizes": curve.sizes.tolist(),
        "accuracy": curve.right.mean(axis=(0, 2)).tolist(),
        "forecast": found.to_dict(),
        "class": None if rising is None else {**rising, "class": classes[rising["class"]]},
        "seconds": time.perf_counter() - begin + earlier,
    }


class Drawn(NamedTuple):
    """A learning curve, None where it would take minutes, and the seconds that were spent on it before it was asked."""

    curve: Curve | None
    earlier: float


def curve_on(
    ground: Ground,
    preprocessing: Preprocessing,
    strategy: Strategy,
    readout: str,
    chosen: Mapping[str, Any],
    *,
    few: bool = False,
) -> Drawn:
    """Return the learning curve of a solved head on train, drawn once.

    With `few`, on the pictures that are looked at for choosing.
    """
    rows = ground.looked_at if few else ground.train
    key = ("curve", strategy.head, readout, preprocessing, len(rows))
    if key in ground.solved:
        known: Drawn = ground.solved[key]
        return known
    begin = time.perf_counter()
    look = Look("features", "features")
    features = np.asarray(ground.features(rows, preprocessing, look, readout=readout))
    shape = (*features.shape, len(ground.classes))
    draws = draws_for(*shape)
    curve = None
    if draws:
        curve = learning_curve(
            features,
            ground.table.labels[rows],
            ground.train_groups[np.searchsorted(ground.train, rows)],
            head=strategy.head,
            chosen=chosen,
            blocks=ground.network(readout).blocks,
            draws=draws,
            seed=ground.request.seed,
            progress=ground.progress,
            most_folds=_folds_for(*shape),
        )
    ground.solved[key] = Drawn(curve, time.perf_counter() - begin)
    return Drawn(curve, 0.0)


def forecast_of(entry: Mapping[str, Any]) -> Forecast:
    """Return the forecast in an entry `learning`."""
    said = entry["forecast"]
    return Forecast(
        pictures=entry["pictures"],
        more=said["pictures"],
        accuracy=said["accuracy"],
        accuracy_interval=tuple(said["accuracy_interval"]),
        gain=said["gain"],
        interval=tuple(said["interval"]),
        curve=tuple(said["curve"].values()),
    )


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


def _solved(runs: Sequence[Mapping[str, Any]], winner: str) -> Mapping[str, Any] | None:
    """Return the winner's record if its head is solved, else that of `linear`."""
    by_id = {run["id"]: run for run in runs}
    for name in (winner, "linear"):
        if name in by_id and STRATEGIES[by_id[name]["strategy"]].trained == "none":
            return by_id[name]
    return None
