"""The routes: what is asked of a server, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import msgspec
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from headstart.base.version import __version__
from headstart.deliver.serving import figures, protocol
from headstart.deliver.serving.bodies import pictures_of
from headstart.deliver.serving.describing import ABOUT, described
from headstart.deliver.serving.door import FAILED, App, Door, client_of
from headstart.deliver.serving.hosted import Hosted, Picture, told
from headstart.deliver.serving.messages import Answer, Listed, Predicted, State
from headstart.deliver.serving.problems import RefusedError
from headstart.deliver.serving.shelf import Shelf

_NO_STORE = {"cache-control": "no-store"}


def make_app(shelf: Shelf, page: Callable[[], bytes]) -> App:
    """Return the application: the routes behind their door.

    Parameters
    ----------
    shelf : Shelf
    page : callable
        Returns what stands at ``/``, as HTML in UTF-8.
    """
    app = FastAPI(
        title="headstart serve",
        version=__version__,
        description=ABOUT,
        docs_url=None,  # its page would fetch scripts from elsewhere
        redoc_url=None,
        separate_input_output_schemas=False,
        redirect_slashes=False,  # a redirect would name whatever host the request names
    )
    _refusals(app, shelf)
    _health(app, shelf)
    _answers(app, shelf)
    _protocol_about(app, shelf)
    _protocol_answers(app, shelf)

    @app.get("/", include_in_schema=False)
    async def front() -> Response:
        headers = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cache-control": "no-cache"}
        headers["content-security-policy"] = "frame-ancestors 'none'"  # the page itself holds the rest of its policy
        return Response(page(), media_type="text/html; charset=utf-8", headers=headers)

    described(app)
    return Door(app, shelf)


def _json(found: msgspec.Struct, *, status: int = 200) -> Response:
    return Response(msgspec.json.encode(found), status, _NO_STORE, "application/json")


def _refusals(app: FastAPI, shelf: Shelf) -> None:
    """Let whatever the routes raise be told as a problem."""

    @app.exception_handler(RefusedError)
    async def problem(request: Request, error: RefusedError) -> Response:
        shelf.figures.refused(error.reason)
        content = error.body(protocol=request.url.path.startswith("/v2"))
        return Response(content, error.status, error.headers())

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, error: HTTPException) -> Response:
        if error.status_code == 405:
            allow = (error.headers or {}).get("Allow", "")
            found = RefusedError("method", f"{request.method} is not asked here.", f"Use {allow}.", allow=allow)
        elif error.status_code == 404:
            found = RefusedError("not-found", "There is nothing at this path.", "GET /openapi.json")
        else:
            found = RefusedError("bad-request", "The request cannot be understood.", "GET /openapi.json")
        return await problem(request, found)

    @app.exception_handler(Exception)
    async def bug(request: Request, _error: Exception) -> Response:  # the door hears of it, and says so
        found = RefusedError("internal", *FAILED)
        return Response(found.body(protocol=request.url.path.startswith("/v2")), found.status, found.headers())


def _health(app: FastAPI, shelf: Shelf) -> None:
    @app.get("/livez", summary="Whether the process lives", tags=["health"])
    async def livez() -> Response:
        return _json(State(status="alive"))

    @app.get("/readyz", summary="Whether pictures are answered", tags=["health"])
    async def readyz() -> Response:
        return _json(State(status=_ready(shelf)))

    @app.get("/metrics", summary="Counts, as Prometheus reads them", tags=["health"])
    async def metrics() -> Response:
        versions = [(one.name, one.version) for one in shelf.hosted]
        return Response(shelf.figures.text(versions, ready=shelf.ready), headers={"content-type": figures.MEDIA})


def _ready(shelf: Shelf) -> str:
    if shelf.stopping:
        raise RefusedError("stopping", "The server is stopping.", "Ask another one.", again=5)
    if not shelf.ready:
        raise RefusedError("starting", "A classifier is still being opened.", "Try again in some seconds.", again=5)
    return "ready"


def _answers(app: FastAPI, shelf: Shelf) -> None:
    @app.get("/v1/models", summary="The classifiers that answer here", tags=["pictures"])
    async def models() -> Response:
        return _json(Listed(models=tuple(one.served() for one in shelf.hosted)))

    @app.post("/v1/predict", summary="What is on pictures", tags=["pictures"])
    async def predict(request: Request, model: str | None = None) -> Response:
        hosted = shelf.of(_only(request, model))
        pictures = await _pictures(request, shelf.settings.pictures)
        with shelf.asking(hosted, len(pictures), client_of(request.scope)):
            found = await hosted.answers(pictures)
        _refuse_if_none(found, shelf)
        answers = tuple(map(told, found, pictures))
        return _json(Predicted(model=hosted.name, version=hosted.version, answers=answers))

    @app.post("/v1/heat", summary="Where on a picture the evidence lies", tags=["pictures"])
    async def heat(request: Request, model: str | None = None) -> Response:
        hosted = shelf.of(_only(request, model))
        pictures = await _pictures(request, 1)
        with shelf.asking(hosted, 1, client_of(request.scope)), shelf.drawing():
            return _json(await hosted.heat(pictures[0]))


def _only(request: Request, model: str | None) -> str | None:
    """Return the model that was asked for; a mistyped question is no question for the first one."""
    asked = [key for key, _ in request.query_params.multi_items()]
    if asked not in ([], ["model"]):
        wrong = next((key for key in asked if key != "model"), "model")
        said = f"'{wrong}' is asked twice." if wrong == "model" else f"There is no parameter '{wrong}'."
        raise RefusedError("bad-request", said, "The only one is ?model=NAME, once.")
    return model


async def _pictures(request: Request, most: int) -> list[Picture]:
    return pictures_of(await request.body(), request.headers.get("content-type", ""), most=most)


def _refuse_if_none(found: tuple[Answer | RefusedError, ...], shelf: Shelf) -> None:
    """Raise the first problem where no picture has an answer; else count those that have none."""
    problems = [one for one in found if isinstance(one, RefusedError)]
    if len(problems) == len(found):
        raise problems[0]
    for one in problems:
        shelf.figures.refused(one.reason)


def _protocol_about(app: FastAPI, shelf: Shelf) -> None:
    tags: list[str | Enum] = ["open inference protocol"]

    @app.get("/v2", summary="The server", tags=tags)
    async def server() -> Response:
        return _json(protocol.ServerAbout("headstart", __version__, ("binary_tensor_data",)))

    @app.get("/v2/health/live", summary="Whether the process lives", tags=tags)
    async def live() -> Response:
        return _json(protocol.Liveness(live=True))

    @app.get("/v2/health/ready", summary="Whether pictures are answered", tags=tags)
    async def ready() -> Response:
        _ready(shelf)
        return _json(protocol.Liveness(live=True))

    @app.get("/v2/models/{name}", summary="A classifier", tags=tags)
    async def model(name: str) -> Response:
        one = shelf.of(name).served()
        return _json(
            protocol.about(
                one.name, one.version, one.classes, engine=one.engine, sets=one.sets, none_of_these=one.none_of_these
            )
        )

    @app.get("/v2/models/{name}/ready", summary="Whether a classifier answers", tags=tags)
    async def model_ready(name: str) -> Response:
        shelf.of(name)
        _ready(shelf)
        return _json(protocol.Readiness(name, ready=True))


def _protocol_answers(app: FastAPI, shelf: Shelf) -> None:
    @app.post("/v2/models/{name}/infer", summary="What is on pictures", tags=["open inference protocol"])
    async def infer(request: Request, name: str) -> Response:
        hosted = shelf.of(name)
        header = request.headers.get(protocol.HEADER)
        asked, pictures = protocol.read(await request.body(), header, most=shelf.settings.pictures)
        with shelf.asking(hosted, len(pictures), client_of(request.scope)):
            found = await hosted.answers(pictures)
        return _inferred(asked, found, hosted)


def _inferred(asked: protocol.Infer, found: tuple[Answer | RefusedError, ...], hosted: Hosted) -> Response:
    answers = []
    for one in found:
        if isinstance(one, RefusedError):  # the protocol has no place for a gap
            raise one
        answers.append(one)
    content, length = protocol.answer(
        asked, answers, model=hosted.name, version=hosted.version, classes=hosted.model.classes
    )
    if length is None:
        return Response(content, 200, _NO_STORE, "application/json")
    return Response(content, 200, {**_NO_STORE, protocol.HEADER: str(length)}, "application/octet-stream")
