"""What stands at ``/`` of a server, for people who open it in a browser."""

from __future__ import annotations

from functools import cache

from headstart.deliver.web.page import page_served


@cache
def page() -> bytes:
    """Return the page as HTML in UTF-8; it is the same for everybody, and asks ``/v1/models`` for what differs."""
    return page_served().encode("utf-8")
