"""What a server says once it answers: where it is, what answers there, and how to ask it."""

from __future__ import annotations

from collections.abc import Iterator

from headstart.deliver.serving.messages import Served
from headstart.deliver.serving.names import some_of
from headstart.deliver.serving.shelf import Shelf


def greeting(shelf: Shelf, address: str) -> Iterator[str]:
    """Yield the lines."""
    settings = shelf.settings
    yield f"Answering at {address}"
    for one in shelf.hosted:
        yield f"  {one.name}: version {one.version}, {_about(one.served())}"
    token = "" if settings.token is None else ' -H "Authorization: Bearer YOUR_TOKEN"'
    path = "/v1/predict" if len(shelf.hosted) == 1 else f"/v1/predict?model={shelf.hosted[0].name}"
    yield "Ask it:"
    yield f"  curl{token} -H 'Content-Type: image/jpeg' --data-binary @picture.jpg '{address}{path}'"
    yield f"Or open {address}/ in a browser; {address}/openapi.json describes the rest. Ctrl-C stops it."
    if not settings.is_local and settings.token is None:
        yield (
            "! Everyone who reaches this machine can ask it: there is no token. Set one with --token-file or "
            "HEADSTART_TOKEN, or listen at 127.0.0.1 only."
        )


def _about(one: Served) -> str:
    engine = "" if one.engine == "onnx" else ", by torch"
    made = f"{one.strategy or 'a classifier'} on {one.network}{engine}"
    return f"{len(one.classes)} classes ({some_of(one.classes)}), {made}"
