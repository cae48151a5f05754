"""What Accelerate's trackers need of the process, lent to them while they write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from accelerate.state import PartialState


@contextmanager
def state() -> Iterator[None]:
    """Give Accelerate's trackers the state without which their logger refuses to work.

    A training's state is left as it is. Where there is none, one is made and taken away again: a later Accelerator of
    this process, ours or the user's, would silently compute on the device that it names.
    """
    made = not PartialState._shared_state
    if made:
        PartialState(cpu=True)
    try:
        yield
    finally:
        if made:
            PartialState._reset_state()
