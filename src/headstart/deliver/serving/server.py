"""The process that serves: it listens, opens its classifiers, answers, and stops without losing an answer."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from math import ceil
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Any

import uvicorn

from headstart.base.errors import ConfigError
from headstart.bundle.folder import read_manifest
from headstart.deliver.serving.app import make_app
from headstart.deliver.serving.opening import Say
from headstart.deliver.serving.page import page
from headstart.deliver.serving.settings import Settings
from headstart.deliver.serving.shelf import Shelf

_SIGNALS = ("SIGTERM", "SIGINT", "SIGBREAK")  # the last is Windows'
_GLANCE = 0.02  # seconds between two looks whether all is answered
_IDLE = 30  # seconds that a connection without a request stays open


def run(places: Mapping[str, Path], settings: Settings, say: Say, ready: Callable[[Shelf, str], None]) -> None:
    """Serve until the process is asked to stop (SIGTERM, or Ctrl-C); what was accepted is answered first.

    Parameters
    ----------
    places : mapping of str to Path
        The bundles, by name.
    settings : Settings
    say : callable
        Told what happens, in a line.
    ready : callable
        Told once that pictures are answered, and at which address.

    Raises
    ------
    ConfigError
        If nobody can listen at the address.
    BundleError
        If a bundle is missing, damaged or of a newer format.
    """
    _check_free()
    for place in places.values():
        read_manifest(place)
    with _listening(settings) as listener:
        asyncio.run(_serve(Shelf(places, settings, say), listener, ready))


def _check_free() -> None:
    """Raise ConfigError where this thread has a loop already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise ConfigError(
        "A server needs a process of its own, and a notebook or an asynchronous program runs in this one.",
        hint="Start it in a terminal: headstart serve BUNDLE",
    )


def _listening(settings: Settings) -> socket.socket:
    """Return a socket at the address that was asked for."""
    where = f"{settings.host}:{settings.port}"
    try:
        family, *_, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        found = socket.create_server(address, family=family, backlog=1024)
        # asyncio lets small answers go at once only of sockets that say that they are TCP; else they wait for 40 ms.
        return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=found.detach())
    except (OSError, UnicodeError, OverflowError) as error:
        said = str(getattr(error, "strerror", None) or error).partition(" (while")[0]
        raise ConfigError(
            f"The server cannot listen at {where} ({said}).",
            hint="Choose another port with --port (0: any that is free), or check --host.",
        ) from error


class _Server(uvicorn.Server):
    """uvicorn without its own way with signals: `_asked_to_stop` drains first, and the exit code is 0."""

    def capture_signals(self) -> nullcontext[None]:  # type: ignore[override]
        return nullcontext()


async def _serve(shelf: Shelf, listener: socket.socket, ready: Callable[[Shelf, str], None]) -> None:
    settings = shelf.settings
    server = _Server(
        uvicorn.Config(
            make_app(shelf, page),
            lifespan="off",
            # It bounds what a head may take. httptools is quicker, but keeps endless heads in memory, and reads
            # the body of a request that offers an upgrade as a request of its own.
            http="h11",
            ws="none",
            log_config=None,
            log_level="error",  # else whoever speaks no HTTP fills the log
            access_log=False,
            server_header=False,
            timeout_keep_alive=max(_IDLE, ceil(settings.seconds)),
            timeout_graceful_shutdown=ceil(settings.seconds),
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    working = asyncio.create_task(_work(shelf, lambda: ready(shelf, _address(listener))))
    sweeping = asyncio.create_task(_sweep(server, settings.seconds))
    try:
        with _asked_to_stop(lambda: asyncio.create_task(_drain(shelf, server))):
            await asyncio.wait({serving, working}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():  # only by an error: it watches for ever
                server.should_exit = True
                await serving
                await working
            await serving
    finally:
        shelf.close()  # first: the loop waits for the thread that opens a bundle
        working.cancel()
        sweeping.cancel()


async def _work(shelf: Shelf, ready: Callable[[], None]) -> None:
    """Open the classifiers, then look after them."""
    await shelf.open_all()
    if not shelf.stopping:
        ready()
    await shelf.watch()


async def _sweep(server: uvicorn.Server, seconds: float) -> None:
    """Close connections that have not brought the head of a request in time; uvicorn would wait for ever.

    Each takes one of the files that the process may have open, so that a thousand of them would lock everybody out.
    """
    since: dict[Any, tuple[object, float]] = {}  # its last request, and when it was first seen without a further one
    while True:
        await asyncio.sleep(min(1.0, seconds / 2))
        before, since = since, {}
        connections: list[Any] = list(server.server_state.connections)
        for connection in filter(_is_idle, connections):
            last, begin = before.get(connection, (None, 0.0))
            again = connection in before and last is connection.cycle
            since[connection] = (connection.cycle, begin if again else monotonic())
            if again and monotonic() - begin > seconds:
                connection.transport.close()


def _is_idle(connection: Any) -> bool:
    """Whether a connection has no request under way: none yet, or no further one."""
    return connection.cycle is None or connection.cycle.response_complete


async def _drain(shelf: Shelf, server: uvicorn.Server) -> None:
    """Answer what was accepted, refuse what comes, then stop; asked again, stop at once."""
    if shelf.stopping:
        server.force_exit = server.should_exit = True
        return
    shelf.stopping = True
    waiting = "1 request is" if shelf.under_way == 1 else f"{shelf.under_way} requests are"
    shelf.say(f"stopping: {waiting} still being answered …" if shelf.under_way else "stopping")
    waited = 0.0
    while shelf.under_way and waited < shelf.settings.seconds:
        await asyncio.sleep(_GLANCE)
        waited += _GLANCE
    server.should_exit = True


@contextmanager
def _asked_to_stop(stop: Callable[[], object]) -> Iterator[None]:
    """Call `stop` in the loop when the process is asked to end."""
    loop, tasks = asyncio.get_running_loop(), set[object]()

    def asked(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(lambda: tasks.add(stop()))

    ours = threading.current_thread() is threading.main_thread()  # no other thread may listen to signals
    numbers = [getattr(signal, name) for name in _SIGNALS if ours and hasattr(signal, name)]
    before = {number: signal.signal(number, asked) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _address(listener: socket.socket) -> str:
    """Return where the server is to be asked."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - of all addresses of this machine, the one that always works
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
