"""What all tests share: small drawn pictures, a clean environment, and no way out to the network."""

from __future__ import annotations

import importlib
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from drawing import Draw, draw_classes, draw_picture
from threadpoolctl import threadpool_limits

from headstart.base.process import processors

# A test never fails for its time: other work on the machine is no fault of the code.
hypothesis.settings.register_profile("headstart", deadline=None)
hypothesis.settings.load_profile("headstart")


def pytest_configure(config: pytest.Config) -> None:
    """Give each of several test processes a processor of its own.

    Two threads of one process are no faster for pictures as small as the tests' are, and two processes that each
    believe in two processors wait for each other.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker and hasattr(os, "sched_setaffinity"):
        processors = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {processors[int(worker.removeprefix("gw")) % len(processors)]})
        threadpool_limits(1)  # NumPy came before: two threads would round otherwise than processes that tests start


@pytest.fixture
def usual_threads() -> Iterator[None]:
    """Give torch back its usual number of threads: another number rounds otherwise, in whatever test comes next.

    Set up before `monkeypatch`, so that it ends after it: the torch that it finds is the real one.
    """
    usual = processors()
    yield
    torch = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() != usual:
        torch.set_num_threads(usual)


@pytest.fixture(autouse=True)
def neither_network_nor_pixels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tests of strategies and experiments run on fakes, unless they are marked ``network``."""
    if request.path.parent.name not in ("strategies", "experiment") or request.node.get_closest_marker("network"):
        return

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("a network or a picture in a test without the mark 'network': use a fake of builders.py")

    if "torch" in sys.modules:
        monkeypatch.setattr("torch.nn.Module.__call__", refuse)
    decoding = importlib.import_module("headstart.pixels.decode")  # the package has a function of that name
    for name in ("_from_file", "_from_stream"):
        monkeypatch.setattr(decoding, name, refuse)


@pytest.fixture(autouse=True)
def cache(
    usual_threads: None, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Clean the environment of what steers headstart and the hub; the cache is a fresh folder.

    It goes with the test: three thousand of them were gigabytes, and filled a disk.
    """
    for name in list(os.environ):
        if name.startswith(("HEADSTART_", "HF_")):
            monkeypatch.delenv(name)
    monkeypatch.setattr("headstart.base.process._asked", [])
    monkeypatch.setattr("headstart.base.process._written", {})
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)  # as an earlier command in this process left it
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("HEADSTART_CACHE", str(folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)  # a test may have taken the rights to it away


@pytest.fixture
def draw() -> Draw:
    """The function ``draw(path, shape="circle", seed=0)`` that draws one picture and returns its path."""
    return draw_picture


@pytest.fixture
def picture_folder(tmp_path: Path) -> Path:
    """A folder ``pictures/{train,val}/{circle,square}``: 24 pictures in train, 12 in val."""
    folder = tmp_path / "pictures"
    draw_classes(folder / "train", 12, 0)
    draw_classes(folder / "val", 6, 100)
    return folder


@pytest.fixture
def single_folder(tmp_path: Path) -> Path:
    """A folder ``shapes/{circle,square}`` without splits: 36 pictures."""
    folder = tmp_path / "shapes"
    draw_classes(folder, 18, 200)
    return folder


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder ``shared`` beside the checkout, with real pictures and weights; skips where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not (folder / "data").is_dir():
        pytest.skip(f"needs real pictures and weights in {folder}")
    return folder


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every attempt to look up a name or to open an internet connection fail loudly."""
    connect = socket.socket.connect

    def refuse_connection(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            raise AssertionError(f"the network was touched: {address}")
        connect(self, address)  # local sockets between processes stay open

    def refuse_lookup(host: Any, *details: Any, **options: Any) -> Any:
        raise AssertionError(f"the network was asked for {host}")

    monkeypatch.setattr(socket.socket, "connect", refuse_connection)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse_connection)
    monkeypatch.setattr(socket, "getaddrinfo", refuse_lookup)
