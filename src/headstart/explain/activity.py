"""How much of the feature maps is inactive, before and after training, of the networks that stand in a run folder.

What was counted of a network stays in the folder (``activity/``) under its bundle's checksum, so that nothing is
counted twice, and a run folder to which deeper trainings come counts only those.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import save_file

from headstart import backbones
from headstart.backbones import Stage
from headstart.base.errors import ConfigError, DataError, HeadstartError, PictureError
from headstart.base.executors import ordered_map
from headstart.base.files import disk_error, durable_writer, fingerprint, read_json, write_json
from headstart.base.process import thread_budget, torch_in_budget
from headstart.base.types import Floats
from headstart.bundle.folder import read_folder, read_manifest
from headstart.bundle.model import BATCH, described
from headstart.evidence.activity import mean_over, trend
from headstart.experiment.folder import RunFolder
from headstart.pixels import decode, frame
from headstart.records.preprocessing import Preprocessing
from headstart.records.progress import Progress
from headstart.strategies.strategy import strategy_of
from headstart.table import read_rows

if TYPE_CHECKING:
    from torch import nn

    from headstart.backbones.activity import Counted, Layer
    from headstart.backbones.stages import Plan

FORMAT = 1
MOST_PICTURES = 1000  # held-out pictures; more tell no more, and they are held in memory
SHOWN = 3  # pictures whose maps are kept

Run = Mapping[str, Any]
Squares = Sequence[NDArray[np.uint8]]


@dataclass(frozen=True)
class Depth:
    """A run and how much of its network was trained: so many stages from the end; 0 is the frozen network."""

    run: Run
    unfrozen: int

    @property
    def name(self) -> str:
        """The run's id."""
        return str(self.run["id"])


@dataclass(frozen=True, eq=False)
class _Seen:
    """The pictures on which is counted: of which split, where they lie, and what belongs together."""

    split: str
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

    layers: Sequence[Mapping[str, Any]]
    inactive: Floats
    capped: Floats


