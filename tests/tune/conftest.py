"""A tiny network and tiny pictures that can be learnt in a second."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from headstart.records.preprocessing import Preprocessing
from headstart.records.progress import Silent
from headstart.records.training import Epoch
from headstart.tune import ActivationSource, PixelSource, Source, Trainee, linear_head

SIDE = 8
CLASSES = 3


@dataclass(frozen=True, eq=False)
class Lesson:
    """Arguments of `train` that say what to learn."""

    source: Source
    train_rows: np.ndarray[Any, Any]
    hold_out_rows: np.ndarray[Any, Any]

    def arguments(self, *, hold_out: bool = True) -> dict[str, Any]:
        rows = self.hold_out_rows if hold_out else self.hold_out_rows[:0]
        return {"source": self.source, "train_rows": self.train_rows, "hold_out_rows": rows}


class KilledError(Exception):
    """Stands for the end of the process."""


@dataclass
class Listener(Silent):
    """Remembers what it hears, and can end the training after an epoch."""

    kill_after: int | None = None
    epochs: list[Epoch] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    steps: list[tuple[str, int]] = field(default_factory=list)
    advanced: int = 0

    def step(self, name: str, total: int, unit: str = "pictures") -> Any:
        self.steps.append((name, total))
        return super().step(name, total, unit)

    def advance(self, count: int = 1) -> None:
        self.advanced += count

    def message(self, text: str) -> None:
        self.messages.append(text)

    def epoch(self, run: str, record: Epoch) -> None:
        self.epochs.append(record)
        if record.epoch == self.kill_after:
            raise KilledError


@pytest.fixture
def make_trainee() -> Callable[..., Trainee]:
    """``make_trainee(seed=0, norm=True)``: convolution, batch norm, dropout, pool, linear head."""

    def make(seed: int = 0, *, norm: bool = True) -> Trainee:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            suffix = nn.Sequential(
                nn.Conv2d(3, 6, 3),
                nn.BatchNorm2d(6) if norm else nn.Identity(),
                nn.ReLU(),
                nn.Dropout(0.2),
                nn.AdaptiveAvgPool2d(1),
                nn.Flatten(),
            )
        return Trainee(suffix, linear_head(6, CLASSES, seed=seed))

    return make


@pytest.fixture
def make_lesson() -> Callable[..., Lesson]:
    """``make_lesson(train=40, hold_out=12, pixels=False)``: the class is the brightest colour.

    With `misled`, the training labels are wrong, so that whatever is learnt makes the hold-out worse.
    """

    def make(train: int = 40, hold_out: int = 12, *, pixels: bool = False, misled: bool = False) -> Lesson:
        rng = np.random.default_rng(1)
        count = train + hold_out
        labels = rng.integers(0, CLASSES, count)
        pictures = rng.integers(0, 90, (count, 12, 12, 3))
        pictures[np.arange(count), :, :, labels] += 60
        pictures = pictures.astype(np.uint8)
        if pixels:
            rows = np.arange(count)[::-1].copy()
            preprocessing = Preprocessing(input_size=SIDE, framing="squash", interpolation="bilinear")
            source: Source = PixelSource(list(pictures[::-1]), rows, labels, preprocessing, "photo", seed=5)
        else:
            plain = (pictures.transpose(0, 3, 1, 2)[:, :, :SIDE, :SIDE] / 255).astype(np.float16)
            views = [plain + np.float16(0.05), plain[..., ::-1].copy()]
            source = ActivationSource(views, plain, labels)
        order = rng.permutation(count)
        if misled:
            source.labels = source.labels.copy()
            source.labels[order[:train]] = (source.labels[order[:train]] + 1) % CLASSES
        return Lesson(source, np.sort(order[:train]), np.sort(order[train:]))

    return make


@pytest.fixture
def listener() -> type[Listener]:
    return Listener


@pytest.fixture
def killed() -> type[KilledError]:
    return KilledError


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Two tests that train side by side must not fight over cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
