"""How much of the feature maps is inactive, before and after training, of the networks that stand in a run folder.

What was counted of a network stays in the folder (``activity/``) under its bundle's checksum, so that nothing is
counted twice, and a run folder to which deeper trainings come counts only those.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import save_file

from headstart.backbones import Stage
from headstart.base.errors import ConfigError, DataError, HeadstartError, PictureError
from headstart.base.executors import ordered_map
from headstart.base.files import disk_error, durable_writer, fingerprint
from headstart.base.process import thread_budget, torch_in_budget
from headstart.base.types import Floats
from headstart.bundle.folder import read_folder, read_manifest
from headstart.bundle.model import BATCH, network_of
from headstart.evidence.activity import mean_over, trend
from headstart.pixels import decode_for, frame
from headstart.records.activity import ActivityRecord, CountedLayer, DepthActivity, LayerShare
from headstart.records.codec import read_record, write_record
from headstart.records.columns import ActivityFile
from headstart.records.metrics import SplitName
from headstart.records.preprocessing import Preprocessing
from headstart.records.progress import Progress
from headstart.records.record import Count, Figure, Record
from headstart.records.results import Results
from headstart.records.run import RunRecord
from headstart.table import read_rows
from headstart.words.activity import trend_record

if TYPE_CHECKING:
    from torch import nn

    from headstart.backbones.activity import Counted, Layer
    from headstart.backbones.stages import Plan

FORMAT = 2
MOST_PICTURES = 1000  # held-out pictures; more tell no more, and they are held in memory
SHOWN = 3  # pictures whose maps are kept

Squares = Sequence[NDArray[np.uint8]]


class LayerFacts(Record):
    """What was counted of one layer of one network, over all pictures."""

    stage: str
    function: str
    channels: Count
    places: Count
    exact: bool
    limit: Figure | None
    dead_units: Count
    dead_channels: Count


class CountedFacts(Record):
    """What stands of one network: under which key, its stages, the channels that are shown, its layers."""

    key: str
    stages: tuple[str, ...]
    channels: tuple[Count, ...]
    layers: tuple[LayerFacts, ...]


@dataclass(frozen=True)
class Depth:
    """A run and how much of its network was trained: so many stages from the end; 0 is the frozen network."""

    run: RunRecord
    unfrozen: int

    @property
    def name(self) -> str:
        """The run's id."""
        return self.run.id


