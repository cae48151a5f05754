"""Nothing leaves the machine: every command and the library, watched by the kernel instead of by Python.

No internet socket, and no file anywhere but in the cache and where the runs are; temporary files are gone too.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from drawing import draw_classes
from every_command import commands, trackers

import headstart
from headstart.cli.app import app

# urllib3, which MLflow and W&B bring along, asks once whether there is IPv6 by a socket at the machine's own address.
PROBE = "AF_INET6 1 python"
HERE = Path(__file__).resolve().parent


def watched(command: list[object], place: Path, allowed: list[Path], more: dict[str, str] | None = None) -> Any:
    """Run a command in the folder `place`, in an environment that says nothing but where; return what was seen."""
    if sys.platform != "linux":
        pytest.skip("the filter of system calls is Linux's")
    from watched import IMPOSSIBLE

    notes = place.parent / "notes.json"
    environment = {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(Path(headstart.__file__).parents[1]),
        "PYTHONDONTWRITEBYTECODE": "1",
        **(more or {}),
    }
    launcher = [sys.executable, HERE / "watched.py", notes, ",".join(map(str, allowed)), "--"]
    words = [str(word) for word in [*launcher, *command]]
    done = subprocess.run(words, cwd=place, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == IMPOSSIBLE:
        pytest.skip(f"no filter of system calls can be set up here: {done.stderr.strip()[-300:]}")
    assert done.returncode == 0, done.stderr[-2000:]
    seen = json.loads(notes.read_text(encoding="utf-8"))
    assert seen["code"] == 0, done.stderr[-3000:]
    return seen


@pytest.fixture(scope="module")
def everything() -> Iterator[dict[str, Any]]:
    """What was seen of every command; `home` is a folder that everything called home lies in, temporary files too."""
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder).resolve()
        home, pictures, runs, cache = (whole / name for name in ("home", "pictures", "runs", "cache"))
        for place in (home / "tmp", runs, cache):
            place.mkdir(parents=True)
        draw_classes(pictures / "train", 12, 0)
        draw_classes(pictures / "val", 6, 100)
        more = {"HOME": str(home), "TMPDIR": str(home / "tmp"), "HEADSTART_CACHE": str(cache)}
        more |= {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA", "STATE")}
        script = [sys.executable, HERE / "every_command.py", pictures]
        seen = watched(script, runs, [runs, cache, home / "tmp"], more)
        left = [str(path.relative_to(home)) for path in home.rglob("*")]
        yield {**seen, **json.loads((runs / "done.json").read_text(encoding="utf-8")), "left": left}


def names(group: typer.Typer) -> Iterator[str]:
    """Yield every command of the command line, as it is typed."""
    for command in group.registered_commands:
        yield command.name or command.callback.__name__.replace("_", "-")  # type: ignore[union-attr]
    for below in group.registered_groups:
        for name in names(below.typer_instance):  # type: ignore[arg-type]
            yield f"{below.name} {name}"


def test_every_command_is_watched() -> None:
    tried = commands("pictures")
    assert sorted(names(app)) == sorted(tried)
    for name, typed in tried.items():
        assert any(" ".join(arguments).startswith(name) for arguments in typed), name


@pytest.mark.slow
def test_what_was_watched_is_what_people_do(everything: dict[str, Any]) -> None:
    for each in everything["done"]:
        assert bool(each["code"]) == ("--offline" in each["name"]), f"{each['name']}: {each['shown'][-1500:]}"
    assert everything["engine"] == {"compare": "onnx", "predict": "onnx"}
    (told,) = (each for each in everything["done"] if each["name"].endswith("--json"))
    tracked = json.loads(told["shown"][told["shown"].index("{") :])["tracked"]
    assert {each["tracker"]: each["error"] for each in tracked} == dict.fromkeys(trackers())


@pytest.mark.slow
def test_no_internet_socket_is_asked_for(everything: dict[str, Any]) -> None:
    probes = [seen for seen in everything["sockets"] if seen.startswith(PROBE)]
    assert len(probes) <= 1
    assert [seen for seen in everything["sockets"] if seen not in probes] == []


@pytest.mark.slow
def test_nothing_is_written_but_into_the_cache_and_where_the_runs_are(everything: dict[str, Any]) -> None:
    assert everything["writes"] == []
    assert everything["left"] == ["tmp"]


NATIVE = """
import ctypes, os, socket, subprocess, sys, threading
libc = ctypes.CDLL(None, use_errno=True)
assert libc.socket(2, 1, 0) == -1 and ctypes.get_errno() == 13
assert libc.socket(1, 1, 0) > 0
thread = threading.Thread(target=libc.socket, args=(10, 2, 0))
thread.start(), thread.join()
subprocess.run(["cat"], stdin=subprocess.DEVNULL, check=True)
child = "import socket\\ntry: socket.socket()\\nexcept PermissionError: pass"
subprocess.run([sys.executable, "-c", child], check=True)
away = sys.argv[1]
libc.open(os.fsencode(away + "/native"), os.O_CREAT | os.O_WRONLY, 0o600)
os.mkdir(away + "/folder")
os.chdir(away + "/folder")
for place in ("../relative", "../../runs/allowed"):
    open(place, "w").close()
os.replace("../../runs/allowed", "moved")
os.symlink(away, "link")
open("../native").close()
"""


def test_the_watch_sees_native_code_threads_and_other_programs(tmp_path: Path) -> None:
    runs, away = tmp_path / "runs", tmp_path / "away"
    for place in (runs, away):
        place.mkdir()
    seen = watched([sys.executable, "-c", NATIVE, away], runs, [runs])
    assert [each.split("/")[0].rpartition(" ")[0] for each in seen["sockets"]] == [
        "AF_INET 1",
        "AF_INET6 2",
        "AF_INET 1",
    ]
    written = ["folder", "folder/link", "folder/moved", "native", "relative"]
    assert seen["writes"] == [str(away / name) for name in written]