def measure_activity(
    folder: RunFolder, results: Mapping[str, Any], *, root: Path, progress: Progress, device: str = "cpu"
) -> dict[str, Any]:
    """Return the entry ``activity`` of results.json, and keep it in the run folder.

    Parameters
    ----------
    folder : RunFolder
        With runs that stand: one whose head was solved on the frozen network, and at least one that trained it.
    results : mapping
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
    stages = [stage for stage in bench.stages if stage.name != "pool"]
    depths = [Depth(frozen, 0), *sorted((Depth(run, _unfrozen(run, stages)) for run in trained), key=_order)]
    found = {depth.name: bench.found(depth) for depth in depths}
    entry = _entry(seen, depths, found, stages)
    write_json(folder.activity, entry)
    return entry


def _frozen_and_trained(results: Mapping[str, Any]) -> tuple[Run, list[Run]]:
    runs = [run for run in results["runs"] if run["weights"] == "pretrained"]
    heads = [run for run in runs if strategy_of(run["id"]).trained == "none"]
    trained = [run for run in runs if strategy_of(run["id"]).trained != "none"]
    if not heads or not trained:
        lacks = "whose network stayed frozen (linear, svm or knn)" if trained else "that trained the network"
        raise ConfigError(
            f"The run folder has no run {lacks}, so there is no before and after.",
            hint="The same compare command with --strategies linear,partial puts both beside what stands there.",
        )
    return heads[0], trained


def _unfrozen(run: Run, stages: Sequence[Stage]) -> int:
    names = [stage.name for stage in stages]
    return len(names) - names.index(run["cut"]) if run["cut"] in names else len(names)


def _order(depth: Depth) -> tuple[int, str]:
    return depth.unfrozen, depth.name


def _seen(folder: RunFolder, results: Mapping[str, Any], root: Path) -> _Seen:
    """Return the pictures that measure: all of them, or 1,000 at even distances."""
    split = "test" if any(run["metrics"].get("test") for run in results["runs"]) else "val"
    rows = [row for row in read_rows(folder.path / "split.parquet") if row.split == split]
    rows = [rows[at * len(rows) // MOST_PICTURES] for at in range(MOST_PICTURES)] if len(rows) > MOST_PICTURES else rows
    groups = np.array([row.group or row.path for row in rows], np.str_)
    return _Seen(split, root, tuple(row.path for row in rows), groups)


@dataclass(eq=False)
class _Bench:
    """Counts what was not counted before; network, stages and pictures are made when they are first needed."""

    folder: RunFolder
    seen: _Seen
    frozen: Run
    progress: Progress
    device: str
    _plan: Plan | None = None
    _layers: tuple[Layer, ...] = ()
    _squares: Squares = field(default_factory=list)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages of the network."""
        kept = self._kept(self.frozen)
        if kept is not None:
            return tuple(Stage(name, 0, (), 0.0) for name in kept["stages"])
        return self._planned()[0].stages

    def found(self, depth: Depth) -> _Found:
        """Return what was counted of a run's network, now or before; a kept solved head means the frozen one."""
        run = self.frozen if _kept_head(depth.run) else depth.run
        facts = self._kept(run)
        if facts is None:
            self._count(run)
            facts = self._kept(run)
        if facts is None:
            raise RuntimeError(f"what was counted of '{run['id']}' does not stand")
        with pq.ParquetFile(self._file(run, "parquet")) as opened:
            content = opened.read()
        names = [layer["stage"] for layer in facts["layers"]]
        inactive, capped = (
            np.column_stack([np.asarray(content[f"{what} {name}"].to_pylist(), np.float64) for name in names])
            for what in ("inactive", "capped")
        )
        return _Found(facts["layers"], inactive, capped)

    def _kept(self, run: Run) -> dict[str, Any] | None:
        """Return the facts that stand of a run, if they are of this bundle and these pictures."""
        try:
            facts = read_json(self._file(run, "json"))
            pq.read_metadata(self._file(run, "parquet"))
        except (HeadstartError, OSError, pa.ArrowException):
            return None
        return dict(facts) if isinstance(facts, dict) and facts.get("key") == self._key(run) else None

    def _key(self, run: Run) -> str:
        bundle = read_manifest(self.folder.bundle(run["id"]))["sha256"]
        return fingerprint([FORMAT, bundle, list(self.seen.paths), self.seen.shown])

    def _file(self, run: Run, suffix: str) -> Path:
        return self.folder.activity.parent / f"{run['id']}.{suffix}"

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

    def _network(self, run: Run) -> tuple[nn.Module, Preprocessing]:
        """Return the network of a run's bundle, as it is without a readout of its stages, and how it sees pictures."""
        with torch_in_budget():
            import torch
        place = self.folder.bundle(run["id"])
        contents = read_folder(place)
        prepared, _, architecture = described(contents.info, place)
        network = backbones.create(architecture, image_size=prepared.input_size)
        network.load_state_dict({name: torch.from_numpy(value) for name, value in contents.network.items()})
        return network, prepared

    def _count(self, run: Run) -> None:
        """Run a network over the pictures and keep what was counted; the facts come last."""
        plan, layers = self._planned()
        from headstart.backbones.activity import Meter, chosen_channels
        from headstart.backbones.forward import normalise

        network, prepared = self._network(run)
        squares = self._framed(prepared)
        meter = Meter(network.to(self.device).eval(), plan, layers)
        batches = [squares[begin : begin + BATCH] for begin in range(0, len(squares), BATCH)]
        meter.calibrate(normalise(np.stack(batches[0]), prepared).to(self.device))
        with self.progress.step(f"activity: {run['id']}", len(squares)) as step:
            for batch in batches:
                meter.count(normalise(np.stack(batch), prepared).to(self.device))
                step.advance(len(batch))
        counted = meter.counted()
        shown = np.stack([squares[at] for at in self.seen.shown])
        self._keep_maps(run, meter.maps(normalise(shown, prepared).to(self.device)))
        self._keep_shares(run, counted)
        layers_told = [
            {
                **{name: value for name, value in asdict(layer).items() if name not in ("call", "channel_axis")},
                "exact": layer.exact,
                "dead_units": counted.dead_units[place],
                "dead_channels": counted.dead_channels[place],
            }
            for place, layer in enumerate(counted.layers)
        ]
        facts = {
            "key": self._key(run),
            "stages": [stage.name for stage in plan.stages],
            "channels": chosen_channels(counted.layers[-1].channels),
            "layers": layers_told,
        }
        write_json(self._file(run, "json"), facts)

    def _keep_shares(self, run: Run, counted: Counted) -> None:
        columns: dict[str, Any] = {"path": list(self.seen.paths)}
        for place, layer in enumerate(counted.layers):
            columns[f"inactive {layer.stage}"] = counted.inactive[:, place]
            columns[f"capped {layer.stage}"] = counted.capped[:, place]
        with durable_writer(self._file(run, "parquet")) as temporary:
            pq.write_table(pa.table(columns), temporary)

    def _keep_maps(self, run: Run, maps: NDArray[np.float32] | None) -> None:
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
        return frame(decode(file, short_side=prepared.decode_side), prepared)
    except (PictureError, OSError) as error:
        raise DataError(
            f"'{file}' cannot be read, and was one of the pictures of this run ({error}).",
            hint="Say with --data where the pictures are now.",
        ) from error


