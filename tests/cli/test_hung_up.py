"""A terminal that is closed ends a command as Ctrl-C does, unless nohup says otherwise."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP")

# A command that works until it is ended, by the real edge: the API is replaced by a stand-in that draws progress.
PROGRAM = """
import sys, time
from types import SimpleNamespace
from headstart.cli import app as commands, edge
def compare(data, *, progress, **options):
    with progress.step("work", 100) as step:
        open("working", "w").close()
        for _ in range(int(sys.argv[1])):
            time.sleep(0.05); step.advance()
    open("done", "w").close()
    raise SystemExit(0)
edge.end_when_asked()
commands.app(["compare", "x"], prog_name="headstart", obj=SimpleNamespace(compare=compare))
"""


def begun(folder: Path, turns: int, *before: str, **streams: object) -> subprocess.Popen[bytes]:
    """Start the program in `folder` and return when it works."""
    command = [*before, sys.executable, "-c", PROGRAM, str(turns)]
    process = subprocess.Popen(command, cwd=folder, **streams)  # type: ignore[call-overload]
    until = time.monotonic() + 60
    while not (folder / "working").exists() and time.monotonic() < until:
        time.sleep(0.02)
    return process  # type: ignore[no-any-return]


def test_it_says_that_it_continues_and_has_an_exit_code_of_its_own(tmp_path: Path) -> None:
    with begun(tmp_path, 600, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.send_signal(signal.SIGHUP)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 129
    assert said.decode().endswith("Stopped; the same command continues.\n")
    assert "Traceback" not in said.decode()


def test_under_nohup_it_goes_on(tmp_path: Path) -> None:
    with begun(tmp_path, 20, "nohup", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        process.send_signal(signal.SIGHUP)
        process.wait(60)
    assert process.returncode == 0
    assert (tmp_path / "done").exists()


@pytest.mark.parametrize("signals", [0, 2], ids=["the terminal alone", "and the shell"])
def test_a_terminal_that_is_gone_is_no_error(tmp_path: Path, signals: int) -> None:
    """Nothing can be written any more; it ends all the same, with the same exit code and nothing left over."""
    controller, terminal = os.openpty()
    process = begun(tmp_path, 600, stdin=terminal, stdout=terminal, stderr=terminal, preexec_fn=lead(terminal))
    os.close(terminal)
    os.close(controller)  # the system hangs up
    for _ in range(signals):
        process.send_signal(signal.SIGHUP)
    assert process.wait(60) == 129
    assert not (tmp_path / "done").exists()


def lead(terminal: int) -> Callable[[], None]:
    """Return what makes a new process the leader of a session on a terminal, as a shell's window is."""

    def make() -> None:
        import fcntl
        import termios

        os.setsid()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)

    return make
