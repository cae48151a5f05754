"""Who may ask, how much and how slowly; and nothing that was refused stays in memory."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest
from answering import answering

from headstart.deliver.serving.door import PAUSE
from headstart.deliver.serving.problems import REASONS, RefusedError

from .conftest import Asker, Serving, Slow, jpeg

TOKEN = b"a-token-of-sixteen-letters"
POST = ("POST", "/v1/predict", jpeg(), {})


def reason(found: Any) -> str:
    assert found.headers["content-type"] == "application/problem+json"
    content = found.json()
    kind = content["type"].removeprefix("urn:headstart:")
    assert (content["status"], content["title"]) == (found.status_code, REASONS[kind][1])
    assert content["detail"]
    return kind


def test_every_refusal_has_a_status_and_says_so_in_the_table() -> None:
    assert {status for status, _ in REASONS.values()} == {400, 401, 404, 405, 408, 413, 415, 422, 429, 500, 503}


@pytest.mark.parametrize(
    "header", [None, "Bearer wrong", "Bearer ", TOKEN.decode(), f"Basic {TOKEN.decode()}", "Bearer ä"]
)
def test_without_the_token_nobody_is_answered(header: str | None, serving: Serving) -> None:
    ask = serving(token=TOKEN)
    given = {} if header is None else {"authorization": header.encode()}
    for method, path in (("POST", "/v1/predict"), ("GET", "/v1/models"), ("GET", "/metrics"), ("GET", "/v2/models/x")):
        found = ask(method, path, jpeg() if method == "POST" else None, headers=given)
        assert (found.status_code, reason(found)) == (401, "token")
        assert found.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["/", "/livez", "/readyz", "/v2/health/live"])
def test_where_no_token_is_asked_for_no_body_is_read(path: str, serving: Serving) -> None:
    """Else anybody could fill the memory that those with a token need."""
    ask = serving(token=TOKEN, body=1000)
    found = ask("POST", path, bytes(2000))
    assert (found.status_code, reason(found), found.headers["allow"]) == (405, "method", "GET")


def test_with_the_token_everybody_is(serving: Serving) -> None:
    ask = serving(token=TOKEN)
    for scheme in ("Bearer", "bearer"):
        found = ask("POST", "/v1/predict", jpeg(), headers={"authorization": f"{scheme} {TOKEN.decode()}"})
        assert found.status_code == 200


@pytest.mark.parametrize("path", ["/", "/livez", "/readyz", "/v2/health/live", "/v2/health/ready"])
def test_whether_the_server_is_well_may_be_asked_without_a_token(path: str, serving: Serving) -> None:
    assert serving(token=TOKEN)("GET", path).status_code == 200


@pytest.mark.parametrize("path", ["/", "/livez", "/v1/models", "/metrics", "/openapi.json", "/nowhere", "/v1/predict"])
def test_the_head_alone_is_that_of_the_answer(path: str, serving: Serving) -> None:
    ask = serving()
    head, whole = ask("HEAD", path), ask("GET", path)
    assert head.status_code == whole.status_code
    assert head.headers["content-type"] == whole.headers["content-type"]


def test_who_asks_in_another_way_is_told_which(serving: Serving) -> None:
    found = serving()("GET", "/v1/predict")
    assert (found.status_code, found.json()["detail"], found.json()["hint"]) == (
        405,
        "GET is not asked here.",
        "Use POST.",
    )


def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(serving: Serving) -> None:
    ask = serving(body=1000)

    async def in_parts() -> Any:
        for _ in range(20):
            yield bytes(100)

    stated = ask("POST", "/v1/predict", bytes(1001))
    unstated = ask("POST", "/v1/predict", in_parts())
    assert [reason(found) for found in (stated, unstated)] == ["body-size", "body-size"]
    assert ask.shelf.figures.held == 0
    assert ask("POST", "/v1/predict", jpeg()).status_code == 200


def test_too_many_pictures_in_one_request_are_refused(serving: Serving) -> None:
    files = [("a", (f"{k}.jpg", jpeg(), "image/jpeg")) for k in range(3)]
    assert reason(serving(pictures=2)("POST", "/v1/predict", files=files)) == "too-many-pictures"


def test_a_body_that_trickles_is_given_up(serving: Serving) -> None:
    ask = serving(seconds=0.05)

    async def trickling() -> Any:
        for _ in range(100):
            yield b"\xff"
            await asyncio.sleep(0.02)

    assert reason(ask("POST", "/v1/predict", trickling())) == "slow-body"
    assert ask.shelf.figures.held == 0


def asked_raw(ask: Asker, messages: list[dict[str, Any]], headers: list[tuple[bytes, bytes]] | None = None) -> Any:
    """Return what the application sends to a client of which we choose every message."""
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0) if messages else await asyncio.sleep(60)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/v1/predict", "raw_path": b"/v1/predict", "query_string": b"",
        "headers": headers or [], "client": ("1.2.3.4", 5), "server": ("server", 80), "scheme": "http",
        "root_path": "", "http_version": "1.1", "asgi": {"version": "3.0"},
    }  # fmt: skip
    ask.run(ask.app(scope, receive, send))  # type: ignore[arg-type]
    return sent


def test_a_client_that_goes_away_while_it_sends_leaves_nothing(ask: Asker) -> None:
    part = {"type": "http.request", "body": bytes(100), "more_body": True}
    assert asked_raw(ask, [part, {"type": "http.disconnect"}]) == []
    assert (ask.shelf.figures.held, ask.shelf.figures.waiting, ask.shelf.under_way) == (0, 0, 0)


def test_a_refused_client_may_finish_sending_before_the_connection_is_closed(serving: Serving) -> None:
    parts: list[dict[str, Any]] = [
        {"type": "http.request", "body": bytes(100), "more_body": more} for more in (True, True, False)
    ]
    sent = asked_raw(serving(token=TOKEN), parts)
    assert [one.get("more_body") for one in sent] == [None, True, False]
    assert (b"connection", b"close") in sent[0]["headers"]
    assert parts == []


def test_a_client_that_waits_to_be_told_is_told_at_once(serving: Serving) -> None:
    sent = asked_raw(serving(token=TOKEN), [], [(b"expect", b"100-continue")])
    assert sent[0]["status"] == 401


def slow(serving: Serving, **settings: Any) -> tuple[Asker, Slow]:
    engine = Slow()
    return serving(model=replace(answering(), engine=engine), **settings), engine


def test_beyond_the_queue_there_are_only_refusals(serving: Serving) -> None:
    ask, engine = slow(serving, queue=3)

    async def go_on() -> None:
        while ask.shelf.figures.waiting < 3 or len(ask.shelf.figures._refused) < 1:
            await asyncio.sleep(0.001)
        engine.go.set()

    async def both() -> Any:
        return (await asyncio.gather(ask._together([POST] * 7), go_on()))[0]

    found = ask.run(both())
    refused = [one for one in found if one.status_code != 200]
    assert [reason(one) for one in refused] == ["queue"] * 4
    assert all(int(one.headers["retry-after"]) >= 1 for one in refused)
    assert ask.shelf.figures.waiting == 0
    assert ask("POST", "/v1/predict", jpeg()).status_code == 200


def full(ask: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_pictures: int, _client: str) -> None:
        raise RefusedError("queue", "The queue is full.", "Try again.", again=1)

    monkeypatch.setattr(ask.shelf, "check_room", refuse)


def test_who_finds_the_queue_full_finishes_sending_and_keeps_the_connection(
    ask: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    full(ask, monkeypatch)
    parts = [{"type": "http.request", "body": bytes(100), "more_body": more} for more in (True, True, False)]
    begin = time.perf_counter()
    start, *_ = asked_raw(ask, parts)
    assert start["status"] == 503
    assert b"connection" not in dict(start["headers"])
    assert parts == [], "it was read"
    assert time.perf_counter() - begin >= 0.9 * PAUSE, "who asks again at once would take the processor from others"


def test_but_who_waits_to_be_asked_for_the_body_is_not_asked(ask: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    full(ask, monkeypatch)
    parts = [{"type": "http.request", "body": bytes(100), "more_body": False}]
    start, *_ = asked_raw(ask, parts, [(b"expect", b"100-continue")])
    assert (start["status"], dict(start["headers"])[b"connection"]) == (503, b"close")
    assert len(parts) == 1, "to receive would tell the client to send"


def test_while_it_is_overrun_fewer_may_wait_so_that_they_wait_no_longer(serving: Serving) -> None:
    shelf = serving(queue=64).shelf
    for _ in range(200):
        shelf.figures.answered(0.64, among=64)
    assert shelf._room() == 64
    for _ in range(100):
        shelf.figures.answered(1.28, among=64)
    assert 28 <= shelf._room() <= 40
    assert 0.9 < shelf._room() * shelf.figures.per_picture / 0.64 < 1.2
    for _ in range(100):
        shelf.figures.answered(12.8, among=64)
    assert 6 <= shelf._room() <= 16
    for _ in range(3000):
        shelf.figures.answered(12.8, among=64)
    assert shelf._room() == 64, "it has become usual"


def test_a_client_alone_may_ask_for_more_than_the_queue_holds(serving: Serving) -> None:
    files = [("a", (f"{k}.jpg", jpeg(), "image/jpeg")) for k in range(3)]
    assert serving(queue=2)("POST", "/v1/predict", files=files).status_code == 200


def test_one_client_cannot_take_the_whole_queue(serving: Serving) -> None:
    files = [("a", (f"{k}.jpg", jpeg(), "image/jpeg")) for k in range(3)]
    found = serving(per_client=2)("POST", "/v1/predict", files=files)
    assert (found.status_code, reason(found)) == (429, "client-queue")
    assert found.headers["retry-after"] == "1"


def test_bodies_in_memory_have_a_bound(serving: Serving) -> None:
    ask = serving()
    ask.shelf.figures.held = ask.shelf.settings.held
    assert reason(ask("POST", "/v1/predict", jpeg())) == "memory"


def test_an_answer_that_takes_too_long_is_given_up(serving: Serving) -> None:
    ask, engine = slow(serving, seconds=0.05)
    try:
        assert reason(ask("POST", "/v1/predict", jpeg())) == "slow-answer"
    finally:
        engine.go.set()
    assert (ask.shelf.figures.waiting, ask.shelf.under_way) == (0, 0)


class Broken(Slow):
    """An engine with a bug."""

    def features_of(self, batches: Any, preprocessing: Any, *, device: str = "cpu") -> Any:
        raise TypeError("of the engine")


def test_a_bug_is_told_to_whoever_runs_the_server_and_the_process_lives(serving: Serving) -> None:
    ask = serving(model=replace(answering(), engine=Broken()))
    for _ in range(2):
        assert reason(ask("POST", "/v1/predict", jpeg())) == "internal"
    assert ask.shelf.said == ["! A request failed: TypeError: of the engine"] * 2  # type: ignore[attr-defined]
    assert ask("GET", "/livez").status_code == 200


def test_before_its_classifiers_are_open_the_server_lives_and_is_not_ready(serving: Serving) -> None:
    ask = serving(opened=False)
    assert ask("GET", "/livez").status_code == 200
    for method, path in (("GET", "/readyz"), ("GET", "/v2/health/ready"), ("POST", "/v1/predict")):
        found = ask(method, path, jpeg() if method == "POST" else None)
        assert (found.status_code, reason(found), found.headers["retry-after"]) == (503, "starting", "5")


def test_while_it_stops_nothing_new_is_accepted(ask: Asker) -> None:
    ask.shelf.stopping = True
    assert reason(ask("POST", "/v1/predict", jpeg())) == "stopping"
    assert reason(ask("GET", "/readyz")) == "stopping"
    assert ask("GET", "/livez").status_code == 200


def test_the_figures_count_what_was_asked_and_name_nothing_of_it(ask: Asker) -> None:
    ask("POST", "/v1/predict", files=[("secret-field", ("secret-name.jpg", jpeg(), "image/jpeg"))])
    ask("POST", "/v1/predict", b"GIF89a")
    ask("GET", "/v2/models/colours")
    ask("GET", "/secret-path")
    text = ask("GET", "/metrics").text
    assert "secret" not in text
    for line in (
        'headstart_requests_total{route="/v1/predict",status="200"} 1',
        'headstart_requests_total{route="/v1/predict",status="415"} 1',
        'headstart_requests_total{route="/v2/models/{name}",status="200"} 1',
        'headstart_requests_total{route="other",status="404"} 1',
        'headstart_refused_total{reason="kind"} 1',
        'headstart_batch_size_bucket{model="colours",le="1"} 1',
        'headstart_request_seconds_count{route="/v1/predict"} 1',
        'headstart_model_info{model="colours",version="0123456789ab"} 1',
        "headstart_waiting_pictures 0",
        "headstart_held_bytes 0",
    ):
        assert line in text.splitlines()
