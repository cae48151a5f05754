"""The page as a server shows it: what it asks for, what it shows of the answers, and what it says where there is none.

The server is played by the test: what a real one answers is tested in `tests/deliver/serving`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from headstart.deliver.web.page import page_served

ADDRESS = "http://127.0.0.1:9/"
MODEL = {
    "name": "insects", "version": "0123456789ab", "classes": ["ants", "bees"], "strategy": "linear", "network": "lite0",
    "engine": "onnx", "side": 224, "sets": True, "none_of_these": True, "accuracy": 0.94, "interval": [0.9, 0.97],
    "measured_on": 153,
}  # fmt: skip
ANSWER = {
    "name": "", "label": "bees", "probability": 0.8, "set": ["bees", "ants"], "none_of_these": False,
    "probabilities": {"ants": 0.2, "bees": 0.8}, "notes": ["turned"],
}  # fmt: skip
HEAT = {
    "model": "insects", "version": "0123456789ab", "name": "", "label": "bees", "probability": 0.8,
    "cells": [[0.4 if (row, column) == (3, 3) else -0.05 for column in range(8)] for row in range(8)],
    "framing": "crop", "shown": 0.875, "sentence": "Above all the centre, not \u2068ants\u2069.",
}  # fmt: skip


class Server:
    """Answers a page as `headstart serve` does; `token` is asked for, and `busy` times it says that it is busy."""

    def __init__(self, page: Any, *, models: int = 1, token: str = "", busy: int = 0) -> None:
        self.asked: list[tuple[str, str]] = []
        self.token, self.busy = token, busy
        self.models = [{**MODEL, "name": f"{MODEL['name']}{number or ''}"} for number in range(models)]
        page.route("**/*", self.answer)

    def answer(self, route: Any) -> None:
        request = route.request
        if request.url == ADDRESS:
            route.fulfill(body=page_served(), content_type="text/html; charset=utf-8")
            return
        self.asked.append((request.method, request.url.removeprefix(ADDRESS)))
        what = request.url.removeprefix(ADDRESS).partition("?")[0]
        if self.token and request.headers.get("authorization") != f"Bearer {self.token}":
            self.refuse(route, 401, "This server asks for a token.")
        elif what == "v1/models":
            self.told(route, {"models": self.models})
        elif self.busy:
            self.busy -= 1
            self.refuse(route, 503, "The server is busy.")
        elif request.post_data_buffer[:4] != b"\x89PNG":
            self.refuse(route, 415, "This is no picture.")
        elif what == "v1/predict":
            self.told(route, {"model": "insects", "version": "0123456789ab", "answers": [ANSWER]})
        else:
            self.told(route, HEAT)

    @staticmethod
    def told(route: Any, content: object) -> None:
        route.fulfill(body=json.dumps(content), content_type="application/json")

    @staticmethod
    def refuse(route: Any, status: int, title: str) -> None:
        body = json.dumps({"title": title, "detail": title, "hint": "Do otherwise.", "status": status})
        headers = {"Retry-After": "1"} if status == 503 else {}
        route.fulfill(status=status, body=body, content_type="application/problem+json", headers=headers)


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    opened = browser.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    yield opened
    opened.close()
    assert faults == []


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.new("RGB", (60, 40), "red").save(tmp_path / "사진.png")
    return tmp_path / "사진.png"


def ready(page: Any) -> None:
    page.locator(".state[data-is=ready]").wait_for()


def give(page: Any, file: Path) -> None:
    page.locator("#files").set_input_files(str(file))
    page.locator(".card:not(.waits)").first.wait_for()


def test_a_picture_is_answered_looked_at_and_kept_in_the_history(page: Any, picture: Path) -> None:
    server = Server(page)
    page.goto(ADDRESS)
    ready(page)
    assert page.locator("#title").inner_text() == "ants or bees?"
    assert "right on 94.0 % of 153 held-out pictures" in page.locator("#known").inner_text()
    give(page, picture)
    card = page.locator(".card").first
    told = card.inner_text()
    assert "bees" in told
    assert "The 95 % set holds 2 classes" in told
    assert "turned upright" in told
    assert "insects 0123456789ab" in told
    card.get_by_role("button", name="Where it looks").click()
    card.locator("canvas").wait_for()
    assert "Above all the centre, not \u2068ants\u2069. Orange speaks for bees" in card.locator(".looked").inner_text()
    card.get_by_role("button", name="Where it looks").click()
    assert card.locator("img").is_visible()
    give(page, picture)
    page.get_by_text("2 pictures answered").wait_for()
    assert [what for _, what in server.asked] == [
        "v1/models", "v1/predict?model=insects", "v1/heat?model=insects", "v1/predict?model=insects",
    ]  # fmt: skip


def test_a_token_is_asked_for_and_sent(page: Any, picture: Path) -> None:
    Server(page, token="open sesame")
    page.goto(ADDRESS)
    for given, waits in (("wrong", True), ("open sesame", False)):
        page.locator("#token").fill(given)
        page.locator("#token").press("Enter")
        if waits:
            page.get_by_text("does not know this token").wait_for()
    ready(page)
    give(page, picture)
    assert "bees" in page.locator(".card h3").inner_text()
    assert "Bearer TOKEN" in page.locator("#curl").inner_text()
    assert "sesame" not in page.content()


def test_a_busy_server_is_asked_again_and_a_refusal_is_told(page: Any, picture: Path, tmp_path: Path) -> None:
    Server(page, busy=1)
    page.goto(ADDRESS)
    ready(page)
    give(page, picture)
    assert page.locator(".card h3").inner_text() == "bees"
    (tmp_path / "words.png").write_text("words")
    give(page, tmp_path / "words.png")
    page.get_by_text("This is no picture. Do otherwise.").wait_for()


def test_of_several_classifiers_one_is_chosen(page: Any, picture: Path) -> None:
    server = Server(page, models=2)
    page.goto(ADDRESS)
    ready(page)
    page.locator("#model").select_option(index=1)
    give(page, picture)
    assert server.asked[-1] == ("POST", "v1/predict?model=insects1")
    assert "model=insects1" in page.locator("#curl").inner_text()


def test_the_code_for_python_is_python(page: Any) -> None:
    Server(page)
    page.goto(ADDRESS)
    ready(page)
    code = page.locator("#python").inner_text()
    compile(code, "copied", "exec")
    assert f"{ADDRESS}v1/predict?model=insects" in code


def test_the_policy_allows_the_server_alone() -> None:
    told = page_served()
    assert "connect-src 'self'" in told
    assert "unsafe" not in told.partition("<title>")[0]
