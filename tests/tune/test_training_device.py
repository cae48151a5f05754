"""One Accelerator at a time, whatever the process trained before."""

from __future__ import annotations

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import PartialState

from headstart.base.errors import ConfigError
from headstart.tune.device import accelerator_for, choose_device, repeatable


def test_precision_may_change_within_one_process() -> None:
    for precision, name in (("float32", "no"), ("bf16", "bf16"), ("float32", "no")):
        accelerator = accelerator_for("cpu", precision)  # type: ignore[arg-type]
        assert accelerator.mixed_precision == name
        assert accelerator.device.type == "cpu"


def test_the_same_again_keeps_the_state_that_others_may_hold() -> None:
    accelerator_for("cpu", "float32")
    theirs = Accelerator(cpu=True)
    accelerator_for("cpu", "float32")
    assert theirs.device.type == "cpu"
    assert PartialState().device.type == "cpu"


def test_auto_takes_what_is_there() -> None:
    expected = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    assert choose_device("auto") == expected


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(ConfigError, match="'device' parameter"):
        choose_device("tpu")
    absent = "mps" if not torch.backends.mps.is_available() else "cuda"
    with pytest.raises(ConfigError, match=f"no device '{absent}'"):
        choose_device(absent)
    with pytest.raises(ConfigError, match="fp16"):
        accelerator_for("cpu", "fp16")


def test_an_environment_that_forces_another_device_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    accelerator_for("cpu", "bf16")
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: True)
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    with pytest.raises(ConfigError, match="not 'mps'"):
        accelerator_for("mps", "float32")


def test_cudnn_is_given_back() -> None:
    before = torch.backends.cudnn.deterministic
    with repeatable():
        assert torch.backends.cudnn.deterministic
    assert torch.backends.cudnn.deterministic == before
