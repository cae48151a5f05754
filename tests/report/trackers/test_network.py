"""No tracker asks the network for anything unless the user says where."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from headstart.report.trackers.choosing import TRACKERS

# A second process without pytest's marks, at which MLflow would keep silent by itself. Python's own way out is watched
# inside; W&B's service, a program of its own, would go through the proxy, which counts who calls.
_WATCHED = """
import sys
asked = []
def watch(event, given):
    if event == "socket.getaddrinfo":
        asked.append(f"{event} {given[0]}")
    elif event == "socket.connect" and not isinstance(given[1], (str, bytes)):
        asked.append(f"{event} {given[1]}")
sys.addaudithook(watch)
import headstart as hs
assert hs.track(sys.argv[1], sys.argv[2])[0].logged == 3
import time
time.sleep(1)  # what threads of theirs would begin
assert asked == [], asked
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", TRACKERS)
def test_nothing_is_asked_of_the_network(name: str, folder: Path, tmp_path: Path) -> None:
    for module in TRACKERS[name].needs:
        pytest.importorskip(module, reason=f"{module} is not installed")
    callers: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        threading.Thread(target=_count, args=(proxy, callers), daemon=True).start()
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        kept = {key: value for key, value in os.environ.items() if key not in ("PYTEST_CURRENT_TEST", "CI")}
        proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"), address)
        home = {"HOME": str(tmp_path), "NO_PROXY": "", "no_proxy": ""}
        done = subprocess.run(
            [sys.executable, "-c", _WATCHED, str(folder), name],
            env={**kept, **proxies, **home},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
    assert callers == []


def _count(proxy: socket.socket, callers: list[object]) -> None:
    while True:
        try:
            connection, caller = proxy.accept()
        except OSError:  # the test is over
            return
        callers.append(caller)
        connection.close()
