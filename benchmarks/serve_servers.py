"""The servers of `serve_peers.py`: their settings, the requests that they take, starting, asking and ending them."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

HERE = Path(__file__).resolve().parent
AGREE = 0.1  # in a probability: the same network, but torchvision cuts off half a pixel where others round
# What is tried of each side. Their documentation names these for speed: batches, how long one waits for more, workers.
SETTINGS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "headstart": ({},),
    "litserve": (
        {"batch": 1, "wait": 0.0, "workers": 1, "threads": 2, "fast_queue": False},
        {"batch": 1, "wait": 0.0, "workers": 2, "threads": 1, "fast_queue": False},
        {"batch": 1, "wait": 0.0, "workers": 2, "threads": 1, "fast_queue": True},
        {"batch": 8, "wait": 0.005, "workers": 1, "threads": 2, "fast_queue": False},
        {"batch": 8, "wait": 0.005, "workers": 2, "threads": 1, "fast_queue": True},
    ),
    "bentoml": (
        {"batch": 1, "latency": 1000, "workers": 1, "threads": 2},
        {"batch": 1, "latency": 1000, "workers": 2, "threads": 1},
        {"batch": 8, "latency": 1000, "workers": 1, "threads": 2},
        {"batch": 8, "latency": 1000, "workers": 2, "threads": 1},
        {"batch": 32, "latency": 1000, "workers": 1, "threads": 2},
    ),
    "naive": ({},),
}
READY = {"headstart": "/readyz", "litserve": "/health", "bentoml": "/readyz", "naive": "/livez"}
UPLOADS = {"litserve": ("/predict", "request"), "bentoml": ("/predict", "pictures"), "naive": ("/predict", "file")}


@dataclass(frozen=True, eq=False)
class Bench:
    """What all sides share: options, a folder, pictures, and what the bundle answers for these."""

    options: argparse.Namespace
    home: Path
    pictures: Sequence[Path]
    expected: Any
    classes: Sequence[str]

    @property
    def prepared(self) -> Path:
        """The folder that the peers serve."""
        return self.home / "prepared"

    @property
    def served(self) -> Path:
        """The bundle that headstart serves."""
        return self.home / "served.bundle"


def request(side: str, picture: bytes) -> bytes:
    """Return a whole HTTP request: the picture as it is, or as the upload of a form where a side takes nothing else."""
    path, content, kind = "/v1/predict", picture, "image/jpeg"
    if side in UPLOADS:
        (path, field), edge = UPLOADS[side], "----edge"
        head = f'--{edge}\r\nContent-Disposition: form-data; name="{field}"; filename="a.jpg"\r\n'
        head += "Content-Type: image/jpeg\r\n\r\n"
        content = head.encode() + picture + f"\r\n--{edge}--\r\n".encode()
        kind = f"multipart/form-data; boundary={edge}"
    said = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n"
    return said.encode() + content


def probabilities(body: str) -> dict[str, float]:
    """Return the probabilities in an answer of any side."""
    found = json.loads(body)
    found = found[0] if isinstance(found, list) else found
    return dict((found["answers"][0] if "answers" in found else found)["probabilities"])


@contextlib.contextmanager
def serving(bench: Bench, side: str, setting: Mapping[str, Any]) -> Iterator[tuple[int, int]]:
    """Yield port and process of a server that answers; it and its children end afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = {"side": side, "folder": str(bench.prepared), "port": port, "settings": dict(setting)}
    environment = {**os.environ, "SIDE": json.dumps(told), "BENTOML_DO_NOT_TRACK": "True"}
    log = bench.home / f"{side}.log"
    command = [str(word) for word in _command(bench, side, port)]
    with (
        log.open("ab") as output,
        subprocess.Popen(
            command, env=environment, cwd=HERE, stdout=output, stderr=output, start_new_session=True
        ) as process,
    ):
        try:
            _wait_until_ready(process, port, READY[side], log)
            yield port, process.pid
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _command(bench: Bench, side: str, port: int) -> list[object]:
    peers = bench.options.environments
    if side == "headstart":
        return [sys.executable, "-m", "headstart", "serve", bench.served, "--port", port]
    if side == "bentoml":
        program = peers / "bentoml" / "bin" / "bentoml"
        return [program, "serve", "serve_sides:Served", "--host", "127.0.0.1", "--port", port]
    python = peers / "litserve" / "bin" / "python" if side == "litserve" else sys.executable
    return [python, HERE / "serve_sides.py"]


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, path: str, log: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.2)
    raise SystemExit(f"The server does not answer:\n{log.read_text()[-3000:]}")


def memory(session: int) -> float:
    """Return the megabytes of all processes of a server, what they share counted once."""
    total = 0
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            if int((place / "stat").read_text().rpartition(")")[2].split()[3]) == session:
                rollup = (place / "smaps_rollup").read_text()
                total += int(rollup.partition("\nPss:")[2].split()[0])
    return total / 1000


def load(bench: Bench, side: str, port: int, **asked: Any) -> dict[str, Any]:
    """Send requests from another process, and return what it says."""
    told = {"port": port, "requests": str(bench.home / "requests" / side), "seconds": bench.options.seconds, **asked}
    command = [sys.executable, str(HERE / "serve_load.py"), json.dumps(told)]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found if asked.get("keep") else {name: value for name, value in found.items() if name != "bodies"}


def check_answers(bench: Bench, side: str, port: int) -> float:
    """Return how far a server's answers are from the bundle's; end where it answers something else."""
    count = len(bench.pictures)
    found = load(bench, side, port, clients=4, most=count, seconds=120, keep=True)
    worst = 1.0
    if found["statuses"] == {"200": count}:
        for number, _, body in found["bodies"]:
            row = dict(zip(bench.classes, bench.expected[number], strict=True))
            apart = max(abs(share - row[name]) for name, share in probabilities(body).items())
            worst = apart if number == found["bodies"][0][0] else max(worst, apart)
    if worst > AGREE:
        said = {name: found[name] for name in ("statuses", "failed")}
        raise SystemExit(f"{side} does not answer as the bundle does ({worst:.3f}, {said}): {found['bodies'][:1]}")
    return worst
