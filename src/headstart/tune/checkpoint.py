"""Checkpoints of a training: safetensors and JSON, whole at every moment.

``state.json`` is the pointer and is replaced last; it names the tensor files of its generation, which
carry the start of the fingerprint and the epoch in their names and are never overwritten with others'
content. Files that the pointer does not name are leftovers and are removed after it moved on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from headstart.base.errors import StoreError
from headstart.base.files import disk_error, durable_writer, read_json, write_json

FORMAT = 1
Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True, eq=False)
class Saved:
    """One checkpoint: plain facts, the tensors to go on with, and the best weights so far."""

    facts: dict[str, Any]
    tensors: Tensors
    best: Tensors | None


@dataclass(frozen=True)
class Checkpoint:
    """The checkpoint of one training in `folder`; `fingerprint` says which training it is."""

    folder: Path
    fingerprint: str

    def save(self, epoch: int, facts: Mapping[str, Any], tensors: Tensors, best: tuple[int, Tensors] | None) -> None:
        """Write a new generation, then remove the one before.

        Parameters
        ----------
        epoch : int
            The epoch that just ended.
        facts : mapping
            Plain values for JSON.
        tensors : dict of str to Tensor
        best : (epoch, tensors), optional
            The best weights so far; written only when they are new.

        Raises
        ------
        StoreError
            If the disk is full or the folder cannot be written.
        """
        names: dict[str, str | None] = {"tensors": self._name("epoch", epoch), "best": None}
        self._write(str(names["tensors"]), tensors)
        if best is not None:
            names["best"] = self._name("best", best[0])
            if not (self.folder / str(names["best"])).exists():
                self._write(str(names["best"]), best[1])
        state = {"format": FORMAT, "fingerprint": self.fingerprint, **names, "facts": facts}
        write_json(self.folder / "state.json", state)
        for pattern in ("*-epoch-*.safetensors", "*-best-*.safetensors", ".*.safetensors.*.part"):
            for path in self.folder.glob(pattern):
                if path.name not in names.values():
                    path.unlink(missing_ok=True)

    def load(self, tell: Callable[[str], None]) -> Saved | None:
        """Return the checkpoint, or None (and tell why) if there is none of this training."""
        if not (self.folder / "state.json").exists():
            return None
        try:
            state = read_json(self.folder / "state.json")
            if state["format"] != FORMAT or state["fingerprint"] != self.fingerprint:
                tell("The checkpoint belongs to other settings or pictures: starting from the beginning.")
                return None
            tensors = load_file(self.folder / state["tensors"])
            best = load_file(self.folder / state["best"]) if state["best"] else None
            return Saved(dict(state["facts"]), tensors, best)
        except OSError:
            tell("The checkpoint cannot be read: starting from the beginning.")
            return None
        except (StoreError, SafetensorError, KeyError, TypeError, ValueError):
            tell("The checkpoint is damaged: starting from the beginning.")
            self._discard()
            return None

    def _discard(self) -> None:
        """Remove what is damaged, or the best weights of an epoch that comes again would be taken for written."""
        for path in (self.folder / "state.json", *self.folder.glob("*-epoch-*"), *self.folder.glob("*-best-*")):
            path.unlink(missing_ok=True)

    def _name(self, what: str, epoch: int) -> str:
        return f"{self.fingerprint[:16]}-{what}-{epoch}.safetensors"

    def _write(self, name: str, tensors: Tensors) -> None:
        plain = {key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()}
        with durable_writer(self.folder / name) as temporary:
            try:
                save_file(plain, temporary)
            except SafetensorError as error:
                raise disk_error(error) from error


def copied(tensors: Mapping[str, torch.Tensor]) -> Tensors:
    """Return copies on the CPU."""
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in tensors.items()}


def optimizer_tensors(optimizer: Any) -> Tensors:
    """Return what the optimiser remembers, as ``<number of the parameter>.<name>``."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    return {
        f"{number}.{name}": value
        for number, parameter in enumerate(parameters)
        for name, value in optimizer.state.get(parameter, {}).items()
        if isinstance(value, torch.Tensor)
    }


def restore_optimizer(optimizer: Any, tensors: Tensors) -> None:
    """Give `optimizer` back what `optimizer_tensors` returned."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for key, value in tensors.items():
        number, name = key.split(".", 1)
        parameter = parameters[int(number)]
        if name != "step" and value.shape == parameter.shape:
            # In the parameter's own memory layout, or the sums might round differently after a resume.
            value = torch.empty_like(parameter, dtype=value.dtype).copy_(value).detach()
        optimizer.state[parameter][name] = value


def with_prefix(prefix: str, tensors: Mapping[str, torch.Tensor]) -> Tensors:
    """Return `tensors` with ``prefix.`` before each name."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def below_prefix(prefix: str, tensors: Mapping[str, torch.Tensor]) -> Tensors:
    """Return the tensors whose names begin with ``prefix.``, without it."""
    begin = f"{prefix}."
    return {name.removeprefix(begin): tensor for name, tensor in tensors.items() if name.startswith(begin)}
