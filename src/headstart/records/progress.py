"""How long jobs tell what they do: a small protocol that a command line, a notebook or nobody hears."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from headstart.records.run import RunRecord
from headstart.records.training import Epoch


class Step(Protocol):
    """One step under way."""

    def advance(self, count: int = 1) -> None:
        """Say that `count` more units are done."""


class Progress(Protocol):
    """What a listener offers to the code that works."""

    def step(self, name: str, total: int, unit: str = "pictures") -> AbstractContextManager[Step]:
        """Open a step of `total` units; used as ``with progress.step("decode", 400) as step:``."""

    def message(self, text: str) -> None:
        """Say one line that a person should see."""

    def epoch(self, run: str, record: Epoch) -> None:
        """Hand over a finished epoch."""

    def result(self, record: RunRecord) -> None:
        """Hand over a finished run."""


class Silent:
    """A listener that says nothing: the default of the library."""

    def advance(self, count: int = 1) -> None:
        """Ignore it."""

    @contextmanager
    def step(self, name: str, total: int, unit: str = "pictures") -> Iterator[Step]:  # noqa: ARG002
        """Open a step that nobody sees."""
        yield self

    def message(self, text: str) -> None:
        """Ignore it."""

    def epoch(self, run: str, record: Epoch) -> None:
        """Ignore it."""

    def result(self, record: RunRecord) -> None:
        """Ignore it."""
