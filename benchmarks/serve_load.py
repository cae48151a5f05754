"""Load for `serve_peers.py`, from a process of its own: many connections that stay open, and nothing else.

::

    python benchmarks/serve_load.py '{"port": 8000, "requests": "FOLDER", "clients": 8, "seconds": 10}'

FOLDER holds whole HTTP requests as files, which are sent one after the other. It shares the processor with the server,
so it is plain asyncio on sockets: no HTTP library, no parsing but for status and length. It prints one line of JSON.

With ``"clients"`` each connection sends its next request when it has its answer. With ``"rate"`` requests are sent at
that rate, whatever becomes of the earlier ones, on up to ``"connections"`` connections: so overload does not slow down
the load itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WAIT = 30.0  # seconds for an answer


@dataclass
class Load:
    """What to send, and what came back."""

    port: int
    requests: list[bytes]
    ends: float
    most: int
    keep: bool
    until: Path | None = None
    sent: int = 0
    unsent: int = 0
    taken: dict[int, list[float]] = field(default_factory=dict)  # by status, seconds
    failed: Counter[str] = field(default_factory=Counter)
    bodies: list[tuple[int, int, str]] = field(default_factory=list)

    @property
    def over(self) -> bool:
        """Whether enough was sent, the time is up, or the file stands that ends it."""
        told = self.until is not None and self.until.exists()
        return told or self.sent >= self.most or time.perf_counter() >= self.ends


class Connection:
    """One connection, which is opened again where the server has closed it."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self) -> None:
        """Send the next request, and note what came of it."""
        load = self.load
        number = load.sent % len(load.requests)
        load.sent += 1
        begin = time.perf_counter()
        try:
            status, body = await asyncio.wait_for(self._exchange(load.requests[number]), WAIT)
        except (OSError, EOFError, ValueError, TimeoutError) as error:
            load.failed[type(error).__name__] += 1
            await self.close()
            return
        load.taken.setdefault(status, []).append(time.perf_counter() - begin)
        if load.keep:
            load.bodies.append((number, status, body.decode("utf-8", "replace")))

    async def _exchange(self, request: bytes) -> tuple[int, bytes]:
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.load.port)
        reader, writer = self.streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        if b"connection: close" in head:
            await self.close()
        return int(head.split(b" ", 2)[1]), body

    async def close(self) -> None:
        """Close it; the next request opens it again."""
        if self.streams is not None:
            writer, self.streams = self.streams[1], None
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def closed_loop(load: Load, clients: int) -> None:
    """Let each of so many clients send its next request when it has its answer."""

    async def client() -> None:
        connection = Connection(load)
        while not load.over:
            await connection.ask()
        await connection.close()

    await asyncio.gather(*(client() for _ in range(clients)))


async def open_loop(load: Load, rate: float, connections: int) -> None:
    """Send so many requests a second, on as many connections as that takes."""
    free = [Connection(load) for _ in range(connections)]
    working: set[asyncio.Task[None]] = set()

    async def once(connection: Connection) -> None:
        await connection.ask()
        free.append(connection)

    begin, number = time.perf_counter(), 0
    while not load.over:
        await asyncio.sleep(max(0.0, begin + number / rate - time.perf_counter()))
        number += 1
        if free:
            task = asyncio.create_task(once(free.pop()))
            working.add(task)
            task.add_done_callback(working.discard)
        else:
            load.unsent += 1
    await asyncio.gather(*working)


def quantile(values: list[float], share: float) -> float | None:
    """Return the value below which such a share lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def main() -> None:
    asked: dict[str, Any] = json.loads(sys.argv[1])
    requests = [file.read_bytes() for file in sorted(Path(asked["requests"]).iterdir())]
    begin = time.perf_counter()
    load = Load(
        port=asked["port"],
        requests=requests,
        ends=begin + asked["seconds"],
        most=asked.get("most", 1 << 60),
        keep=asked.get("keep", False),
        until=Path(asked["until"]) if "until" in asked else None,
    )
    if "rate" in asked:
        asyncio.run(open_loop(load, asked["rate"], asked["connections"]))
    else:
        asyncio.run(closed_loop(load, asked["clients"]))
    seconds = time.perf_counter() - begin
    usage = resource.getrusage(resource.RUSAGE_SELF)
    served = load.taken.get(200, [])
    found = {
        "served": len(served),
        "per_second": len(served) / seconds,
        "p50": quantile(served, 0.5),
        "p99": quantile(served, 0.99),
        "statuses": {str(status): len(times) for status, times in load.taken.items()},
        "failed": dict(load.failed),
        "unsent": load.unsent,
        "seconds": seconds,
        "own_share": (usage.ru_utime + usage.ru_stime) / seconds,  # of one core
        "bodies": load.bodies,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
