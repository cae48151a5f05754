"""What is free: the least of what the system, the container and the shell leave."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from headstart.base import memory
from headstart.base.memory import available_memory

V2, V1 = "sys/fs/cgroup", "sys/fs/cgroup/memory"
FILES = {
    "proc/meminfo": "MemTotal: 9000 kB\nMemAvailable: 4000 kB\n",
    "proc/self/status": "Name:\tpython\nVmSize:\t 500 kB\n",
    f"{V2}/memory.max": "3000000\n",
    f"{V2}/memory.current": "1000000\n",
    f"{V2}/memory.stat": "anon 7\ninactive_file 200000\n",
    f"{V1}/memory.limit_in_bytes": "9223372036854771712\n",
    f"{V1}/memory.usage_in_bytes": "1000000\n",
}


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.setattr(memory, "ROOT", tmp_path)
    return tmp_path


def test_the_container_may_leave_less_than_the_system(system: Path) -> None:
    assert available_memory() == 3_000_000 - 1_000_000 + 200_000
    (system / V2 / "memory.max").write_text("max\n")
    assert available_memory() == 4000 * 1024
    (system / V1 / "memory.limit_in_bytes").write_text("1500000\n")
    assert available_memory() == 500_000


def test_nothing_is_left_where_more_is_taken_than_is_allowed(system: Path) -> None:
    (system / V2 / "memory.current").write_text("9000000\n")
    assert available_memory() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of the shell")
def test_the_shells_limit_counts_too(system: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda _: (1_000_000, resource.RLIM_INFINITY))
    assert available_memory() == 1_000_000 - 500 * 1024


def test_where_nobody_says_nothing_is_known(system: Path) -> None:
    for name in FILES:
        (system / name).write_text("odd\n")
    assert available_memory() is None


def test_here_it_is_said() -> None:
    found = available_memory()
    assert found is None or found > 0
