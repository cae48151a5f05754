"""How much of a fit is done: solvers say it deep inside, and whoever opened a step hears it.

Heads are arrays in and arrays out, and stay so: the listener is not handed through them. It hears shares from 0 to 1 of
whatever part of the work it was promised, and a head that says nothing is done when it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from headstart.records.progress import Step

PARTS = 100  # of a fit, as a bar counts them


def _nobody(share: float) -> None:
    """Hear it and do nothing."""


_hears: ContextVar[Callable[[float], None]] = ContextVar("hears", default=_nobody)


def done(share: float) -> None:
    """Say that so much of the present portion is done, 0 to 1."""
    _hears.get()(min(max(share, 0.0), 1.0))


@contextmanager
def portion(begin: float, end: float) -> Iterator[None]:
    """Let what is said inside be about the work from one share of the present portion to another.

    At its end all of it is done, also what was never necessary.
    """
    outer = _hears.get()
    token = _hears.set(lambda share: outer(begin + (end - begin) * share))
    try:
        yield
    finally:
        _hears.reset(token)
    outer(end)


@contextmanager
def one_of(place: int, count: int) -> Iterator[None]:
    """Let what is said inside be about one of so many equal portions."""
    with portion(place / count, (place + 1) / count):
        yield


@contextmanager
def heard_by(step: Step, parts: int = PARTS) -> Iterator[None]:
    """Let a step count `parts` for what is done inside, at its end all of them, and none twice."""
    counted = 0

    def hear(share: float) -> None:
        nonlocal counted
        more = int(share * parts) - counted
        if more > 0:
            counted += more
            step.advance(more)

    token = _hears.set(hear)
    try:
        yield
    finally:
        _hears.reset(token)
    hear(1.0)
