"""A browser without a window, a page with a classifier that knows colours, and what a page was seen to ask for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deliver.web.toy import Toy

from headstart.base.errors import DependencyError
from headstart.deliver.web.engine import engine
from headstart.deliver.web.facts import About
from headstart.deliver.web.page import write_page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")  # as long as it is open, nobody else in this process can start a loop of asyncio
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    arguments += ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield opened
        opened.close()


@pytest.fixture(scope="package")
def needs_engine() -> None:
    """Skip where npm could not fetch the engine."""
    try:
        engine()
    except DependencyError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="package")
def colours_page(needs_engine: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with the toy inside, written once."""
    toy = Toy()
    known = About(made="colours, by hand", measured="Right on 9 of 10.", licence="none", fingerprint="0123")
    place = tmp_path_factory.mktemp("web") / "colours.html"
    return write_page(place, graph=toy.graph, classifier=toy, name="colours", known=known)


class Opened:
    """A page that is open, and what it complained about and asked for."""

    def __init__(self, browser: Any, address: str, **options: Any) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        self.page = self.context.new_page()
        self.faults: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(address, wait_until="load")

    def ready(self) -> Opened:
        """Wait until the page has checked itself."""
        self.page.locator(".state[data-is=ready]").wait_for(timeout=30_000)
        return self

    def give(self, *files: Path) -> None:
        """Choose pictures and wait until each has an answer or a reason."""
        before = self.page.locator(".card").count()
        self.page.locator("#files").set_input_files([str(file) for file in files])
        self.page.locator(".card").nth(before + len(files) - 1).wait_for()
        self.page.locator(".waits").first.wait_for(state="detached", timeout=30_000)

    def close(self) -> None:
        self.context.close()


@pytest.fixture(scope="module")
def one_page(browser: Any, colours_page: Path) -> Iterator[Opened]:
    page = Opened(browser, colours_page.as_uri()).ready()
    yield page
    page.close()


@pytest.fixture
def opened(one_page: Opened) -> Iterator[Opened]:
    """The page with the toy; opened once, because every opening compiles the engine, and emptied after each test."""
    yield one_page
    one_page.page.evaluate("document.getElementById('clear').click()")
    one_page.faults.clear()
