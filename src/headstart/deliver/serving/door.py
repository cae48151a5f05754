"""The door of the server: who may ask, how much, how slowly; and every refusal told alike.

It stands before the routes, so that a request that is refused costs next to nothing. A refused client may still be
sending: what it sends is passed over for a moment, else the connection would break before it has read why.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from time import perf_counter
from typing import Any

from headstart.deliver.serving.problems import RefusedError
from headstart.deliver.serving.shelf import Shelf

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

# Whoever looks after the server asks these, and a browser opens the first before it can bring a token.
OPEN = frozenset(("/", "/livez", "/readyz", "/v2/health/live", "/v2/health/ready"))
_READING = ("GET", "OPTIONS")
FAILED = ("The server has failed with this request.", "Tell whoever runs it.")
PAUSE = 0.25  # seconds: clients that ask again at once would else take the processor from those who are answered
_LINGER = 2.0  # seconds in which a refused client may finish sending
_NO_ROUTE, _ASKED_MOST = "other", ("/v1/predict", "/v1/heat")


class Door:
    """An ASGI application in front of another one.

    Parameters
    ----------
    app : callable
        The routes; they find the body whole.
    shelf : Shelf
    """

    def __init__(self, app: App, shelf: Shelf) -> None:
        self._app, self._shelf = app, shelf

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":  # a websocket is nothing that is spoken here
            await self._app(scope, receive, send)
            return
        request = _Request(scope, receive, send, self._shelf)
        try:
            request.check()
            body = await request.body()
            try:
                await request.answered(self._app, body)
            finally:
                self._shelf.figures.held -= len(body)
        except RefusedError as problem:
            await request.refuse(problem)
        finally:
            request.counted()


class _Request:
    """One request on its way."""

    def __init__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send, shelf: Shelf) -> None:
        # Whoever asks for the head alone gets that of the answer to GET: uvicorn, which knows, leaves out the rest.
        self._scope = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        self._receive, self._send, self._shelf = receive, send, shelf
        self._begin, self._status, self._gone, self._whole = perf_counter(), 0, False, False
        self._headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}

    def check(self) -> None:
        """Raise a RefusedError for what can be refused by its headers alone."""
        settings, path = self._shelf.settings, self._scope["path"]
        if path in OPEN:
            if self._scope["method"] not in _READING:  # else anybody's bodies would be held in memory
                raise RefusedError("method", "This takes nothing but GET.", "Allowed: GET", allow="GET")
            return
        if settings.token is not None and not _brings(self._headers, settings.token):
            raise RefusedError("token", "This server wants a token.", "Send the header 'Authorization: Bearer TOKEN'.")
        if self._scope["method"] != "POST":
            return
        if self._shelf.stopping:
            raise RefusedError("stopping", "The server is stopping.", "Ask another one, or try again later.", again=5)
        stated = self._headers.get("content-length", "0")
        if stated.isascii() and stated.isdigit() and int(stated[:20]) > settings.body:
            raise self._too_large()
        self._shelf.check_room(1, client_of(self._scope))

    async def body(self) -> bytes:
        """Return the whole body, which counts as held from now on.

        Raises
        ------
        RefusedError
            If it is too large or too slow, or there are too many at once.
        """
        if self._scope["method"] != "POST":
            return b""
        parts, size, figures = list[bytes](), 0, self._shelf.figures
        try:
            async with asyncio.timeout(self._shelf.settings.seconds):
                while not self._whole and not self._gone:
                    part = await self._part()
                    size += len(part)
                    figures.held += len(part)
                    parts.append(part)
                    self._check_size(size)
            if self._gone:
                raise RefusedError("bad-request", "The client has gone.")
        except TimeoutError:
            figures.held -= size
            said = f"The body did not arrive within {self._shelf.settings.seconds:g} seconds."
            raise RefusedError("slow-body", said, "Send it again.") from None
        except BaseException:
            figures.held -= size
            raise
        return b"".join(parts)

    async def answered(self, app: App, body: bytes) -> None:
        """Let the routes answer; a RefusedError if they take too long, or fail."""
        self._shelf.under_way += 1
        given = False

        async def whole() -> Message:
            nonlocal given
            if given:
                return await self._receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        try:
            async with asyncio.timeout(self._shelf.settings.seconds):
                await app(self._scope, whole, self._noted)
        except TimeoutError:
            raise RefusedError("slow-answer", "There was no answer in time.", "Try again later.", again=5) from None
        except RefusedError:
            raise
        except Exception as error:  # a bug, or a disk that fails: the others go on
            self._shelf.say(f"! A request failed: {type(error).__name__}: {error}")
            raise RefusedError("internal", *FAILED) from error
        finally:
            self._shelf.under_way -= 1

    async def refuse(self, problem: RefusedError) -> None:
        """Answer with a problem, unless an answer has begun, and let the client finish sending."""
        self._shelf.figures.refused(problem.reason)
        if self._status or self._gone:
            return
        if problem.reason == "queue":
            begin = perf_counter()
            await self._passed_over(PAUSE)  # then its connection can stay open
            await asyncio.sleep(PAUSE - (perf_counter() - begin))
        content = problem.body(protocol=self._scope["path"].startswith("/v2"))
        headers = {**problem.headers(), "content-length": str(len(content))}
        if not self._whole and self._scope["method"] == "POST":
            headers["connection"] = "close"
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await self._noted({"type": "http.response.start", "status": problem.status, "headers": raw})
        await self._send({"type": "http.response.body", "body": content, "more_body": True})
        await self._passed_over(_LINGER)
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def counted(self) -> None:
        """Count the request; a path is told only where it is one of ours."""
        known = self._scope["path"] if self._scope["path"] in _ASKED_MOST else _NO_ROUTE  # it was refused before
        route = getattr(self._scope.get("route"), "path", known)
        self._shelf.figures.request(route, self._status or 499, perf_counter() - self._begin)

    async def _passed_over(self, seconds: float) -> None:
        """Let the client finish sending, for so long."""
        waits = "100-continue" in self._headers.get("expect", "").lower()  # such a client has sent nothing yet
        if self._whole or self._gone or waits or self._scope["method"] != "POST":
            return
        passed = 0
        try:
            async with asyncio.timeout(seconds):
                while not self._whole and not self._gone and passed <= 2 * self._shelf.settings.body:
                    passed += len(await self._part())
        except TimeoutError:
            return

    async def _part(self) -> bytes:
        """Return the next bytes of the body."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._gone = True
            return b""
        self._whole = not message.get("more_body", False)
        content: bytes = message.get("body", b"")
        return content

    async def _noted(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
        await self._send(message)

    def _check_size(self, size: int) -> None:
        if size > self._shelf.settings.body:
            raise self._too_large()
        if self._shelf.figures.held > self._shelf.settings.held:
            raise RefusedError("memory", "Too many large requests arrive at once.", "Try again later.", again=5)

    def _too_large(self) -> RefusedError:
        limit = self._shelf.settings.body / 1e6
        return RefusedError("body-size", f"The body is larger than {limit:g} MB.", "Send fewer or smaller pictures.")


def client_of(scope: Mapping[str, Any]) -> str:
    """Return the address from which a request comes; it is counted by, and never written."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _brings(headers: Mapping[str, str], token: bytes) -> bool:
    """Whether a request brings the token, compared in constant time."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return hmac.compare_digest(given.strip().encode("utf-8", "replace"), token) and scheme.lower() == "bearer"
