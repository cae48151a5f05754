"""What the server counts of itself, as Prometheus reads it: no picture, no name of a file, no address of a client."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from headstart.deliver.serving.problems import Reason

MEDIA = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SIZES = (1, 2, 3, 4, 5, 6, 7, 8)
_SMOOTHING = 0.05  # of the mean time of a picture: how much the newest answer counts
_FORGETTING = 0.002  # of the usual time: how much of a longer one becomes usual with each answer


class Histogram:
    """How many values were at most so large."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds, self._counts = tuple(bounds), [0] * (len(bounds) + 1)
        self._sum = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self._sum += value
        self._counts[sum(value > bound for bound in self._bounds)] += 1

    def lines(self, name: str, labels: str) -> Iterator[str]:
        """Yield it as Prometheus reads it."""
        total = 0
        for bound, count in zip((*self._bounds, "+Inf"), self._counts, strict=True):
            total += count
            yield f'{name}_bucket{{{labels}{"," if labels else ""}le="{bound}"}} {total}'
        about = f"{{{labels}}}" if labels else ""
        yield f"{name}_sum{about} {self._sum}"
        yield f"{name}_count{about} {total}"


class Figures:
    """Counts of one server since it started."""

    def __init__(self) -> None:
        self.waiting = 0  # pictures that were accepted and have no answer yet
        self.held = 0  # bytes of bodies in memory
        self.per_picture = 0.0  # seconds of late: those of a request, divided by how many pictures waited with it
        self.usual = 0.0  # the same where the server is not overrun
        self._requests: Counter[tuple[str, int]] = Counter()
        self._refused: Counter[Reason] = Counter()
        self._pictures: Counter[str] = Counter()
        self._swaps: Counter[tuple[str, str]] = Counter()
        self._latency: dict[str, Histogram] = {}
        self._batches: dict[str, Histogram] = {}
        self._started = time.time()

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered; `route` is the path as it is documented, never as it was asked."""
        self._requests[route, status] += 1
        if status < 400:
            self._latency.setdefault(route, Histogram(SECONDS)).add(seconds)

    def refused(self, reason: Reason) -> None:
        """Count a request, or a picture of several, that has no answer."""
        self._refused[reason] += 1

    def answered(self, seconds: float, among: int) -> None:
        """Note how long a request took that waited among so many pictures, its own included."""
        share = seconds / among
        self.per_picture += (_SMOOTHING if self.per_picture else 1.0) * (share - self.per_picture)
        longer = self.usual + _FORGETTING * (self.per_picture - self.usual)
        self.usual = min(self.per_picture, longer) if self.usual else self.per_picture

    def batch(self, model: str, size: int, _seconds: float) -> None:
        """Count a batch of pictures that were answered together."""
        self._pictures[model] += size
        self._batches.setdefault(model, Histogram(SIZES)).add(size)

    def swapped(self, model: str, outcome: str) -> None:
        """Count a replaced classifier, or one that could not be replaced."""
        self._swaps[model, outcome] += 1

    def text(self, versions: Iterable[tuple[str, str]], *, ready: bool) -> str:
        """Return everything as Prometheus reads it; `versions` of the classifiers that answer now, by name."""
        return "\n".join([*self._counted(versions, ready=ready), *self._distributed(), *_process(self._started), ""])

    def _counted(self, versions: Iterable[tuple[str, str]], *, ready: bool) -> Iterator[str]:
        yield from _head("headstart_ready", "gauge", "Whether pictures are answered.")
        yield f"headstart_ready {int(ready)}"
        yield from _head("headstart_model_info", "gauge", "The version of each classifier that answers now.")
        yield from (f'headstart_model_info{{model="{name}",version="{version}"}} 1' for name, version in versions)
        yield from _head("headstart_requests_total", "counter", "Requests by route and status.")
        for (route, status), count in sorted(self._requests.items()):
            yield f'headstart_requests_total{{route="{route}",status="{status}"}} {count}'
        yield from _head("headstart_refused_total", "counter", "Requests or pictures without an answer, by reason.")
        yield from (f'headstart_refused_total{{reason="{name}"}} {n}' for name, n in sorted(self._refused.items()))
        yield from _head("headstart_pictures_total", "counter", "Pictures that were answered.")
        yield from (f'headstart_pictures_total{{model="{name}"}} {n}' for name, n in sorted(self._pictures.items()))
        yield from _head("headstart_swaps_total", "counter", "Classifiers that were replaced, or could not be.")
        for (name, outcome), count in sorted(self._swaps.items()):
            yield f'headstart_swaps_total{{model="{name}",outcome="{outcome}"}} {count}'
        yield from _head("headstart_waiting_pictures", "gauge", "Pictures that wait for their answer.")
        yield f"headstart_waiting_pictures {self.waiting}"
        yield from _head("headstart_held_bytes", "gauge", "Bodies of requests in memory.")
        yield f"headstart_held_bytes {self.held}"

    def _distributed(self) -> Iterator[str]:
        name = "headstart_request_seconds"
        yield from _head(name, "histogram", "From the first byte of a request to its answer.")
        for route, found in sorted(self._latency.items()):
            yield from found.lines(name, f'route="{route}"')
        name = "headstart_batch_size"
        yield from _head(name, "histogram", "Pictures that were answered together.")
        for model, found in sorted(self._batches.items()):
            yield from found.lines(name, f'model="{model}"')


def _head(name: str, kind: str, text: str) -> tuple[str, str]:
    return f"# HELP {name} {text}", f"# TYPE {name} {kind}"


def _process(started: float) -> Iterator[str]:
    yield from _head("process_start_time_seconds", "gauge", "When the server started, in seconds since 1970.")
    yield f"process_start_time_seconds {started:.3f}"
    resident = resident_bytes()
    if resident is not None:
        yield from _head("process_resident_memory_bytes", "gauge", "Memory that the process takes.")
        yield f"process_resident_memory_bytes {resident}"


def resident_bytes() -> int | None:
    """Return how much memory the process takes; None where the system does not say."""
    if sys.platform != "linux":
        return None
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - of the kernel, no file of anybody
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None
