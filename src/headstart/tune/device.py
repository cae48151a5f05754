"""One Accelerator for one training, whatever the process trained before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from headstart.base.errors import ConfigError
from headstart.base.params import check_choice
from headstart.records.training import Precision

DEVICES = ("auto", "cpu", "cuda", "mps")
_NAMES = {"float32": "no", "bf16": "bf16", "fp16": "fp16"}  # Accelerate's words


def choose_device(device: str) -> str:
    """Return ``"cpu"``, ``"cuda"`` or ``"mps"``; ``"auto"`` takes the fastest that is there.

    Raises
    ------
    ConfigError
        If `device` is unknown or not there.
    """
    check_choice("device", "headstart", device, DEVICES)
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if device == "auto":
        return next(name for name, available in there.items() if available)
    if not there[device]:
        raise ConfigError(f"This machine has no device '{device}'.", hint="Use --device auto or --device cpu.")
    return device


def accelerator_for(device: str, precision: Precision) -> Any:
    """Return an Accelerator on `device` ('auto' too) that trains in `precision`.

    Accelerate remembers its first device and precision for the whole process and would silently train the
    next run on the old ones; what it remembers is forgotten where it differs.

    Raises
    ------
    ConfigError
        If the device is not there, or cannot train in that precision.
    """
    device = choose_device(device)
    from accelerate import Accelerator  # heads, which only ask where to compute, need none of it

    name = _NAMES[precision]
    if precision == "fp16" and device == "cpu":
        raise ConfigError(
            "Precision 'fp16' needs a CUDA or MPS device.", hint="Use precision 'bf16' or 'float32' on the CPU."
        )
    if _remembered() not in (None, (device, name)):
        _forget()
    try:
        accelerator = Accelerator(cpu=device == "cpu", mixed_precision=name)
    except ValueError as error:
        _forget()  # a failed start must not leave half a state behind
        raise ConfigError(
            f"Device '{device}' cannot train in '{precision}' ({error}).", hint="Use precision 'float32'."
        ) from error
    if accelerator.device.type != device:
        raise ConfigError(
            f"Accelerate chose the device '{accelerator.device.type}', not '{device}'.",
            hint="Unset the environment variables that begin with ACCELERATE_.",
        )
    return accelerator


@contextmanager
def repeatable() -> Iterator[None]:
    """Let cuDNN take only algorithms that give the same bits each time, and give the old choice back."""
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark
    cudnn.deterministic, cudnn.benchmark = True, False
    try:
        yield
    finally:
        cudnn.deterministic, cudnn.benchmark = before


def _remembered() -> tuple[str, str] | None:
    from accelerate.state import AcceleratorState, PartialState

    if AcceleratorState._shared_state:
        state = AcceleratorState()
        return state.device.type, state.mixed_precision
    if PartialState._shared_state:
        return PartialState().device.type, ""
    return None


def _forget() -> None:
    from accelerate.state import AcceleratorState, GradientState

    AcceleratorState._reset_state(reset_partial_state=True)
    GradientState._reset_state()