@dataclass(frozen=True, eq=False)
class _Seen:
    """The pictures on which is counted: of which split, where they lie, and what belongs together."""

    split: SplitName
    root: Path
    paths: tuple[str, ...]
    groups: NDArray[np.str_]

    @property
    def shown(self) -> list[int]:
        """Which of them are shown: evenly chosen, so that none is preferred for what it shows."""
        count = min(SHOWN, len(self.paths))
        return [(2 * at + 1) * len(self.paths) // (2 * count) for at in range(count)]


@dataclass(frozen=True, eq=False)
class _Found:
    """What stands in the folder of one run: facts of each layer, and shares, (pictures, layers)."""

    layers: Sequence[LayerFacts]
    inactive: Floats
    capped: Floats


def measure_activity(
    folder: Path, results: Results, *, root: Path, progress: Progress, device: str = "cpu"
) -> ActivityRecord:
    """Return the entry ``activity`` of results.json, and keep it in the run folder.

    Parameters
    ----------
    folder : Path
        A run folder with runs that stand: one whose head was solved on the frozen network, and at least one that
        trained it.
    results : Results
        Content of its results.json.
    root : Path
        The folder of the pictures.
    progress : Progress
    device : str
        Where to compute what was not counted before.

    Raises
    ------
    ConfigError
        If there is nothing to compare, or the network's stages cannot be watched.
    DataError
        If a picture can no longer be read.
    StoreError, BundleError
        If the folder cannot be written or a bundle is damaged.
    """
    frozen, trained = _frozen_and_trained(results)
    seen = _seen(folder, results, root)
    bench = _Bench(folder, seen, frozen, progress, device)
    stages = [name for name in bench.stages if name != "pool"]
    depths = [Depth(frozen, 0), *sorted((Depth(run, _unfrozen(run, stages)) for run in trained), key=_order)]
    found = {depth.name: bench.found(depth) for depth in depths}
    entry = _entry(seen, depths, found, stages)
    write_record(folder / "activity" / "activity.json", entry)
    return entry


def _frozen_and_trained(results: Results) -> tuple[RunRecord, list[RunRecord]]:
    runs = [run for run in results.runs if run.weights == "pretrained"]
    solved, trained = [run for run in runs if run.training is None], [run for run in runs if run.training is not None]
    if not solved or not trained:
        lacks = "whose network stayed frozen (linear, svm or knn)" if trained else "that trained the network"
        raise ConfigError(
            f"The run folder has no run {lacks}, so there is no before and after.",
            hint="The same compare command with --strategies linear,partial adds both.",
        )
    return solved[0], trained


def _unfrozen(run: RunRecord, stages: Sequence[str]) -> int:
    return len(stages) - stages.index(run.cut) if run.cut in stages else len(stages)


def _order(depth: Depth) -> tuple[int, str]:
    return depth.unfrozen, depth.name


def _seen(folder: Path, results: Results, root: Path) -> _Seen:
    """Return the pictures that measure: all of them, or 1,000 at even distances."""
    split = results.measuring
    rows = [row for row in read_rows(folder / "split.parquet") if row.split == split]
    rows = [rows[at * len(rows) // MOST_PICTURES] for at in range(MOST_PICTURES)] if len(rows) > MOST_PICTURES else rows
    groups = np.array([row.group or row.path for row in rows], np.str_)
    return _Seen(split, root, tuple(row.path for row in rows), groups)


@dataclass(eq=False)
class _Bench:
    """Counts what was not counted before; network, stages and pictures are made when they are first needed."""

    folder: Path
    seen: _Seen
    frozen: RunRecord
    progress: Progress
    device: str
    _plan: Plan | None = None
    _layers: tuple[Layer, ...] = ()
    _squares: Squares = field(default_factory=list)

    @property
    def stages(self) -> tuple[str, ...]:
        """The names of the network's stages."""
        kept = self._kept(self.frozen)
        return kept.stages if kept is not None else _names(self._planned()[0].stages)

    def found(self, depth: Depth) -> _Found:
        """Return what was counted of a run's network, now or before; a kept solved head means the frozen one."""
        run = self.frozen if depth.run.kept_solved_head else depth.run
        facts = self._kept(run)
        if facts is None:
            self._count(run)
            facts = self._kept(run)
        if facts is None:
            raise RuntimeError(f"what was counted of '{run.id}' does not stand")
        inactive, capped = self._shares(run).read([layer.stage for layer in facts.layers])
        return _Found(facts.layers, inactive, capped)

    def _kept(self, run: RunRecord) -> CountedFacts | None:
        """Return the facts that stand of a run, if they are of this bundle and these pictures."""
        try:
            facts = read_record(self._file(run, "json"), CountedFacts)
        except (HeadstartError, OSError):
            return None
        return facts if facts.key == self._key(run) and self._shares(run).stands() else None

    def _key(self, run: RunRecord) -> str:
        bundle = read_manifest(self.folder / run.bundle).sha256
        return fingerprint([FORMAT, bundle, list(self.seen.paths), self.seen.shown])

    def _file(self, run: RunRecord, suffix: str) -> Path:
        return self.folder / "activity" / f"{run.id}.{suffix}"

    def _shares(self, run: RunRecord) -> ActivityFile:
        return ActivityFile(self._file(run, "parquet"))

    def _planned(self) -> tuple[Plan, tuple[Layer, ...]]:
        """Return the stages and the layers that are watched, of the frozen network: those of all."""
        if self._plan is None:
            with torch_in_budget():
                from headstart.backbones.activity import layers_of
                from headstart.backbones.stages import noise, plan_stages
            network, prepared = self._network(self.frozen)
            self._plan = plan_stages(network, noise(prepared.input_size), flops=0.0)
            self._layers = layers_of(network, self._plan, prepared.input_size)
        return self._plan, self._layers

    def _network(self, run: RunRecord) -> tuple[nn.Module, Preprocessing]:
        """Return the network of a run's bundle, as it is without a readout of its stages, and how it sees pictures."""
        contents = read_folder(self.folder / run.bundle)
        return network_of(contents, self.folder / run.bundle, alone=True), contents.preprocessing

    def _count(self, run: RunRecord) -> None:
        """Run a network over the pictures and keep what was counted; the facts come last."""
        plan, layers = self._planned()
        from headstart.backbones.activity import Meter, chosen_channels
        from headstart.backbones.forward import normalise

        network, prepared = self._network(run)
        squares = self._framed(prepared)
        meter = Meter(network.to(self.device).eval(), plan, layers)
        batches = [squares[begin : begin + BATCH] for begin in range(0, len(squares), BATCH)]
        meter.calibrate(normalise(np.stack(batches[0]), prepared).to(self.device))
        with self.progress.step(f"activity: {run.id}", len(squares)) as step:
            for batch in batches:
                meter.count(normalise(np.stack(batch), prepared).to(self.device))
                step.advance(len(batch))
        counted = meter.counted()
        shown = np.stack([squares[at] for at in self.seen.shown])
        self._keep_maps(run, meter.maps(normalise(shown, prepared).to(self.device)))
        names = [layer.stage for layer in counted.layers]
        self._shares(run).write(self.seen.paths, names, inactive=counted.inactive, capped=counted.capped)
        facts = CountedFacts(
            key=self._key(run),
            stages=_names(plan.stages),
            channels=tuple(chosen_channels(counted.layers[-1].channels)),
            layers=_facts(counted),
        )
        write_record(self._file(run, "json"), facts)

    def _keep_maps(self, run: RunRecord, maps: NDArray[np.float32] | None) -> None:
        if maps is None:
            return
        with durable_writer(self._file(run, "safetensors")) as temporary:
            try:
                save_file({"maps": np.ascontiguousarray(maps)}, temporary)
            except SafetensorError as error:
                raise disk_error(error) from error

    def _framed(self, prepared: Preprocessing) -> Squares:
        """Return the pictures as the networks see them, decoded once for all."""
        if self._squares:
            return self._squares

        def squares() -> Iterator[NDArray[np.uint8]]:
            files = [self.seen.root / path for path in self.seen.paths]
            for square in ordered_map(lambda file: _square(file, prepared), files, threads=thread_budget()):
                step.advance()
                yield square

        with self.progress.step("activity: pictures", len(self.seen.paths)) as step:
            self._squares = list(squares())
        return self._squares


def _square(file: Path, prepared: Preprocessing) -> NDArray[np.uint8]:
    try:
        return frame(decode_for(file, prepared), prepared)
    except (PictureError, OSError) as error:
        raise DataError(
            f"'{file}', one of the pictures of this run, cannot be read ({error}).",
            hint="Say with --data where the pictures are now.",
        ) from error


def _names(stages: Sequence[Stage]) -> tuple[str, ...]:
    return tuple(stage.name for stage in stages)


def _facts(counted: Counted) -> tuple[LayerFacts, ...]:
    return tuple(
        LayerFacts(
            stage=layer.stage,
            function=layer.function,
            channels=layer.channels,
            places=layer.places,
            exact=layer.exact,
            limit=layer.limit,
            dead_units=int(counted.dead_units[place]),
            dead_channels=int(counted.dead_channels[place]),
        )
        for place, layer in enumerate(counted.layers)
    )


def _entry(seen: _Seen, depths: Sequence[Depth], found: Mapping[str, _Found], stages: Sequence[str]) -> ActivityRecord:
    base = found[depths[0].name]
    last = base.layers[-1]
    rising: dict[int, str] = {}
    for depth in depths:
        if not depth.run.kept_solved_head:
            rising.setdefault(depth.unfrozen, depth.name)
    shares = [found[name].inactive[:, -1] for name in rising.values()]
    said = trend(list(rising), shares, groups=seen.groups) if len(rising) > 1 else None
    return ActivityRecord(
        split=seen.split,
        pictures=len(seen.paths),
        units=len(np.unique(seen.groups)),
        stages=tuple(stages),
        layer=CountedLayer(
            stage=last.stage,
            function=last.function,
            channels=last.channels,
            places=last.places,
            exact=last.exact,
        ),
        depths=tuple(_told(seen, depth, found[depth.name], base) for depth in depths),
        trend=None if said is None else trend_record(said),
        shown=tuple(seen.paths[at] for at in seen.shown),
    )


def _told(seen: _Seen, depth: Depth, found: _Found, base: _Found) -> DepthActivity:
    """Return what is said of one depth: its last layer, against the frozen network, and every stage."""
    run, measured = depth.run, depth.run.metrics.of(seen.split)
    apart = mean_over(found.inactive[:, -1] - base.inactive[:, -1], groups=seen.groups) if depth.unfrozen else None
    return DepthActivity(
        run=depth.name,
        unfrozen=depth.unfrozen,
        cut=run.cut,
        kept_solved_head=run.kept_solved_head,
        epochs=len(run.epochs),
        accuracy=None if measured is None else measured.accuracy,
        accuracy_interval=None if measured is None else measured.interval,
        difference=apart,
        layers=tuple(_share(seen, found, place) for place in range(len(found.layers))),
    )


def _share(seen: _Seen, found: _Found, place: int) -> LayerShare:
    layer, mean = found.layers[place], mean_over(found.inactive[:, place], groups=seen.groups)
    return LayerShare(
        stage=layer.stage,
        share=mean.value,
        interval=mean.interval,
        capped=float(found.capped[:, place].mean()) if layer.function == "ReLU6" else None,
        dead_units=layer.dead_units,
        dead_channels=layer.dead_channels,
        channels=layer.channels,
        places=layer.places,
        limit=layer.limit,
    )
