"""Repeated cross-validation beside the one split: every picture held out once for each seed, or several random splits.

Each division of the pictures is an experiment of its own, in which all that is chosen is chosen inside its training
part: strength, readout, epoch. Only framing and augmentation are those of the whole experiment. What the frozen
network says of the pictures is taken from its one pass, so heads cost nothing but their solving.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart.base.errors import ConfigError, HeadstartError
from headstart.base.files import read_json, write_json
from headstart.base.streams import stream_seed
from headstart.evidence.metrics import accuracy, log_loss
from headstart.evidence.over_splits import compare_over_splits, mean_over_splits
from headstart.experiment.folder import RunFolder
from headstart.experiment.ground import Choices, Ground, Look, Pictures
from headstart.experiment.request import Request
from headstart.features import PLAIN, View
from headstart.records.preprocessing import Preprocessing
from headstart.records.progress import Silent
from headstart.strategies.fit_head import fit_head
from headstart.strategies.fitted import FittedRun
from headstart.strategies.strategy import Strategy, in_order, strategy_of
from headstart.table import folds, group_ids, hold_out

SHARE = 0.25  # is held out in each split, where there are no folds
_TOLD = ("C", "kernel", "gamma", "k", "readout", "epoch_chosen")


class Division(NamedTuple):
    """Rows of the table to learn from and to measure on; `root` is the seed of all that is drawn by lot in it."""

    seed: int
    fold: int
    root: int
    train: NDArray[np.int64]
    held: NDArray[np.int64]


class Part(Ground):
    """The ground of one division: some pictures of `whole`, divided otherwise."""

    def __init__(self, whole: Ground, division: Division) -> None:
        self._whole = whole
        self._rows = np.sort(np.concatenate([division.train, division.held]))
        splits = np.where(np.isin(self._rows, division.held), "test", "train")
        super().__init__(
            request=replace(whole.request, seed=division.root, select="train"),
            table=replace(whole.table.only(self._rows), splits=splits),
            pictures=Pictures(whole.pictures.store, whole.pictures.kept[self._rows]),
            backbone=whole.backbone,
            device=whole.device,
            progress=whole.progress,
            decode_seconds=0.0,
            side=whole.side,
            engine=whole.engine,
        )
        self.activation_limit, self._networks = whole.activation_limit, whole._networks

    def features(
        self, rows: NDArray[np.int64], prepared: Preprocessing, look: Look, *, view: View = PLAIN, readout: str = "pool"
    ) -> NDArray[np.float32]:
        """Return what the frozen network said of these pictures when it saw all of them."""
        if view != PLAIN:
            return super().features(rows, prepared, look, view=view, readout=readout)
        wanted = self._rows[rows]
        said = np.empty((len(wanted), self.network(readout).features), np.float32)
        for seen in (self._whole.train, self._whole.held_out):
            place = np.full(len(self._whole.table), -1)
            place[seen] = np.arange(len(seen))
            here = place[wanted] >= 0
            said[here] = self._whole.features(seen, prepared, look, readout=readout)[place[wanted[here]]]
        return said


def asked_for(request: Request, folder: RunFolder) -> dict[str, Any] | None:
    """Return how often the pictures are divided in this folder, None where they are not.

    Raises
    ------
    ConfigError
        If they are divided otherwise there already: who tries until a strategy wins has chosen by the result.
    """
    standing = (folder.plan() or {}).get("resampling")
    if request.folds is None and request.seeds is None:
        return standing
    asked = {"folds": request.folds, "seeds": request.seeds or 1, "strategies": list(request.strategies)}
    if standing is None:
        return asked
    for name in ("folds", "seeds"):
        if standing[name] != asked[name]:
            raise ConfigError(
                f"'{folder.path}' holds results of {described(standing)}, not of {described(asked)}.",
                hint="Give the same --folds and --seeds, or choose another run folder with --out.",
            )
    return {**asked, "strategies": list(in_order([*standing["strategies"], *request.strategies]))}


def described(asked: Mapping[str, Any]) -> str:
    """Return for example "5 x 4 splits"."""
    return f"{asked['folds']} x {asked['seeds']} splits" if asked["folds"] else f"{asked['seeds']} splits"


def noted(ground: Ground, folder: RunFolder, plan: dict[str, Any], asked: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the plan with what is asked for, written; what cannot be divided is said now, before the work."""
    if asked is None:
        return plan
    divisions(ground, asked)
    plan = {**plan, "resampling": dict(asked)}
    folder.write_plan(plan)
    return plan


def pool(ground: Ground) -> NDArray[np.int64]:
    """Return the rows that are divided: all that are not of a test split that somebody gave."""
    table = ground.table
    return np.arange(len(table)) if ground.drawn else np.flatnonzero(table.splits != "test")


def divisions(ground: Ground, asked: Mapping[str, Any]) -> list[Division]:
    """Return all divisions, seed by seed.

    Raises
    ------
    ConfigError
        If a class has too few pictures, or too few groups, for so many folds.
    """
    rows, root = pool(ground), ground.request.seed
    labels, groups = ground.table.labels[rows], group_ids(ground.table, rows)
    found = []
    for seed in range(asked["seeds"]):
        own = stream_seed(root, "resampling", seed)
        for fold, held in enumerate(_held(labels, groups, asked["folds"], own)):
            _check_learnable(labels[~held], groups[~held], ground.classes)
            found.append(Division(seed, fold, own, rows[~held], rows[held]))
    return found


