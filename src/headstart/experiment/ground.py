"""What all strategies of one experiment share: pictures, splits, backbone, and what was chosen for all."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart import backbones
from headstart.backbones import Backbone
from headstart.base.errors import ConfigError, DataError
from headstart.base.process import thread_budget
from headstart.experiment.depths import activation_bytes, activation_limit, stored_cuts
from headstart.experiment.networks import EngineCandidate, networks, worth_keeping
from headstart.experiment.request import Request
from headstart.features import PLAIN, StoredRows, View, extract, stands
from headstart.pixels import PixelStore, frame
from headstart.records.preprocessing import Preprocessing
from headstart.records.progress import Progress
from headstart.records.record import changed
from headstart.strategies.settings import training_settings
from headstart.table import (
    Table,
    apply_split_file,
    check_trainable,
    folds,
    group_ids,
    hold_out,
    some_of,
    warn_of_copies,
    with_splits,
)

LOOKS = 4000  # training pictures that choose framing and augmentation; more tell no more
PROBES = 8  # pictures on which a graph is compared with its network


@dataclass(frozen=True, eq=False)
class Pictures:
    """The usable pictures of a table, in its order, out of a pixel store that also has the faulty ones."""

    store: PixelStore
    kept: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.kept)

    def __getitem__(self, row: int) -> NDArray[np.uint8]:
        return self.store[int(self.kept[row])]


@dataclass(frozen=True, eq=False)
class Choices:
    """What was chosen once for every strategy, inside the training split."""

    preprocessing: Preprocessing
    augment: str
    notes: dict[str, Any] = field(default_factory=dict)


class Look(NamedTuple):
    """What a pass through the frozen network is for: the step that its cost counts for, and what a person reads."""

    step: str
    name: str


@dataclass(eq=False)
class Ground:
    """The shared ground of one experiment.

    Parameters
    ----------
    table : Table
        Usable pictures with their splits.
    pictures : Pictures
        Their pixels, row by row.
    backbone : Backbone, optional
        None when no strategy needs pre-trained weights.
    decode_seconds : float
        What decoding took.
    side : int
        Short side, in pixels, to which pictures are decoded.
    decode_rate : float, optional
        Seconds a picture that decoding is expected to take; None where it is done.
    engine : str
        By what the frozen network answers for features: ``"torch"``, or ``"onnx"``, the graph that was kept of it.
    drawn : bool
        The test split was drawn here: nobody gave it to be kept closed.

    Attributes
    ----------
    train, held_out : arrays of int
        StoredRows of `table` to learn from, and rows that only measure, in table order.
    warnings : list of str
        What a reader of any figure must know about the pictures.
    looked_at : array of int
        StoredRows of train on which framing and augmentation are chosen: all of them, or some where they are many.
    activation_limit : int
        How many bytes the stored activations of one training may take.
    solved : dict
        What was solved on the training pictures and may be asked for again, by what it is.
    """

    request: Request
    table: Table
    pictures: Pictures
    backbone: Backbone | None
    device: str
    progress: Progress
    decode_seconds: float
    side: int
    decode_rate: float | None = None
    engine: str = "torch"
    drawn: bool = False

    def __post_init__(self) -> None:
        table = self.table
        self.warnings = warn_of_copies(table)
        self.activation_limit = activation_limit()
        self.spent = 0.0  # wall seconds of this process inside shared passes
        self.before: dict[str, float] = {}  # what shared steps cost before this process continued
        self._costs: dict[str, tuple[str, float]] = {}
        self._networks: dict[str, Backbone] = {}  # by readout
        self.solved: dict[Hashable, Any] = {}
        self.train = table.rows("train")
        self.measured = table.measured
        self.held_out = np.concatenate([table.rows("val"), table.rows("test")])
        self.train_groups = group_ids(table, self.train)
        self.folds = folds(table.labels[self.train], self.train_groups, seed=self.request.seed)
        some = some_of(self.train, table.labels, LOOKS, seed=self.request.seed)
        apart = len(np.unique(self.folds[np.searchsorted(self.train, some)])) > 1
        self.looked_at = some if apart else self.train
        if len(np.unique(self.folds)) < 2:
            raise DataError(
                "All training pictures belong to one group, so nothing inside train can be held out for choosing.",
                hint="Training pictures of two groups or more are needed: give more groups, or another split.",
            )

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, sorted."""
        return self.table.classes

    def need_backbone(self) -> Backbone:
        """Return the pre-trained backbone (it was loaded if any strategy needs it)."""
        if self.backbone is None:
            raise RuntimeError("no strategy of this experiment asked for a backbone")
        return self.backbone

    def choosing_rows(self) -> tuple[NDArray[np.int64], str]:
        """Return the rows that choose an epoch, and where they are from: ``"train"``, ``"val"`` or ``"none"``.

        They are the validation rows where a test split measures or `select` is ``"val"``; else an inner
        hold-out of train, if every class keeps 10 pictures in it and the rest still has two folds; else nobody chooses.
        So it is, too, where the request says that nothing is to be chosen.
        """
        if self.request.fixed:
            return np.zeros(0, np.int64), "none"
        validation = self.table.rows("val")
        if len(validation) and (self.measured == "test" or self.request.select == "val"):
            return validation, "val"
        mask = hold_out(self.table.labels[self.train], self.train_groups, seed=self.request.seed)
        if mask is None or len(np.unique(self.folds[~mask])) < 2:
            return np.zeros(0, np.int64), "none"
        return self.train[mask], "train"

    def refits(self, strategy: str) -> bool:
        """Return whether `strategy` is trained again with the pictures that chose its epoch: those of train are."""
        return training_settings(self.request, strategy).refit and self.choosing_rows()[1] == "train"

    def features(
        self, rows: NDArray[np.int64], prepared: Preprocessing, look: Look, *, view: View = PLAIN, readout: str = "pool"
    ) -> NDArray[np.float32]:
        """Return what the frozen network says of some pictures, (len(rows), d) float32, with this readout."""
        # What is looked at for more than the pooled features has those as the last columns of the same pass.
        wide = (self.train, self.looked_at, self.held_out)
        more = self.request.readout != "pool" and view == PLAIN and any(rows is one for one in wide)
        said = self._pass(self.network("stages" if more else readout), rows, prepared, look, view, cut=None)["pooled"]
        return np.asarray(said)[:, said.shape[1] - self.network(readout).features :]

    def squares(self, prepared: Preprocessing) -> list[NDArray[np.uint8]]:
        """Return some pictures of train as a network sees them."""
        return [frame(self.pictures[int(row)], prepared) for row in self.train[:PROBES]]

    def engine_candidate(self) -> EngineCandidate | None:
        """Return what `EngineCandidate.keep` needs, if the network is worth keeping."""
        if not worth_keeping(self.request, self.backbone, self.device):
            return None
        backbone = self.need_backbone()
        return EngineCandidate(self.request, backbone, self.squares(backbone.preprocessing))

    def preferred_engine(self) -> str:
        """Return the engine for the frozen passes: the kept graph if it is fast here; torch where it has begun.

        A graph and its network differ by rounding, so one experiment takes one of them from its first look on.
        """
        kept = None if self.backbone is None else self.backbone.held.kept
        if kept is None or not kept.preferred or self.device != "cpu" or not kept.opens():
            return "torch"
        framing = "squash" if self.request.framing == "auto" else self.request.framing
        prepared = changed(self.need_backbone().preprocessing, framing=framing)
        network = self.network("pool" if self.request.readout == "pool" else "stages")
        seen = [
            stands(network, rows, self.table.digests, preprocessing=prepared, engine="torch")
            for rows in (self.looked_at, self.train)
        ]
        return "torch" if any(seen) else "onnx"

    def activations(
        self, rows: NDArray[np.int64], prepared: Preprocessing, look: Look, *, cut: str, view: View = PLAIN
    ) -> NDArray[np.float16]:
        """Return what enters the network's part after `cut`, (len(rows), ...) float16.

        The same pass leaves what enters those after the other cuts that are asked for.
        """
        return self._pass(self.need_backbone(), rows, prepared, look, view, cut=cut)["activations"]

    def _pass(
        self,
        network: Backbone,
        rows: NDArray[np.int64],
        prepared: Preprocessing,
        look: Look,
        view: View,
        *,
        cut: str | None,
    ) -> StoredRows:
        """Run a frozen network over some pictures, or find what it said, and count the cost."""
        begin = time.perf_counter()
        found = extract(
            network,
            self.pictures,
            rows,
            self.table.digests,
            preprocessing=prepared,
            view=view,
            cut=cut,
            beside=self.stored_cuts(cut) if cut is not None else (),
            pooled=cut is None,
            device=self.device,
            engine="torch" if cut else self.engine,
            progress=self.progress,
            name=look.name,
        )
        self.spent += time.perf_counter() - begin
        # What a pass cost when it was made counts, once, also where it was found in the cache.
        self._costs[found.made] = (look.step, found.seconds)
        return found

    def activation_bytes(self, cut: str) -> int:
        """Return what the views and the plain activations at `cut` would take on disk."""
        return activation_bytes(self.need_backbone(), cut, (self.request.views + 1) * len(self.table))

    def stored_cuts(self, first: str | None = None) -> tuple[str, ...]:
        """Return the cuts at which activations are stored, in one pass: `first`, and those that fit beside it."""
        return stored_cuts(self.request, self.need_backbone(), len(self.table), self.activation_limit, first)

    def network(self, readout: str) -> Backbone:
        """Return the pre-trained backbone that answers with this readout."""
        if readout not in self._networks:
            self._networks[readout] = backbones.read_out(self.need_backbone(), readout)
        return self._networks[readout]

    @property
    def seconds(self) -> dict[str, float]:
        """What each shared step cost."""
        total = {"decode": self.decode_seconds}
        for step, seconds in self._costs.values():
            total[step] = total.get(step, 0.0) + seconds
        return {step: max(total.get(step, 0.0), self.before.get(step, 0.0)) for step in {**self.before, **total}}


