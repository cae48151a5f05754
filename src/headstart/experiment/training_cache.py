"""Trainings of before: what was trained once on this machine, with everything the same, is not trained again.

An entry of the cache (``trainings/<key>/``) holds a trained strategy's bundle, its predictions and its record. The
key holds all that the result hangs on, so what is found is what training anew would give, times apart.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache as once
from importlib.metadata import version
from pathlib import Path

from headstart.base import cache
from headstart.base import version as own
from headstart.base.errors import HeadstartError
from headstart.base.files import cache_folder, durable_writer, fingerprint, sha256_of_file
from headstart.bundle.folder import read_folder, write_folder
from headstart.experiment.conclude import environment
from headstart.experiment.folder import RunFolder
from headstart.experiment.prepare import Prepared
from headstart.records.codec import plain, read_record, write_record
from headstart.records.record import Count, Record, changed
from headstart.records.run import RunRecord
from headstart.strategies.resolved import Choices, ResolvedStrategy

FORMAT = 3  # since records are typed
_MANIFEST, _RECORD, _PREDICTIONS, _BUNDLE = "manifest.json", "record.json", "predictions.parquet", "bundle"
# What the libraries round by, beside the processor itself.
_STEERING = ("ATEN_", "DNNL_", "MKL_", "ONEDNN_", "OPENBLAS_", "OMP_NUM_THREADS")


class TrainingFacts(Record):
    """What a person would ask of a kept training."""

    strategy: str
    cut: str | None
    data: str
    pictures: Count


class _Manifest(Record):
    """Content of an entry's manifest; `sha256` by file."""

    format: Count
    key: str
    of: TrainingFacts
    sha256: dict[str, str]


@dataclass(frozen=True)
class CachedTraining:
    """One training, by all that its result hangs on; `facts` are those that a person would ask for."""

    key: str
    facts: TrainingFacts

    @property
    def place(self) -> Path:
        """Its folder in the cache, whether it stands or not."""
        return cache_folder() / "trainings" / self.key[:32]

    def stands(self) -> bool:
        """Return whether it was kept, and is whole."""
        try:
            manifest = read_record(self.place / _MANIFEST, _Manifest)
            return manifest.key == self.key and all(
                sha256_of_file(self.place / name) == sha for name, sha in manifest.sha256.items()
            )
        except (HeadstartError, OSError):
            return False

    def restore(self, folder: RunFolder, name: str) -> RunRecord | None:
        """Put what was kept into a run folder and return its record; None if it is gone or damaged."""
        if not self.stands():
            return None
        with suppress(OSError):
            os.utime(self.place / _MANIFEST)  # used now; nothing of it stays open
        try:
            record = read_record(self.place / _RECORD, RunRecord)
            write_folder(read_folder(self.place / _BUNDLE), folder.bundle(name))
            with durable_writer(folder.predictions(name).path) as temporary:
                shutil.copyfile(self.place / _PREDICTIONS, temporary)
        except (HeadstartError, OSError):
            if self.stands():  # then it is the run folder that cannot be written
                raise
            return None
        return changed(
            record,
            id=name,
            predictions=f"predictions/{name}.parquet",
            bundle=f"bundles/{name}",
            seconds=changed(record.seconds, earlier=True),
        )

    def keep(self, folder: RunFolder, record: RunRecord, tell: Callable[[str], None]) -> None:
        """Keep a training that stands in a run folder; `tell` hears where the cache cannot be written."""
        try:
            with cache.building(self.place, stands=self.stands) as draft:
                shutil.copytree(folder.bundle(record.id), draft / _BUNDLE)
                shutil.copyfile(folder.predictions(record.id).path, draft / _PREDICTIONS)
                write_record(draft / _RECORD, record)
                files = sorted(file for file in draft.rglob("*") if file.is_file())
                digests = {file.relative_to(draft).as_posix(): sha256_of_file(file) for file in files}
                write_record(draft / _MANIFEST, _Manifest(format=FORMAT, key=self.key, of=self.facts, sha256=digests))
            cache.make_room()
        except HeadstartError as error:  # costs the next run time, and this one nothing
            tell(f"{record.id}: the training could not be kept for other run folders ({error}).")


def training_of(prepared: Prepared, choices: Choices, strategy: ResolvedStrategy) -> CachedTraining:
    """Return which training `strategy` is here: pictures, split, options, choices, machine and versions."""
    resolved, table = prepared.resolved, prepared.table
    partly = strategy.row.trains == "part"
    cut = strategy.cut if partly else None  # whatever the run is called
    facts = TrainingFacts(strategy=strategy.kind, cut=cut, data=table.root.name, pictures=len(table))
    key = fingerprint(
        {
            "format": FORMAT,
            "headstart": [own.__version__, _sources()],
            "strategy": [strategy.kind, cut],
            "experiment": prepared.request.fingerprint(table.fingerprint()),
            "preprocessing": plain(choices.preprocessing),
            "augment": choices.augment,
            "engine": [resolved.engine, version("onnxruntime") if resolved.engine == "onnx" else None],
            "activation_limit": resolved.activation_limit if partly else None,
            "weights": None if resolved.backbone is None else resolved.backbone.sha256,
            "environment": plain(environment(resolved.device)),
            "arithmetic": _arithmetic(resolved.device),
        }
    )
    return CachedTraining(key, facts)


@once
def _sources() -> str:
    """Return what tells one state of headstart's own code from another: in a checkout the version does not."""
    home = Path(str(own.__file__)).parents[1]
    return fingerprint({file.relative_to(home): sha256_of_file(file) for file in sorted(home.rglob("*.py"))})


def _arithmetic(device: str) -> list[str]:
    """Return by what sums are rounded here: instruction sets, the graphics card, and what steers the libraries."""
    import torch  # only trainings come here, which need it anyway

    card = torch.cuda.get_device_name() if device.startswith("cuda") else ""
    steered = [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith(_STEERING)]
    return [torch.backends.cpu.get_cpu_capability(), card, *steered]


def told(name: str) -> str:
    """Return what a person hears of a strategy that was trained before."""
    return f"{name}: already trained on this machine with the same pictures and options, so the result is reused."
