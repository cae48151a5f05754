"""Trainings of before: what was trained once on this machine, with everything the same, is not trained again.

An entry of the cache (``trainings/<key>/``) holds a trained strategy's bundle, its predictions and its record. The
key holds all that the result hangs on, so what is found is what training anew would give, times apart.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache as once
from importlib.metadata import version
from pathlib import Path
from typing import Any

import headstart
from headstart.base import cache
from headstart.base.errors import HeadstartError
from headstart.base.files import cache_folder, durable_writer, fingerprint, read_json, sha256_of_file, write_json
from headstart.bundle.folder import read_folder, write_folder
from headstart.experiment.conclude import environment, places_of
from headstart.experiment.folder import RunFolder
from headstart.experiment.ground import Choices, Ground
from headstart.strategies.settings import check_cut
from headstart.strategies.strategy import Strategy

FORMAT = 2  # since bundles know how sure they are
_MANIFEST, _RECORD, _PREDICTIONS, _BUNDLE = "manifest.json", "record.json", "predictions.parquet", "bundle"
# What the libraries round by, beside the processor itself.
_STEERING = ("ATEN_", "DNNL_", "MKL_", "ONEDNN_", "OPENBLAS_", "OMP_NUM_THREADS")
_TOLD = "as it was trained before on this machine, with the same pictures and options; nothing is trained again."


@dataclass(frozen=True)
class CachedTraining:
    """One training, by all that its result hangs on; `facts` are those that a person would ask for."""

    key: str
    facts: Mapping[str, Any]

    @property
    def place(self) -> Path:
        """Its folder in the cache, whether it stands or not."""
        return cache_folder() / "trainings" / self.key[:32]

    def stands(self) -> bool:
        """Return whether it was kept, and is whole."""
        try:
            manifest = read_json(self.place / _MANIFEST)
            whole = manifest["key"] == self.key
            return whole and all(sha256_of_file(self.place / name) == sha for name, sha in manifest["sha256"].items())
        except (HeadstartError, OSError, KeyError, TypeError, AttributeError):
            return False

    def restore(self, folder: RunFolder, name: str) -> dict[str, Any] | None:
        """Put what was kept into a run folder and return its record; None if it is gone or damaged."""
        if not self.stands():
            return None
        with suppress(OSError):
            os.utime(self.place / _MANIFEST)  # used now; nothing of it stays open
        try:
            record = {**read_json(self.place / _RECORD), **places_of(name)}
            write_folder(read_folder(self.place / _BUNDLE), folder.bundle(name))
            with durable_writer(folder.predictions(name)) as temporary:
                shutil.copyfile(self.place / _PREDICTIONS, temporary)
        except (HeadstartError, OSError, TypeError, ValueError):
            if self.stands():  # then it is the run folder that cannot be written
                raise
            return None
        return {**record, "seconds": {**record["seconds"], "earlier": True}}

    def keep(self, folder: RunFolder, record: Mapping[str, Any], tell: Callable[[str], None]) -> None:
        """Keep a training that stands in a run folder; `tell` hears where the cache cannot be written."""
        try:
            with cache.building(self.place, stands=self.stands) as draft:
                shutil.copytree(folder.bundle(record["id"]), draft / _BUNDLE)
                shutil.copyfile(folder.predictions(record["id"]), draft / _PREDICTIONS)
                write_json(draft / _RECORD, record)
                files = sorted(file for file in draft.rglob("*") if file.is_file())
                digests = {file.relative_to(draft).as_posix(): sha256_of_file(file) for file in files}
                manifest = {"format": FORMAT, "key": self.key, "of": self.facts, "sha256": digests}
                write_json(draft / _MANIFEST, manifest)
            cache.make_room()
        except HeadstartError as error:  # costs the next run time, and this one nothing
            tell(f"{record['id']}: the training could not be kept for other run folders ({error}).")


def training_of(ground: Ground, choices: Choices, strategy: Strategy) -> CachedTraining:
    """Return which training `strategy` is here: pictures, split, options, choices, machine and versions."""
    cut = None  # whatever the run is called: a cut that its name says, and the same one given otherwise
    if strategy.trained == "part":
        cut = check_cut(ground.request, ground.need_backbone(), strategy.cut)
    facts = {"strategy": strategy.kind, "cut": cut, "data": ground.table.root.name, "pictures": len(ground.table)}
    weights = ground.backbone.sha256 if ground.backbone is not None else None
    key = fingerprint(
        {
            "format": FORMAT,
            "headstart": [headstart.__version__, _sources()],
            "strategy": [strategy.kind, cut],
            "experiment": ground.request.fingerprint(ground.table.fingerprint()),
            "preprocessing": choices.preprocessing.to_dict(),
            "augment": choices.augment,
            "engine": [ground.engine, version("onnxruntime") if ground.engine == "onnx" else None],
            "activation_limit": ground.activation_limit if strategy.trained == "part" else None,
            "weights": weights,
            "environment": environment(ground.device),
            "arithmetic": _arithmetic(ground.device),
        }
    )
    return CachedTraining(key, facts)


@once
def _sources() -> str:
    """Return what tells one state of headstart's own code from another: in a checkout the version does not."""
    home = Path(headstart.__file__).parent
    return fingerprint({file.relative_to(home): sha256_of_file(file) for file in sorted(home.rglob("*.py"))})


def _arithmetic(device: str) -> list[str]:
    """Return by what sums are rounded here: instruction sets, the graphics card, and what steers the libraries."""
    import torch  # only trainings come here, which need it anyway

    card = torch.cuda.get_device_name() if device.startswith("cuda") else ""
    steered = [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith(_STEERING)]
    return [torch.backends.cpu.get_cpu_capability(), card, *steered]


def told(name: str) -> str:
    """Return what a person hears of a strategy that was trained before."""
    return f"{name}: {_TOLD}"
