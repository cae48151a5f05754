"""What tests of whole experiments share: quick options, and results without times."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from headstart.records.codec import plain, read_record
from headstart.records.progress import Silent
from headstart.records.record import Record
from headstart.records.results import SCHEMA, Results
from headstart.records.run import RunRecord
from headstart.records.training import Epoch

QUICK: dict[str, Any] = {"image_size": 64, "epochs": 2, "views": 2}
# Framing and augmentation are given: to choose them takes a third of such an experiment.
PLAIN: dict[str, Any] = {**QUICK, "framing": "squash", "augment": "photo"}
TIMES = ("seconds", "images_per_second", "estimated_seconds")


def without_times(value: Any) -> Any:
    """Return results, as plain values, without what may differ between two runs: times, and where they were written."""
    if isinstance(value, Record):
        return without_times(plain(value))
    if isinstance(value, Mapping):
        return {key: without_times(item) for key, item in value.items() if key not in (*TIMES, "command")}
    if isinstance(value, list | tuple):
        return [without_times(item) for item in value]
    return value


def read_results(folder: Path) -> Results:
    return read_record(folder / "results.json", Results, schema=SCHEMA)


@contextmanager
def own_cache(folder: Path) -> Iterator[Path]:
    """Let the cache be `folder` for what outlives a test."""
    before = os.environ.get("HEADSTART_CACHE")
    os.environ["HEADSTART_CACHE"] = str(folder)
    try:
        yield folder
    finally:
        if before is None:
            del os.environ["HEADSTART_CACHE"]
        else:
            os.environ["HEADSTART_CACHE"] = before


_SOLVING = 25  # signs from within a solve that count as one: it gives a hundred, and cannot be gone on with


class Interrupting(Silent):
    """Raises after so many signs of life, as a kill would end the process."""

    def __init__(self, after: float) -> None:
        self.left = after
        self._weight = 1.0

    def _tick(self) -> None:
        self.left -= self._weight
        if self.left < 0:
            raise KeyboardInterrupt

    def advance(self, count: int = 1) -> None:
        self._tick()

    @contextmanager
    def step(self, name: str, total: int, unit: str = "pictures") -> Iterator[Any]:
        self._tick()
        outer, self._weight = self._weight, 1 / _SOLVING if unit == "steps" else 1.0
        yield self
        self._weight = outer

    def epoch(self, run: str, record: Epoch) -> None:
        self._tick()

    def result(self, record: RunRecord) -> None:
        self._tick()


def stopped_and_continued(begin: Callable[[Interrupting], Any], chance: random.Random, most: int) -> tuple[Any, int]:
    """Call `begin` with progress that ends it after up to `most` signs of life, until it comes to its end.

    Returns what it returned then, and how often it was stopped.
    """
    for stops in range(100):
        with suppress(KeyboardInterrupt):
            return begin(Interrupting(chance.randint(2, most))), stops
    raise AssertionError("it was stopped a hundred times and came to no end")
