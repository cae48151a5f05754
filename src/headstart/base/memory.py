"""How much memory this process may still take: what the system, the container and the shell's limit leave."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")
_GROUPS = (  # of a container: its limit, what it has taken, and what of that the system takes back when it must
    ("sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
    ("sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def available_memory() -> int | None:
    """Return the bytes that this process may still take, at least 0; None where the system does not say."""
    found = [*_of_the_system(), *_of_the_container(), *_of_the_process()]
    return max(0, min(found)) if found else None


def _of_the_system() -> Iterator[int]:
    said = _entries(ROOT / "proc/meminfo")
    if "MemAvailable" in said:
        yield 1024 * said["MemAvailable"]


def _of_the_container() -> Iterator[int]:
    for folder, limit, taken, back in _GROUPS:
        most, now = _number(ROOT / folder / limit), _number(ROOT / folder / taken)
        if most is not None and now is not None:
            yield most - now + _entries(ROOT / folder / "memory.stat").get(back, 0)


def _of_the_process() -> Iterator[int]:
    """Yield what ``ulimit -v`` leaves, which counts what is reserved, not what is used."""
    if sys.platform == "win32":
        return
    import resource

    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    now = _entries(ROOT / "proc/self/status").get("VmSize")
    if most != resource.RLIM_INFINITY and now is not None:
        yield most - 1024 * now


def _entries(file: Path) -> dict[str, int]:
    """Return the numbers of lines such as ``MemAvailable:   123 kB`` by name; nothing of a file that is not there."""
    try:
        lines = [line.replace(":", " ").split() for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError):
        return {}
    return {line[0]: int(line[1]) for line in lines if len(line) > 1 and line[1].isdigit()}


def _number(file: Path) -> int | None:
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return None
    return int(text) if text.isdigit() else None
