"""A batch that does not fit is worked off in pieces, and the step is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from headstart.base.errors import HeadstartError
from headstart.records.training import TrainingSettings
from headstart.tune import Trainee, linear_head, train

MESSAGES = {
    "cuda": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    "cpu": RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory"),
    "python": MemoryError(),
}


class Hungry(nn.Module):
    """Runs out of memory above `most` pictures at a time, but only after it has moved a statistic."""

    def __init__(self, most: int, error: Exception) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 4)
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))
        self.most, self.error = most, error

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training:
            self.calls += 1
        if len(x) > self.most:
            raise self.error
        return torch.tanh(self.layer(x.mean(dim=(2, 3))))


def trainee(most: int, error: Exception) -> Trainee:
    torch.manual_seed(0)
    return Trainee(Hungry(most, error), linear_head(4, 3))


def go(trainee: Trainee, lesson: Any, **others: Any) -> Any:
    settings = TrainingSettings(epochs=2, batch_size=8, head_rate=0.01, backbone_rate=0.01)
    return train(
        trainee, **lesson.arguments(hold_out=False), settings=settings, seed=0, run="full", device="cpu", **others
    )


@pytest.mark.parametrize("device", MESSAGES)
def test_the_effective_batch_stays_the_same(make_lesson: Any, listener: Any, device: str) -> None:
    error, heard = MESSAGES[device], listener()
    whole, pieces = trainee(100, error), trainee(3, error)
    expected, found = go(whole, make_lesson(train=24)), go(pieces, make_lesson(train=24), progress=heard)
    assert (expected.micro_batch, found.micro_batch) == (8, 2)
    for name, value in whole.state_dict().items():
        if name != "suffix.calls":
            assert torch.allclose(value, pieces.state_dict()[name], atol=1e-6), name
    assert float(whole.suffix.calls) == 6
    assert float(pieces.suffix.calls) == 6 * 4, "what a failed try did to the statistics is undone"
    assert heard.messages == [
        "full: 8 pictures at once do not fit into memory: continuing with 4.",
        "full: 4 pictures at once do not fit into memory: continuing with 2.",
    ]
    assert [f"{one.subject}: {one.text}" for one in found.warnings] == heard.messages


def test_a_resumed_training_begins_with_the_size_that_fitted(
    tmp_path: Path, make_lesson: Any, listener: Any, killed: Any
) -> None:
    error = MESSAGES["cpu"]
    through, resumed = trainee(3, error), trainee(3, error)
    go(through, make_lesson(train=24))
    with pytest.raises(killed):
        go(trainee(3, error), make_lesson(train=24), checkpoint=tmp_path, progress=listener(kill_after=1))
    heard = listener()
    found = go(resumed, make_lesson(train=24), checkpoint=tmp_path, progress=heard)
    assert heard.messages == ["full: continuing after epoch 1 of 2."]
    assert len(found.warnings) == 2
    assert all(torch.equal(value, resumed.state_dict()[name]) for name, value in through.state_dict().items())


def test_the_hold_out_shrinks_too(make_lesson: Any) -> None:
    lesson = make_lesson(train=24, hold_out=12)
    settings = TrainingSettings(epochs=1, batch_size=8)
    hungry = trainee(5, MESSAGES["cuda"])
    trained = train(hungry, **lesson.arguments(), settings=settings, seed=0, run="full", device="cpu")
    assert trained.micro_batch == 4
    assert trained.epochs[0].choosing_loss is not None


def test_when_nothing_fits_it_says_so(make_lesson: Any) -> None:
    with pytest.raises(HeadstartError, match="Even 1 pictures at once") as raised:
        go(trainee(0, MESSAGES["cpu"]), make_lesson(train=24))
    assert "--image-size" in raised.value.hint


def test_batch_norm_never_sees_a_single_picture(make_lesson: Any) -> None:
    hungry = trainee(0, MESSAGES["cpu"])
    hungry.suffix.norm = nn.BatchNorm1d(4)
    with pytest.raises(HeadstartError, match="Even 2 pictures at once"):
        go(hungry, make_lesson(train=24))


def test_other_errors_pass_through(make_lesson: Any) -> None:
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        go(trainee(0, RuntimeError("mat1 and mat2 shapes cannot be multiplied")), make_lesson(train=24))
