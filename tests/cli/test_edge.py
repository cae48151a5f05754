"""Errors: one line, one hint, the exit code; nothing on stdout, no traceback."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest
from cli.stand_in import Call, StandIn
from drawing import draw_classes

from headstart.base.errors import (
    BundleError,
    ConfigError,
    DataError,
    DependencyError,
    HeadstartError,
    PictureError,
    StoreError,
    WeightsError,
)
from headstart.cli.edge import Terminated


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (HeadstartError, 1),
        (ConfigError, 2),
        (DataError, 3),
        (PictureError, 3),
        (WeightsError, 4),
        (StoreError, 5),
        (BundleError, 6),
        (DependencyError, 7),
    ],
)
def test_headstarts_own_errors(call: Call, kind: type[HeadstartError], code: int) -> None:
    result = call("compare", "x", "--json", verbs=StandIn(kind("It\nis wrong.", hint="Type this.")))
    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr == "Error: It is wrong.\n  Type this.\n"


@pytest.mark.parametrize("command", ["compare x", "demo", "run r --data x"])
def test_stopped_and_continued(call: Call, command: str) -> None:
    result = call(*command.split(), verbs=StandIn(KeyboardInterrupt()))
    assert (result.exit_code, result.stderr) == (130, "Stopped; the same command continues.\n")


def test_stopped_where_nothing_is_kept(call: Call) -> None:
    result = call("predict", "b", "x", verbs=StandIn(KeyboardInterrupt()))
    assert (result.exit_code, result.stderr) == (130, "Stopped.\n")


def test_asked_to_end_is_told_apart_from_ctrl_c(call: Call) -> None:
    result = call("compare", "x", verbs=StandIn(Terminated()))
    assert (result.exit_code, result.stderr) == (143, "Stopped; the same command continues.\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without asking it")
def test_a_process_that_is_asked_to_end_says_that_it_continues(tmp_path: Path) -> None:
    draw_classes(tmp_path / "photos", 40, 0)
    command = [sys.executable, "-m", "headstart", "compare", str(tmp_path / "photos"), "--strategies", "full"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        assert process.stderr.readline()  # under way: progress goes there
        process.terminate()
        _, said = process.communicate(timeout=60)
    assert process.returncode == 143
    assert said.decode().endswith("Stopped; the same command continues.\n")


def test_a_full_disk_says_so(call: Call) -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "run/x")
    result = call("compare", "x", verbs=StandIn(full))
    assert result.exit_code == 5
    assert result.stderr.startswith(
        "Error: 'run/x' could not be written (No space left on device).\n  The disk is full"
    )


def test_an_unexpected_error_is_short(call: Call) -> None:
    result = call("compare", "x", verbs=StandIn(ValueError("shapes\nand more")))
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ValueError: shapes\n  This is a bug in headstart.")
    assert "Traceback" not in result.stderr


def test_the_traceback_shows_on_request(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADSTART_DEBUG", "1")
    result = call("compare", "x", verbs=StandIn(ValueError("shapes")))
    assert result.exit_code == 1
    assert "Traceback" in result.stderr


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:121] data. DefaultCPUAllocator: not enough memory: you tried"),
        type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory. Tried to allocate 2.00 GiB."),
    ],
)
def test_memory(call: Call, error: Exception) -> None:
    result = call("compare", "x", verbs=StandIn(error))
    assert (result.exit_code, "--image-size" in result.stderr) == (1, True)


def test_a_closed_pipe_is_quiet(call: Call) -> None:
    result = call("compare", "x", verbs=StandIn(BrokenPipeError()))
    assert (result.exit_code, result.output) == (141, "")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("compare", "Missing argument 'DATA'"),
        ("comprae x", "Did you mean 'compare'"),
        ("compare x --sed 1", "No such option: --sed"),
        ("compare x --epochs ten", "Invalid value for '--epochs'"),
        ("run ants_bees", "Missing option '--data'"),
        ("compare x --set foo", "Write --set NAME=VALUE."),
        ("compare x --threads 0", "a whole number of at least 1"),
    ],
)
def test_wrong_commands(call: Call, verbs: StandIn, command: str, said: str) -> None:
    result = call(*command.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert verbs.calls == []


def test_a_real_pipe_that_closes_early_is_quiet() -> None:
    code = "import sys; sys.argv = ['headstart', 'compare', '--help'] * 1; from headstart.cli import main; main()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        said = child.stderr.read()
    assert said == b""
