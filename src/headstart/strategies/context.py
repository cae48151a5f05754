"""What one fit works with, and what is remembered so that nothing is solved twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from headstart.records.progress import Progress
from headstart.strategies.division import Division
from headstart.strategies.passes import FrozenPasses
from headstart.strategies.resolved import Resolved

Value = TypeVar("Value")


class Pixels(Protocol):
    """Whole pictures by the row of the table."""

    def __getitem__(self, row: int) -> NDArray[np.uint8]:
        """Return the whole picture, (height, width, 3)."""


class Once(NamedTuple, Generic[Value]):
    """Something that is made once, and the seconds that were spent on it before it was asked for now."""

    value: Value
    earlier: float


class Memo:
    """What was solved on the training pictures, by what it is: the advice asks for the same head as the strategy."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Once[Any]] = {}

    def once(self, key: Hashable, make: Callable[[], Value], passes: FrozenPasses) -> Once[Value]:
        """Return what `make` gives, made at the first call; passes count by themselves."""
        if key in self._known:
            return self._known[key]
        begin, before = time.perf_counter(), passes.spent
        value = make()
        self._known[key] = Once(value, time.perf_counter() - begin - (passes.spent - before))
        return Once(value, 0.0)


@dataclass(frozen=True, eq=False)
class FitContext:
    """What one fit works with: pictures and what they are for, the frozen network's answers, what was resolved."""

    division: Division
    resolved: Resolved
    passes: FrozenPasses
    pixels: Pixels
    progress: Progress
    memo: Memo = field(default_factory=Memo)
