"""A server without a process and without a network: its classifier names the brightest colour."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from answering import answering
from PIL import Image

from headstart.deliver.serving.app import make_app
from headstart.deliver.serving.page import page
from headstart.deliver.serving.settings import Settings
from headstart.deliver.serving.shelf import Shelf

VERSION = "0123456789ab"


def jpeg(colour: tuple[int, int, int] = (10, 200, 10), form: str = "JPEG") -> bytes:
    """Return a picture of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", (20, 16), colour).save(buffer, form)
    return buffer.getvalue()


class Asker:
    """Asks an application in its own loop, which goes on where it stood with every request."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf, self._loop = shelf, asyncio.new_event_loop()
        self.app = make_app(shelf, page)

    def __call__(self, method: str, path: str, content: Any = None, **more: Any) -> httpx.Response:
        """Return the answer to one request; bytes are a JPEG unless the headers say otherwise."""
        return self.together([(method, path, content, more)])[0]

    def together(self, requests: list[tuple[str, str, Any, dict[str, Any]]]) -> list[httpx.Response]:
        """Return the answers to requests that are under way at once."""
        return self.run(self._together(requests))

    def run(self, work: Any) -> Any:
        """Do something in the loop."""
        return self._loop.run_until_complete(work)

    async def _together(self, requests: list[tuple[str, str, Any, dict[str, Any]]]) -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=self.app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            return await asyncio.gather(*(self._one(client, *each) for each in requests))

    async def _one(
        self, client: httpx.AsyncClient, method: str, path: str, content: Any, more: dict[str, Any]
    ) -> httpx.Response:
        headers = more.pop("headers", {})
        if content is not None and "files" not in more:
            headers = {"content-type": "image/jpeg", **headers}
        return await client.request(method, path, content=content, headers=headers, **more)

    def close(self) -> None:
        """End the loop and the threads."""
        self.shelf.close()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()


Serving = Callable[..., Asker]


@pytest.fixture
def serving() -> Iterator[Serving]:
    """The function ``serving(model=..., opened=True, **settings)`` that returns who asks a server."""
    made: list[Asker] = []

    def make(*, model: Any = None, names: str = "colours", opened: bool = True, **settings: Any) -> Asker:
        said: list[str] = []
        shelf = Shelf({name: Path(name) for name in names.split()}, Settings(**settings), said.append)
        shelf.said = said  # type: ignore[attr-defined]
        asker = Asker(shelf)
        for name in names.split() if opened else ():
            shelf.put(name, VERSION, answering() if model is None else model)
        made.append(asker)
        return asker

    yield make
    for asker in made:
        asker.close()


@pytest.fixture
def ask(serving: Serving) -> Asker:
    """Who asks a server of one classifier, `colours`."""
    return serving()


class Slow:
    """An engine that waits until it is told to go on; its features are mean colours."""

    name, folded = "onnx", None

    def __init__(self) -> None:
        import threading

        self.go, self.sizes = threading.Event(), list[int]()

    def features_of(self, batches: Any, preprocessing: Any, *, device: str = "cpu") -> Any:
        """Yield the means of red, green and blue, (n, 3)."""
        for batch in batches:
            self.sizes.append(len(batch))
            assert self.go.wait(20)
            yield batch.mean(axis=(1, 2)).astype(np.float32)
