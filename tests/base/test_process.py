import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from headstart.base import process
from headstart.base.errors import ConfigError
from headstart.base.process import (
    BLAS_WAIT,
    SPINS,
    ProcessSetup,
    compute_threads,
    settle_threads,
    thread_budget,
    tune_process,
)

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of eight processors whose control group is written into the returned folder."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(process, "Path", lambda path: tmp_path / str(path).lstrip("/"))
    return tmp_path


def write(root: Path, path: str, text: str) -> None:
    file = root / "sys/fs/cgroup" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_without_a_quota_the_affinity_counts(machine: Path) -> None:
    assert thread_budget() == 8


@pytest.mark.parametrize(
    ("quota", "threads"),
    [("max 100000", 8), ("200000 100000", 2), ("120000 100000", 2), ("20000 100000", 1), ("9900000 100000", 8)],
)
def test_the_quota_of_a_container_counts(machine: Path, quota: str, threads: int) -> None:
    write(machine, "cpu.max", quota + "\n")
    assert thread_budget() == threads


@pytest.mark.parametrize(("quota", "threads"), [("-1", 8), ("300000", 3)])
def test_the_older_form_of_the_quota_counts_too(machine: Path, quota: str, threads: int) -> None:
    write(machine, "cpu/cpu.cfs_quota_us", quota + "\n")
    write(machine, "cpu/cpu.cfs_period_us", "100000\n")
    assert thread_budget() == threads


def test_a_user_may_ask_for_fewer_and_never_gets_more(machine: Path) -> None:
    write(machine, "cpu.max", "400000 100000")
    assert [thread_budget(asked) for asked in (1, 3, 4, 64)] == [1, 3, 4, 4]
    with pytest.raises(ConfigError, match="threads"):
        thread_budget(0)


def test_systems_without_affinity_count_their_processors(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert thread_budget() == 5
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert thread_budget() == 1


def test_the_budget_reaches_every_library(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(set_num_threads=told.append))
    for name in THREAD_VARIABLES:
        monkeypatch.setenv(name, "99")
    assert tune_process(threads=3, allocator=False) == ProcessSetup(threads=3, allocator=False)
    assert told == [3]
    assert [os.environ[name] for name in THREAD_VARIABLES] == ["3", "3", "3"]


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_the_allocator_is_left_alone_elsewhere(monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    monkeypatch.setattr(sys, "platform", system)
    assert not process._keep_memory()


def test_a_c_library_without_the_settings_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("ctypes.CDLL", lambda _: SimpleNamespace())
    assert not process._keep_memory()


COUNT_PAGE_FAULTS = """
import resource, sys
import numpy as np
from headstart.base.process import tune_process
tuned = tune_process(allocator=sys.argv[1] == "tuned").allocator
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(8):
        np.ones(64 << 20, np.uint8)  # glibc keeps up to 32 MiB by itself, after the first time
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(tuned, faults())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a matter of glibc")
def test_a_tuned_process_keeps_its_memory() -> None:
    def faults(how: str) -> tuple[str, int]:
        command = [sys.executable, "-c", COUNT_PAGE_FAULTS, how]
        # Huge pages would hide the faults that are counted here.
        environment = {**os.environ, "NUMPY_MADVISE_HUGEPAGE": "0"}
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        tuned, count = done.stdout.split()
        return tuned, int(count)

    plain, many = faults("plain")
    tuned, few = faults("tuned")
    assert plain == "False"
    if tuned == "False":
        pytest.skip("this C library has no mallopt")
    assert few < many / 10


def test_importing_tunes_nothing() -> None:
    code = "import os; before = dict(os.environ); import headstart.base.process; assert before == dict(os.environ)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_the_process_was_told_holds_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in THREAD_VARIABLES:
        monkeypatch.setenv(name, "")
    monkeypatch.setattr(process, "_asked", [])
    monkeypatch.setattr(process, "_written", {})
    monkeypatch.setattr(process.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(process, "_cgroup_quota", lambda: None)
    monkeypatch.setitem(process.sys.modules, "torch", None)
    assert process.thread_budget() == 8
    process.tune_process(threads=3, allocator=False)
    assert process.thread_budget() == 3
    process.tune_process(allocator=False)
    assert process.thread_budget() == 8  # its own earlier number in the environment is not the user's
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    process.tune_process(allocator=False)
    assert process.thread_budget() == 2


@pytest.mark.parametrize(
    ("given", "spins", "wait"),
    [
        ({}, str(SPINS), str(BLAS_WAIT)),
        ({"GOMP_SPINCOUNT": "77"}, "77", str(BLAS_WAIT)),
        ({"OPENBLAS_THREAD_TIMEOUT": "20"}, str(SPINS), "20"),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, None, None),
    ],
)
def test_idle_threads_sleep_soon_unless_the_user_has_said_how(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], spins: str | None, wait: str | None
) -> None:
    for name in ("GOMP_SPINCOUNT", "OPENBLAS_THREAD_TIMEOUT", "OMP_WAIT_POLICY", *THREAD_VARIABLES):
        monkeypatch.setenv(name, "")  # so that it is given back as it was
        monkeypatch.delenv(name)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    tune_process(allocator=False)
    assert os.environ.get("GOMP_SPINCOUNT") == spins
    assert os.environ.get("OPENBLAS_THREAD_TIMEOUT") == wait


def test_threads_that_were_asked_for_hold_with_torch_and_before_it(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    settle_threads(None)
    assert compute_threads() == 8
    settle_threads(3)
    assert compute_threads() == thread_budget() == 3
    torch = SimpleNamespace(number=5)
    torch.get_num_threads = lambda: torch.number
    torch.set_num_threads = lambda number: setattr(torch, "number", number)
    monkeypatch.setitem(sys.modules, "torch", torch)
    assert compute_threads() == 5  # whoever has imported torch may have set it
    settle_threads(2)
    assert compute_threads() == 2


def test_the_environment_counts_where_nobody_asked(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert (thread_budget(), thread_budget(6)) == (2, 6)
    settle_threads(4)
    assert thread_budget() == 4
    monkeypatch.setattr(process, "_asked", [])
    for nonsense in ("", "0", "many"):
        monkeypatch.setenv("OMP_NUM_THREADS", nonsense)
        assert thread_budget() == 8


def test_the_command_line_sets_the_process_up_before_numpy_and_torch_read_it() -> None:
    code = (
        "import sys, headstart.cli.app, headstart.cli.session; sys.exit(bool({'numpy', 'torch'} & sys.modules.keys()))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
