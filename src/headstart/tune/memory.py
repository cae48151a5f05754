"""The batch that fits into memory: halve the piece that is worked on at once until it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from accelerate.utils.memory import clear_device_cache, should_reduce_batch_size

from headstart.base.errors import HeadstartError, says_out_of_memory

Result = TypeVar("Result")


class MicroBatch:
    """How many pictures go through the network at once; it only ever shrinks.

    Parameters
    ----------
    size : int
        The first try.
    least : int
        Below that there is no way on.
    tell : callable
        Hears the size before and after, each time it is halved.
    """

    def __init__(self, size: int, *, least: int, tell: Callable[[int, int], None]) -> None:
        self.size = size
        self.least = least
        self.tell = tell

    def run(self, work: Callable[[int], Result]) -> Result:
        """Return ``work(size)``, called again with half the size as long as memory runs out.

        Raises
        ------
        HeadstartError
            If even `least` pictures do not fit.
        """
        while True:
            try:
                return work(self.size)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if self.size <= self.least:
                    raise HeadstartError(
                        f"Even {self.size} pictures at once do not fit into memory.",
                        hint="Close other programs, or choose a smaller --image-size or backbone.",
                    ) from error
            # Outside the except clause: the error's traceback would keep the large tensors alive.
            clear_device_cache(garbage_collection=True)
            before, self.size = self.size, max(self.least, self.size // 2)
            self.tell(before, self.size)


def is_out_of_memory(error: Exception) -> bool:
    """Return whether `error` says that memory ran out, on whatever device."""
    return says_out_of_memory(error) or bool(should_reduce_batch_size(error))
