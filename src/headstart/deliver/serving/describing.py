"""What ``/openapi.json`` says: every body with an example, and every refusal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from headstart.deliver.serving import protocol
from headstart.deliver.serving.messages import Answer, HeatAnswer, Listed, State, Unread
from headstart.deliver.serving.problems import MEDIA, REASONS, ProblemDetails

ABOUT = (
    "Send a picture to /v1/predict: its bytes as the body, or several as a form. Every answer names the version of the "
    "classifier. A request without an answer gets the reason as application/problem+json."
)
_HEALTH_REFUSED, _REFUSED = (401, 404, 405, 503), (400, 401, 404, 405, 408, 413, 415, 422, 429, 500, 503)
_SCHEMAS = (
    *(Answer, HeatAnswer, Listed, ProblemDetails, State, Unread),
    *(protocol.Infer, protocol.Inferred, protocol.Liveness, protocol.ModelAbout, protocol.Readiness),
    protocol.ServerAbout,
)
_ANSWER = {
    "name": "picture 1",
    "label": "bees",
    "probability": 0.93,
    "set": ["bees"],
    "none_of_these": False,
    "probabilities": {"ants": 0.07, "bees": 0.93},
    "notes": ["turned"],
}
_PREDICTED = {"model": "insects", "version": "1f0c9a2b77de", "answers": [_ANSWER]}
_INFER = {"inputs": [{"name": protocol.INPUT, "shape": [1], "datatype": "BYTES", "data": ["/9j/4AAQSkZJRg=="]}]}
# What each route answers, by its path.
_FOUND = {
    "/livez": "State",
    "/readyz": "State",
    "/v1/models": "Listed",
    "/v1/predict": "Predicted",
    "/v1/heat": "HeatAnswer",
    "/v2": "ServerAbout",
    "/v2/health/live": "Liveness",
    "/v2/health/ready": "Liveness",
    "/v2/models/{name}": "ModelAbout",
    "/v2/models/{name}/ready": "Readiness",
    "/v2/models/{name}/infer": "Inferred",
}
_EXAMPLES = {"/v1/predict": _PREDICTED}


def described(app: FastAPI) -> None:
    """Let an application describe itself by the records that it answers with."""

    def openapi() -> dict[str, object]:
        if not app.openapi_schema:
            app.openapi_schema = _description(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _description(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    _, schemas = msgspec.json.schema_components(_SCHEMAS, ref_template="#/components/schemas/{name}")
    schemas["Predicted"] = _predicted()
    found["components"] = {"schemas": schemas, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}}
    found["security"] = [{}, {"token": []}]
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            operation["responses"] = _responses(path, _REFUSED if method == "post" else _HEALTH_REFUSED)
            if method == "post":
                operation["requestBody"] = {"required": True, "content": _bodies(path)}
    return found


def _predicted() -> dict[str, object]:
    """Return the schema of several answers, of which some may be reasons."""
    answers = {"anyOf": [_ref("Answer"), _ref("Unread")]}
    text = {"type": "string"}
    return {
        "type": "object",
        "title": "Predicted",
        "description": "Answers for the pictures of one request, in their order, all by the same version.",
        "required": ["model", "version", "answers"],
        "properties": {"model": text, "version": text, "answers": {"type": "array", "items": answers}},
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _responses(path: str, refused: Iterable[int]) -> dict[str, object]:
    if path == "/metrics":
        content: dict[str, Any] = {"text/plain": {"schema": {"type": "string"}}}
    else:
        content = {"application/json": {"schema": _ref(_FOUND[path])}}
        if path in _EXAMPLES:
            content["application/json"]["example"] = _EXAMPLES[path]
    if path.endswith("/infer"):
        content["application/octet-stream"] = {"schema": {"type": "string", "format": "binary"}}
    found: dict[str, object] = {"200": {"description": "The answer", "content": content}}
    for status in refused:
        said = "; ".join(title for code, title in REASONS.values() if code == status)
        found[str(status)] = {"description": said, "content": {MEDIA: {"schema": _ref("ProblemDetails")}}}
    return found


def _bodies(path: str) -> dict[str, object]:
    if path.endswith("/infer"):
        return {"application/json": {"schema": _ref("Infer"), "example": _INFER}}
    picture = {"type": "string", "format": "binary"}
    one = {"schema": picture}
    form = {"type": "object", "properties": {"picture": {"type": "array", "items": picture}}, "required": ["picture"]}
    kinds = ("image/jpeg", "image/png", "image/webp", "application/octet-stream")
    return {**dict.fromkeys(kinds, one), "multipart/form-data": {"schema": form}}
