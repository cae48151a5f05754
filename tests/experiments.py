"""What tests of whole experiments share: quick options, and results without times."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from headstart.records.codec import encoded
from headstart.records.progress import Silent

QUICK: dict[str, Any] = {"image_size": 64, "epochs": 2, "views": 2}
# Framing and augmentation are given: to choose them takes a third of such an experiment.
PLAIN: dict[str, Any] = {**QUICK, "framing": "squash", "augment": "photo"}
TIMES = ("seconds", "images_per_second", "estimated_seconds")


def without_times(value: Any) -> Any:
    """Return results without what is allowed to differ between two runs: times, and where they were written."""
    if isinstance(value, msgspec.Struct):  # a record: as it is written and read again
        return without_times(json.loads(encoded(value)))
    if isinstance(value, Mapping):
        return {key: without_times(item) for key, item in value.items() if key not in (*TIMES, "command")}
    if isinstance(value, list):
        return [without_times(item) for item in value]
    return value


def read_results(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))


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


class Interrupting(Silent):
    """Raises after so many signs of life, as a kill would end the process."""

    def __init__(self, after: int) -> None:
        self.left = after

    def _tick(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt

    def advance(self, count: int = 1) -> None:
        self._tick()

    @contextmanager
    def step(self, name: str, total: int, unit: str = "pictures") -> Iterator[Any]:
        self._tick()
        yield self

    def epoch(self, run: str, record: Mapping[str, Any]) -> None:
        self._tick()

    def result(self, record: Mapping[str, Any]) -> None:
        self._tick()


def stopped_and_continued(begin: Callable[[Interrupting], Any], chance: random.Random, most: int) -> tuple[Any, int]:
    """Call `begin` with progress that ends it after up to `most` signs of life, until it comes to its end.

    Returns what it returned then, and how often it was stopped.
    """
    for stops in range(100):
        with suppress(KeyboardInterrupt):
            return begin(Interrupting(chance.randint(2, most))), stops
    raise AssertionError("it was stopped a hundred times and came to no end")
