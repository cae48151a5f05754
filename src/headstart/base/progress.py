"""How long jobs tell what they do: a small protocol that a command line, a notebook or nobody hears."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol


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

    def epoch(self, run: str, record: Mapping[str, Any]) -> None:
        """Hand over the record of a finished epoch (the keys of `epochs` in results.json)."""

    def result(self, record: Mapping[str, Any]) -> None:
        """Hand over the record of a finished run (an entry of `runs` in results.json)."""


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

    def epoch(self, run: str, record: Mapping[str, Any]) -> None:
        """Ignore it."""

    def result(self, record: Mapping[str, Any]) -> None:
        """Ignore it."""
