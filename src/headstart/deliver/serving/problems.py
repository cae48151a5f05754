"""Why a request gets no answer: every reason with its status, told as RFC 9457 wants it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import msgspec

from headstart.records.record import Count, Record

Reason = Literal[
    "bad-request",
    "token",
    "not-found",
    "method",
    "slow-body",
    "body-size",
    "picture-size",
    "too-many-pictures",
    "kind",
    "picture",
    "client-queue",
    "internal",
    "queue",
    "memory",
    "slow-answer",
    "starting",
    "stopping",
]
# By reason: the status, and what it says in general.
REASONS: Mapping[Reason, tuple[int, str]] = MappingProxyType(
    {
        "bad-request": (400, "The request cannot be understood"),
        "token": (401, "The token is missing or wrong"),
        "not-found": (404, "There is nothing here"),
        "method": (405, "This is asked in another way"),
        "slow-body": (408, "The body took too long to arrive"),
        "body-size": (413, "The body is too large"),
        "picture-size": (413, "The picture has too many pixels"),
        "too-many-pictures": (413, "There are too many pictures in one request"),
        "kind": (415, "This is no picture that can be read"),
        "picture": (422, "The picture cannot be read"),
        "client-queue": (429, "Too many pictures of this client are waiting"),
        "internal": (500, "The server has failed"),
        "queue": (503, "Too many pictures are waiting"),
        "memory": (503, "Too many large requests arrive at once"),
        "slow-answer": (503, "The answer took too long"),
        "starting": (503, "The server is starting"),
        "stopping": (503, "The server is stopping"),
    }
)
MEDIA = "application/problem+json"
AGAIN: frozenset[Reason] = frozenset(("client-queue", "queue", "memory", "slow-answer", "starting", "stopping"))


class ProblemDetails(Record, omit_defaults=True):
    """The body of an answer that says why there is none (RFC 9457).

    Parameters
    ----------
    type : str
        ``urn:headstart:`` and the reason.
    title : str
        The reason in general.
    status : int
    detail : str
        What is wrong with this request.
    hint : str
        What to do.
    error : str
        The same as `detail`, where the open inference protocol asks for it.
    """

    type: str
    title: str
    status: Count
    detail: str
    hint: str = ""
    error: str = ""


@dataclass(eq=False)
class RefusedError(Exception):
    """A request that gets no answer.

    Parameters
    ----------
    reason : str
    detail : str
        One sentence about this request.
    hint : str
        What to do.
    again : int, optional
        Seconds after which to try again.
    allow : str
        The methods that would be right, of a wrong one.
    """

    reason: Reason
    detail: str
    hint: str = ""
    again: int | None = None
    allow: str = ""

    @property
    def status(self) -> int:
        """Its HTTP status."""
        return REASONS[self.reason][0]

    def body(self, *, protocol: bool = False) -> bytes:
        """Return it as JSON; with `protocol` also as the open inference protocol has it."""
        details = ProblemDetails(
            type=f"urn:headstart:{self.reason}",
            title=REASONS[self.reason][1],
            status=self.status,
            detail=self.detail,
            hint=self.hint,
            error=self.detail if protocol else "",
        )
        return msgspec.json.encode(details)

    def headers(self) -> dict[str, str]:
        """Return what stands above it."""
        found = {"content-type": MEDIA, "cache-control": "no-store"}
        if self.again is not None or self.reason in AGAIN:
            found["retry-after"] = str(max(1, self.again or 1))
        if self.status == 401:
            found["www-authenticate"] = "Bearer"
        if self.allow:
            found["allow"] = self.allow
        return found
