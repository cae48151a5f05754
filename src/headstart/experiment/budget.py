"""A limit of time: what fits is run, cheapest information first; what is begun and does not end is left to continue."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from headstart.base.errors import ConfigError
from headstart.records.progress import Progress, Step
from headstart.records.run import RunRecord
from headstart.records.training import Epoch

SLACK = 1.05  # a strategy that is nearly done may end
_UNITS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


class OutOfTimeError(Exception):
    """The budget is spent; what was begun continues another time."""


class Budget:
    """A limit of wall time for one experiment, counted from now on.

    Parameters
    ----------
    seconds : float, optional
        None: no limit.
    clock : callable
    """

    def __init__(self, seconds: float | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock, self._begin = clock, clock()

    @property
    def spent(self) -> float:
        """Seconds since the beginning."""
        return self._clock() - self._begin

    def fits(self, seconds: float | None) -> bool:
        """Whether something that takes so long would end in time; without an estimate: whether any is left."""
        return self.seconds is None or self.spent + (seconds or 0.0) <= self.seconds

    def check(self) -> None:
        """Raise OutOfTimeError once the budget and its slack are spent."""
        if self.seconds is not None and self.spent > SLACK * self.seconds:
            raise OutOfTimeError

    def over(self, progress: Progress) -> Progress:
        """Return a listener that passes everything on and ends the work when the time is over."""
        return progress if self.seconds is None else _Watched(progress, self)


class _Watched:
    """A listener that looks at the clock whenever something went on."""

    def __init__(self, inner: Progress, budget: Budget) -> None:
        self._inner, self._budget = inner, budget

    @contextmanager
    def step(self, name: str, total: int, unit: str = "pictures") -> Iterator[Step]:
        self._budget.check()
        with self._inner.step(name, total, unit) as step:
            yield _WatchedStep(step, total, self._budget)

    def message(self, text: str) -> None:
        self._inner.message(text)

    def epoch(self, run: str, record: Epoch) -> None:
        self._inner.epoch(run, record)

    def result(self, record: RunRecord) -> None:
        self._inner.result(record)


class _WatchedStep:
    def __init__(self, inner: Step, total: int, budget: Budget) -> None:
        self._inner, self._left, self._budget = inner, total, budget

    def advance(self, count: int = 1) -> None:
        self._inner.advance(count)
        self._left -= count
        if self._left > 0:  # what is done to its end is kept
            self._budget.check()


def parse_duration(text: str | float | None) -> float | None:
    """Return seconds of a number, or of a text such as ``"90s"``, ``"10m"``, ``"1.5 h"``.

    Raises
    ------
    ConfigError
        If it is no duration above 0.
    """
    if text is None:
        return None
    if isinstance(text, int | float) and text > 0:
        return float(text)
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", str(text).lower())
    unit = found and (found[2] or "s")
    if found is None or unit not in _UNITS or float(found[1]) <= 0:
        raise ConfigError(f"'{text}' is not a length of time.", hint="Write a number and s, m or h, e.g. 90s or 10m.")
    return float(found[1]) * _UNITS[unit]
