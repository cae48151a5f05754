"""What stands at ``/`` of a server, for people who open it in a browser."""

from __future__ import annotations

_TEXT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>headstart serve</title>
<p>A headstart classifier answers here. Send a picture to <code>POST /v1/predict</code>:</p>
<pre>curl -H 'Content-Type: image/jpeg' --data-binary @picture.jpg ADDRESS/v1/predict</pre>
<p><a href="/openapi.json">openapi.json</a> describes all the rest.</p>
</html>
"""


def page() -> bytes:
    """Return the page as HTML in UTF-8; it is the same for everybody, and asks ``/v1/models`` for what differs."""
    return _TEXT.encode("utf-8")
