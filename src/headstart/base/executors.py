"""Doing many small things in order: one thread, or several with a bounded number in flight."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def ordered_map(function: Callable[[Item], Result], items: Iterable[Item], *, threads: int = 1) -> Iterator[Result]:
    """Yield ``function(item)`` for each item, in order, at most ``4 * threads`` of them ahead.

    The bound keeps memory flat however many items there are. The first error ends the iteration and is
    raised where the caller stands; items not begun are dropped.
    """
    if threads <= 1:
        yield from map(function, items)
        return
    remaining = iter(items)
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Result]] = deque(pool.submit(function, item) for item in islice(remaining, 4 * threads))
        try:
            while waiting:
                done = waiting.popleft().result()
                waiting.extend(pool.submit(function, item) for item in islice(remaining, 1))
                yield done
        finally:
            for future in waiting:
                future.cancel()
