"""A loss that is no number: the step and the layer are named, and lower precision gives way to float32."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from headstart.backbones.forward import tensors_hash
from headstart.base.errors import HeadstartError
from headstart.records.record import changed
from headstart.records.training import TrainingSettings
from headstart.tune import Trainee, train
from headstart.tune.finite import all_finite, first_not_finite

SETTINGS = TrainingSettings(epochs=3, batch_size=8, head_rate=0.03, backbone_rate=0.03)


class Overflows(nn.Module):
    """Answers with infinity from a batch on, in lower precision or in any."""

    def __init__(self, after: int, *, always: bool = False) -> None:
        super().__init__()
        self.left, self.always = after, always

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.left -= self.training
        low = self.always or torch.is_autocast_enabled("cpu")
        return x * float("inf") if self.left < 0 and low else x


def go(trainee: Trainee, lesson: Any, settings: TrainingSettings, **others: Any) -> Any:
    arguments = {"seed": 7, "run": "full", "device": "cpu", "guard": False, **others}
    return train(trainee, settings=settings, **lesson.arguments(), **arguments)


def with_layer(trainee: Trainee, layer: nn.Module) -> Trainee:
    trainee.suffix[3] = layer  # in place of dropout
    return trainee


def test_lower_precision_gives_way_and_says_where_it_failed(
    make_trainee: Any, make_lesson: Any, listener: Any, killed: Any, tmp_path: Path
) -> None:
    low, heard = changed(SETTINGS, precision="bf16"), listener()
    fell = with_layer(make_trainee(), Overflows(7))  # five steps in an epoch
    trained = go(fell, make_lesson(), low, progress=heard)
    plain = with_layer(make_trainee(), nn.Identity())
    expected = go(plain, make_lesson(), SETTINGS)
    assert tensors_hash(fell) == tensors_hash(plain)
    assert (trained.precision, trained.chosen) == ("float32", expected.chosen)
    said = (
        "With precision 'bf16' its loss was no longer a finite number in epoch 2, step 3, first behind layer "
        "'suffix.3'. It was trained in float32."
    )
    assert [warning.text for warning in trained.warnings] == [said]
    assert f"full: {said}" in heard.messages
    with pytest.raises(killed):
        go(
            with_layer(make_trainee(), Overflows(2)),
            make_lesson(),
            low,
            checkpoint=tmp_path,
            progress=listener(kill_after=1),
        )
    again = with_layer(make_trainee(), Overflows(2))
    assert go(again, make_lesson(), low, checkpoint=tmp_path).precision == "float32"
    assert tensors_hash(again) == tensors_hash(plain)


def test_low_precision_that_works_stays(make_trainee: Any, make_lesson: Any) -> None:
    trained = go(make_trainee(), make_lesson(), changed(SETTINGS, precision="bf16"))
    assert (trained.precision, trained.warnings) == ("bf16", ())


def test_where_float32_fails_step_and_layer_are_named_and_no_weight_is_spoilt(
    make_trainee: Any, make_lesson: Any
) -> None:
    for precision in ("float32", "bf16"):
        trainee = with_layer(make_trainee(), Overflows(1, always=True))
        with pytest.raises(HeadstartError, match=r"epoch 1, step [12], first behind layer 'suffix\.3'") as failed:
            go(trainee, make_lesson(), changed(SETTINGS, precision=precision))
        assert "clip=1.0" in failed.value.hint
        assert all_finite(trainee)


def test_the_first_layer_in_the_order_of_the_answer_is_named() -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
    pictures = torch.ones(2, 1, 2, 2)
    assert first_not_finite(net, net, pictures) is None
    with torch.no_grad():
        net[1].weight[0, 0] = float("nan")
    assert not all_finite(net)
    assert first_not_finite(net, net, pictures) == "1"
    assert not any(layer._forward_hooks for layer in net), "nothing is left on the layers"