def prepare(
    table: Table,
    request: Request,
    *,
    files: Sequence[Path | NDArray[np.uint8]] | None = None,
    threads: int | None,
    progress: Progress,
    split_file: Path | None = None,
    must_measure: bool = True,
    side: int | None = None,
    loaded: Backbone | None = None,
) -> Ground:
    """Decode every picture once, set the faulty ones aside, split, and load the backbone.

    Parameters
    ----------
    table : Table
        As read; splits may still be open.
    files : sequence, optional
        Where the pictures are, if not in the table's files: uint8 arrays of an estimator.
    split_file : Path, optional
        Divide the pictures as this file says.
    must_measure : bool
        Hold pictures out to measure on, if the data does not say which.
    side : int, optional
        Short side, in pixels, to which pictures of this experiment were decoded before.
    loaded : Backbone, optional
        The pre-trained network, if it is there already.

    Raises
    ------
    DataError
        If the pictures cannot be used as they are.
    ConfigError
        If they would have to be decoded to another side now.
    """
    before = side
    device, backbone, side = networks(request, loaded)
    if before not in (None, side):
        raise ConfigError(
            f"With {', '.join(request.strategies)} together pictures are stored at {side} pixels; what stands in the "
            f"run folder saw them at {before}.",
            hint="Compare all of them on equal terms: begin anew in another folder with --out.",
        )
    sources = [table.file(row) for row in range(len(table))] if files is None else list(files)
    begin = time.perf_counter()
    store = PixelStore.build(sources, table.digests, short_side=side, threads=thread_budget(threads), progress=progress)
    decode_seconds = time.perf_counter() - begin
    faulty = dict(store.faulty)
    kept = np.array([row for row in range(len(table)) if row not in faulty], np.int64)
    if not len(kept):
        raise DataError(
            f"None of the {len(table)} pictures of '{table.root}' can be read.",
            hint="The first: " + "; ".join(f"{table.paths[row]}: {faulty[row]}" for row in sorted(faulty)[:3]) + ".",
        )
    if faulty and not must_measure:
        row = min(faulty)
        raise DataError(
            f"{len(faulty)} of {len(table)} pictures cannot be read, first '{_name(sources[row])}' ({faulty[row]}).",
            hint="Leave them out of the pictures and labels.",
        )
    usable = divided(table, table.without(faulty), request, split_file, must_measure=must_measure)
    ground = Ground(request, usable, Pictures(store, kept), backbone, device, progress, decode_seconds, side)
    ground.drawn = not table.divided and split_file is None
    for warning in ground.warnings:
        progress.message(warning)
    return ground


def divided(table: Table, usable: Table, request: Request, split_file: Path | None, *, must_measure: bool) -> Table:
    """Return the usable pictures of `table` with their splits, checked."""
    if split_file is not None:
        usable = apply_split_file(usable, split_file)
    elif must_measure and not table.divided:
        usable = with_splits(usable, seed=request.seed)
    check_trainable(usable)
    if must_measure and not usable.divided:
        raise DataError(
            f"No readable picture of '{table.root}' is held out to measure on.",
            hint="Give some rows the split val or test, or leave the split out and headstart divides them.",
        )
    if request.select == "val" and not len(usable.rows("val")):
        raise ConfigError(
            f"'select' is 'val', but '{table.root}' has no val pictures.",
            hint="Leave --select out: epochs are then chosen inside train.",
        )
    return usable


def _name(source: Path | NDArray[np.uint8]) -> str:
    return "an array" if isinstance(source, np.ndarray) else str(source)
