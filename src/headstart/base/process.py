"""Setting up the process once: how many threads, and how the C library hands out memory.

glibc gives every large tensor back to the system and asks for it again at the next batch, so each batch
pays for its page faults anew. Telling it to keep the memory makes networks of many large activations 2
to 3 times faster on common processors, for some hundred megabytes more resident memory. It is set by
the command line and by :func:`tune_process`, never at import.
"""

from __future__ import annotations

import ctypes
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from headstart.base.params import check_integer

SPINS = 5000  # turns, some 10 microseconds; benchmarks/busy.py says what they cost and bring
BLAS_WAIT = 4  # OpenBLAS waits for 2 to this power of ticks, and knows nothing shorter; its own choice is 26
_written: dict[str, str] = {}  # OMP_NUM_THREADS, now and before
_asked: list[int] = []  # what tune_process was told, for everything that has threads of its own

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3  # glibc malloc.h


@dataclass(frozen=True)
class ProcessSetup:
    """What :func:`tune_process` did: the thread budget, and whether the allocator was told to keep memory."""

    threads: int
    allocator: bool


def tune_process(*, threads: int | None = None, allocator: bool = True) -> ProcessSetup:
    """Set threads and allocator for this process; best called before torch is imported.

    Parameters
    ----------
    threads : int, optional
        At most so many; by default all that the affinity and the container's quota allow.
    allocator : bool
        Keep freed memory for the next batch (Linux with glibc; elsewhere nothing happens).

    Raises
    ------
    ConfigError
        If `threads` is not a whole number of at least 1.
    """
    _asked.clear()
    budget = thread_budget(threads)
    _asked.append(budget)
    _wait_politely()
    _written.update(before=_stated_by_the_user(), now=str(budget))
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(budget)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(budget)
    return ProcessSetup(budget, allocator and _keep_memory())


def _stated_by_the_user() -> str:
    """Return OMP_NUM_THREADS as it was before this module wrote its own number there; empty if it was not set."""
    stated = os.environ.get("OMP_NUM_THREADS", "")
    return _written["before"] if stated == _written.get("now") else stated


def _wait_politely() -> None:
    """Let threads that have nothing to do sleep soon, unless the user has said how they shall wait.

    GNU's OpenMP, which torch brings along on Linux, otherwise turns them in circles for milliseconds, and two such
    processes on the same cores keep each other from working. OpenBLAS, which numpy and scipy bring along, does so for
    tens of milliseconds after each product: where a network and a head answer in turn, the network lacks a core.
    Both read this once, when they are first imported.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", str(SPINS))
        os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", str(BLAS_WAIT))


def thread_budget(requested: int | None = None) -> int:
    """Return min(affinity, cgroup quota, `requested`), at least 1.

    Without `requested`, what :func:`tune_process` was told counts, else the environment variable OMP_NUM_THREADS.
    """
    available = processors()
    if requested is None:
        stated = _stated_by_the_user()
        if _asked:
            available = min(available, _asked[0])
        elif stated.isdigit() and int(stated):
            available = min(available, int(stated))
    if requested is not None:
        available = min(available, check_integer("threads", "headstart", requested, least=1))
    return max(1, available)


def compute_threads() -> int:
    """Return with how many threads this process computes: torch's number where it is there, else the budget."""
    torch = sys.modules.get("torch")
    return int(torch.get_num_threads()) if torch is not None else thread_budget()


@contextmanager
def torch_in_budget() -> Iterator[None]:
    """Let a torch that is imported within compute with this process's budget; one that is there keeps its number."""
    threads = None if "torch" in sys.modules else thread_budget()
    yield
    torch = sys.modules.get("torch")
    if threads is not None and torch is not None:
        torch.set_num_threads(threads)


def settle_threads(threads: int | None) -> None:
    """Compute with `threads` from now on, if any are asked for; so does a torch imported in `torch_in_budget`."""
    torch = sys.modules.get("torch")
    if threads is not None:
        _asked[:] = [thread_budget(threads)]
        if torch is not None:
            torch.set_num_threads(_asked[0])


def processors() -> int:
    """Return how many processors this process may use: min(affinity, cgroup quota), at least 1."""
    if hasattr(os, "sched_getaffinity"):
        available = len(os.sched_getaffinity(0))
    else:
        available = os.cpu_count() or 1
    quota = _cgroup_quota()
    if quota is not None:
        available = min(available, max(1, math.ceil(quota)))
    return max(1, available)


def _cgroup_quota() -> float | None:
    """Return the processors that the container's quota allows (cgroup v2, then v1), or None."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            folder = Path("/sys/fs/cgroup/cpu")
            quota = (folder / "cpu.cfs_quota_us").read_text().strip()
            period = (folder / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    if quota in ("max", "-1") or float(period) <= 0:
        return None
    return float(quota) / float(period)


def _keep_memory() -> bool:
    """Tell glibc to keep freed memory; return whether it took all three settings."""
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # musl and others
        return False
    settings = ((_M_MMAP_THRESHOLD, 1 << 30), (_M_TRIM_THRESHOLD, 2**31 - 1), (_M_TOP_PAD, 256 << 20))
    done = [bool(mallopt(name, value)) for name, value in settings]
    return all(done)
