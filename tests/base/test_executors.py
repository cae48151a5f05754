import threading
import time
from collections.abc import Iterator

import pytest

from headstart.base.executors import ordered_map

THREADS = pytest.mark.parametrize("threads", [0, 1, 3])


@THREADS
def test_results_come_in_order_whatever_takes_longest(threads: int) -> None:
    def slow_first(item: int) -> int:
        time.sleep(0.02 if item % 5 == 0 else 0)
        return item * item

    assert list(ordered_map(slow_first, range(40), threads=threads)) == [i * i for i in range(40)]


@THREADS
def test_nothing_in_nothing_out(threads: int) -> None:
    assert list(ordered_map(str, [], threads=threads)) == []


def test_several_threads_really_work_at_once() -> None:
    meeting = threading.Barrier(3, timeout=10)
    assert sorted(ordered_map(lambda item: meeting.wait() * 0 + item, range(3), threads=3)) == [0, 1, 2]


@pytest.mark.parametrize("threads", [1, 3])
def test_only_a_bounded_number_is_taken_ahead(threads: int) -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for number in range(10**9):
            taken = number + 1
            yield number

    results = ordered_map(abs, items(), threads=threads)
    for done in range(1, 30):
        next(results)
        assert taken <= done + 4 * threads
    results.close()  # type: ignore[attr-defined]


@THREADS
def test_the_first_error_in_order_is_the_one_raised(threads: int) -> None:
    def fail(item: int) -> int:
        if item == 7:
            time.sleep(0.05)  # the later error happens first in time
            raise ValueError(item)
        if item == 9:
            raise KeyError(item)
        return item

    seen: list[int] = []
    with pytest.raises(ValueError, match="7"):
        seen.extend(ordered_map(fail, range(1000), threads=threads))
    assert seen == list(range(7))


@THREADS
def test_after_an_error_the_rest_is_not_begun(threads: int) -> None:
    begun: list[int] = []

    def fail_first(item: int) -> int:
        begun.append(item)
        if item == 0:
            raise ValueError(item)
        time.sleep(0.1)  # so that the others still wait in their queue when the error is seen
        return item

    with pytest.raises(ValueError, match="0"):
        list(ordered_map(fail_first, range(1000), threads=threads))
    assert len(begun) <= 2 * max(threads, 1), "of the 4 * threads that were taken, most had not begun"


@THREADS
def test_a_caller_who_stops_leaves_no_thread_behind(threads: int) -> None:
    before = threading.active_count()
    results = ordered_map(abs, range(100), threads=threads)
    assert next(results) == 0
    results.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