def _kept_head(run: Run) -> bool:
    """Return whether a solved head was kept: then the network is the frozen one."""
    return (run.get("settings") or {}).get("epoch_chosen") == 0


def _entry(
    seen: _Seen, depths: Sequence[Depth], found: Mapping[str, _Found], stages: Sequence[Stage]
) -> dict[str, Any]:
    base = found[depths[0].name]
    last = base.layers[-1]
    told = [_told(seen, depth, found[depth.name], base) for depth in depths]
    rising: dict[int, str] = {}
    for depth in depths:
        if not _kept_head(depth.run):
            rising.setdefault(depth.unfrozen, depth.name)
    shares = [found[name].inactive[:, -1] for name in rising.values()]
    said = trend(list(rising), shares, groups=seen.groups) if len(rising) > 1 else None
    return {
        "split": seen.split,
        "pictures": len(seen.paths),
        "units": len(np.unique(seen.groups)),
        "stages": [stage.name for stage in stages],
        "layer": {name: last[name] for name in ("stage", "function", "channels", "places", "exact")},
        "depths": told,
        "trend": None if said is None else said.to_dict(),
        "shown": [seen.paths[at] for at in seen.shown],
    }


def _told(seen: _Seen, depth: Depth, found: _Found, base: _Found) -> dict[str, Any]:
    """Return what is said of one depth: its last layer, against the frozen network, and every stage."""
    split, run = seen.split, depth.run
    layers = []
    for place, layer in enumerate(found.layers):
        mean = mean_over(found.inactive[:, place], groups=seen.groups)
        layers.append(
            {
                "stage": layer["stage"],
                "share": mean.value,
                "interval": mean.interval,
                "capped": float(found.capped[:, place].mean()) if layer["function"] == "ReLU6" else None,
                "dead_units": layer["dead_units"],
                "dead_channels": layer["dead_channels"],
                "channels": layer["channels"],
                "places": layer["places"],
                "limit": layer["limit"],
            }
        )
    apart = mean_over(found.inactive[:, -1] - base.inactive[:, -1], groups=seen.groups) if depth.unfrozen else None
    return {
        "run": depth.name,
        "unfrozen": depth.unfrozen,
        "cut": run["cut"],
        "kept_head": _kept_head(run),
        "epochs": len(run.get("epochs") or ()),
        "accuracy": (run["metrics"].get(split) or {}).get("accuracy"),
        "accuracy_interval": (run["metrics"].get(split) or {}).get("interval"),
        "difference": None if apart is None else {"value": apart.value, "interval": apart.interval},
        "layers": layers,
    }