def _held(
    labels: NDArray[np.int64], groups: NDArray[np.str_], number: int | None, seed: int
) -> Iterator[NDArray[np.bool_]]:
    smallest = int(np.bincount(labels).min())
    if number is None:
        held = hold_out(labels, groups, seed=seed, share=SHARE, least=1)
        if held is None:
            raise ConfigError(
                "A quarter of the pictures of every class cannot be held out.",
                hint="Every class needs three pictures or more, in small groups; else leave --seeds out.",
            )
        yield held
        return
    if number > smallest:
        raise ConfigError(
            f"The smallest class has {smallest} pictures, too few for {number} folds.",
            hint=f"Give --folds {smallest} at most, or more pictures of it.",
        )
    own = folds(labels, groups, seed=seed, n=number)
    for fold in np.unique(own):
        yield own == fold


def _check_learnable(labels: NDArray[np.int64], groups: NDArray[np.str_], classes: Sequence[str]) -> None:
    counts = np.bincount(labels, minlength=len(classes))
    if counts.min() < 2 or len(np.unique(groups)) < 2:
        name = classes[int(counts.argmin())]
        raise ConfigError(
            f"In one of the splits only {counts.min()} pictures of '{name}' are left to learn from.",
            hint="Give other --folds, more pictures, or smaller groups.",
        )


def resample(ground: Ground, choices: Choices, folder: RunFolder, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entry `resampling` of results.json; what stands in the folder already is not done again."""
    every = divisions(ground, asked)
    records = []
    for name in asked["strategies"]:
        with ground.progress.step(f"{name} over {described(asked)}", len(every), "splits") as step:
            for division in every:
                records.append(_record(ground, choices, folder, asked, strategy_of(name), division))
                step.advance()
    return _entry(ground, asked, every, records)


def _record(
    ground: Ground,
    choices: Choices,
    folder: RunFolder,
    asked: Mapping[str, Any],
    strategy: Strategy,
    division: Division,
) -> dict[str, Any]:
    """Return how one strategy did in one division, from the folder or anew."""
    name = f"{strategy.name}-s{division.seed}-f{division.fold}"
    path = folder.path / "resampling" / f"{name}.json"
    known = {"folds": asked["folds"], "seeds": asked["seeds"]}
    record = _standing(path, known)
    if record is None:
        begin = time.perf_counter()
        part = Part(ground, division)
        fitted = _fit(part, choices, strategy, folder.checkpoint(name))
        rows, labels = part._rows[part.held_out], part.table.labels[part.held_out]
        wrong = rows[fitted.probabilities.argmax(axis=1) != labels]
        record = {
            **known,
            "strategy": strategy.name,
            "seed": division.seed,
            "fold": division.fold,
            "train": len(part.train),
            "test": len(rows),
            "accuracy": accuracy(labels, fitted.probabilities.argmax(axis=1)),
            "loss": log_loss(labels, fitted.probabilities),
            "settings": {key: value for key, value in fitted.settings.items() if key in _TOLD},
            "seconds": time.perf_counter() - begin,
            "wrong": [ground.table.paths[row] for row in wrong],
        }
        write_json(path, record)
    folder.drop_checkpoint(name)
    return record


def _fit(part: Part, choices: Choices, strategy: Strategy, checkpoint: Path) -> FittedRun:
    if strategy.trained == "none":
        part.progress = Silent()
        return fit_head(part, choices, strategy)
    from headstart.strategies.fit_network import fit_network  # torch, which heads need not

    return fit_network(part, choices, strategy, checkpoint=checkpoint)


def _standing(path: Path, known: Mapping[str, Any]) -> dict[str, Any] | None:
    try:
        record = dict(read_json(path))
    except (HeadstartError, OSError, TypeError, ValueError):
        return None
    return record if all(record.get(key) == value for key, value in known.items()) else None


def _entry(
    ground: Ground, asked: Mapping[str, Any], every: Sequence[Division], records: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what was found: each split's figures, each strategy's mean and spread, the pairs."""
    labels = ground.table.labels[pool(ground)]
    counts = np.bincount(labels, minlength=len(ground.classes))
    train = round(float(np.mean([len(one.train) for one in every])))
    test = round(float(np.mean([len(one.held) for one in every])))
    accuracies = {
        name: np.array([record["accuracy"] for record in records if record["strategy"] == name])
        for name in dict.fromkeys(record["strategy"] for record in records)
    }
    same = same_head(records)
    rivals = {name: values for name, values in accuracies.items() if name not in same}
    shape = (asked["seeds"], -1)
    hidden = {"folds", "seeds", "wrong"}
    return {
        "folds": asked["folds"],
        "seeds": asked["seeds"],
        "pictures": len(labels),
        "least_per_class": int(counts.min()),
        "chance": float(counts.max() / counts.sum()),
        "train": train,
        "test": test,
        "strategies": [
            {
                "strategy": name,
                **mean_over_splits(values.reshape(shape), train=train, test=test),
                "seconds": sum(record["seconds"] for record in records if record["strategy"] == name),
            }
            for name, values in accuracies.items()
        ],
        "runs": [{key: value for key, value in record.items() if key not in hidden} for record in records],
        "same_as": same,
        "comparisons": compare_over_splits(rivals, train=train, test=test) if len(every) > 1 else [],
    }


def same_head(records: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return which strategies kept the solved head in every split, and erred on the same pictures as the first such."""
    found: dict[str, str] = {}
    solved: dict[str, list[Any]] = {}
    for name in dict.fromkeys(record["strategy"] for record in records):
        own = [record for record in records if record["strategy"] == name]
        if name == "linear" or all(record["settings"].get("epoch_chosen") == 0 for record in own):
            wrong = [record["wrong"] for record in own]
            one = next((other for other, errors in solved.items() if errors == wrong), None)
            if one is None:
                solved[name] = wrong
            else:
                found[name] = one
    return found
