"""The page in a browser: nothing fails, nothing is asked for, tables sort, marks tell, keys reach everything.

What takes a moment is waited for with `playwright.expect`. `wait_for_function` asks anew with `eval`, which the page's
own policy forbids: it fails whenever its first look comes too early (`test_nothing_waits_by_eval`).
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report.page.wide import LONG, UNBROKEN, folder_of, named

from headstart.base.files import sha256_of_file
from headstart.records.columns import MapFile
from headstart.records.held_out import read_answers
from headstart.records.record import changed
from headstart.records.results import FeatureMapRecord
from headstart.report.page import matrices
from headstart.report.page.building import write_page
from headstart.report.page.reading import read_results

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield opened
        opened.close()


class Seen:
    """A page that is open, and what it complained about and asked for."""

    def __init__(self, browser: Any, file: Path, **options: Any) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        self.page = self.context.new_page()
        self.faults: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(file.as_uri(), wait_until="load")


@pytest.fixture
def file(run_folder: Path) -> Path:
    return write_page(read_results(run_folder), run_folder).path


@pytest.fixture
def seen(browser: Any, file: Path) -> Iterator[Seen]:
    opened = Seen(browser, file)
    yield opened
    opened.context.close()


def test_nothing_fails_and_nothing_is_asked_for(seen: Seen, file: Path) -> None:
    seen.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    seen.page.mouse.wheel(0, 20_000)
    seen.page.wait_for_timeout(200)
    assert seen.faults == []
    assert [url for url in seen.asked if not url.startswith("data:")] == [file.as_uri()]


def test_every_picture_can_be_seen(seen: Seen) -> None:
    sizes = seen.page.eval_on_selector_all("img", "all => all.map((one) => one.naturalWidth)")
    assert len(sizes) > 30
    assert min(sizes) > 50


def test_a_table_sorts_by_pointer_and_by_key(seen: Seen) -> None:
    names = "all => all.map((one) => one.dataset.value)"
    rows = "#table-strategies tbody th"
    before = seen.page.eval_on_selector_all(rows, names)
    button = seen.page.get_by_role("button", name="time", exact=True)
    button.click()
    seconds = seen.page.eval_on_selector_all(
        "#table-strategies tbody tr", "all => all.map((one) => +one.children[4].dataset.value)"
    )
    assert seconds == sorted(seconds, reverse=True)
    assert seen.page.get_by_role("columnheader", name="time").get_attribute("aria-sort") == "descending"
    button.press("Enter")
    seconds = seen.page.eval_on_selector_all(
        "#table-strategies tbody tr", "all => all.map((one) => +one.children[4].dataset.value)"
    )
    assert seconds == sorted(seconds)
    assert "ascending" in seen.page.locator("#said").inner_text()
    assert sorted(seen.page.eval_on_selector_all(rows, names)) == sorted(before)


def test_marks_tell_when_pointed_at_and_when_focused(seen: Seen) -> None:
    tip = seen.page.locator("#tip")
    point = seen.page.locator("#cost svg.chart g.tip").first
    point.hover()
    assert "95 % interval" in tip.inner_text().replace("\u00a0", " ")
    seen.page.mouse.move(2, 2)
    assert tip.is_hidden()
    point.focus()
    assert tip.is_visible()
    seen.page.keyboard.press("Escape")
    assert tip.is_hidden()


def test_keys_reach_links_commands_tables_and_marks_in_the_order_of_the_page(seen: Seen) -> None:
    seen.page.keyboard.press("Tab")
    assert seen.page.evaluate("document.activeElement.className") == "skip"
    tops: list[float] = []
    for _ in range(45):
        seen.page.keyboard.press("Tab")
        inside = (
            "document.activeElement.closest('nav') ? -1 : document.activeElement.getBoundingClientRect().top + scrollY"
        )
        tops.append(seen.page.evaluate(inside))
    section = "document.activeElement.closest('section')?.id"
    assert seen.page.evaluate(section) not in (None, "verdict")  # no trap on the way
    assert sum(b < a - 400 for a, b in itertools.pairwise(tops)) == 0


def test_a_point_of_the_map_shows_its_picture(browser: Any, run_folder: Path) -> None:
    results = read_results(run_folder)
    paths = read_answers(results, run_folder).paths
    places = np.array([[float(at), float(at % 7)] for at in range(len(paths))])
    MapFile(run_folder / "map.parquet").write(paths, places)
    results = changed(results, map=FeatureMapRecord(file="map.parquet", pictures=len(paths), explained=(0.5, 0.2)))
    opened = Seen(browser, write_page(results, run_folder).path)
    opened.page.locator(".map g.tip").first.hover()
    assert opened.page.locator("#tip img").count() == 1
    opened.page.locator("#map-class").select_option("1")
    assert opened.page.locator(".map g.faded").count() == 20
    assert opened.faults == []
    opened.context.close()


def test_the_other_map_is_reached_by_keys_and_filtered_alike(browser: Any, run_folder: Path) -> None:
    results = read_results(run_folder)
    paths = read_answers(results, run_folder).paths
    places = np.array([[float(at), 0.0] for at in range(len(paths))])
    MapFile(run_folder / "map.parquet").write(paths, places)
    source = sha256_of_file(run_folder / "map.parquet")
    MapFile(run_folder / "neighbours.parquet").write(paths, places, source=source)
    results = changed(results, map=FeatureMapRecord(file="map.parquet", pictures=len(paths), explained=(0.5, 0.2)))
    opened = Seen(browser, write_page(results, run_folder).path)
    one, other = opened.page.locator(".by-spread"), opened.page.locator(".by-near")
    assert (one.is_visible(), other.is_visible()) == (True, False)
    opened.page.locator("#view-spread").focus()
    opened.page.keyboard.press("ArrowRight")
    assert (one.is_visible(), other.is_visible()) == (False, True)
    opened.page.locator("#map-class").select_option("1")
    assert other.locator("g.faded").count() == 20
    assert opened.faults == []
    opened.context.close()


def test_pictures_are_filtered(seen: Seen) -> None:
    seen.page.locator(".everything summary").click()
    seen.page.get_by_role("button", name="wrong", exact=True).click()
    shown = seen.page.locator("#all-shots .shot:visible")
    assert 0 < shown.count() < 30
    assert set(shown.evaluate_all("all => all.map((one) => one.dataset.right)")) == {"0"}
    seen.page.locator(".by-class").select_option("گربه‌ها")
    assert f"{shown.count()} shown" == seen.page.locator(".filters .count").inner_text()


@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_is_wider_than_the_screen(browser: Any, file: Path, width: int) -> None:
    opened = Seen(browser, file, viewport={"width": width, "height": 800})
    opened.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert opened.page.evaluate("document.documentElement.scrollWidth") == width
    opened.context.close()


CUT_OFF = """() => [...document.querySelectorAll('.scroll')]
    .filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.getAttribute('aria-label'))"""
LINES = """() => Math.max(...[...document.querySelectorAll('.confused figcaption span')]
    .map((one) => one.getClientRects().length && one.offsetHeight / parseFloat(getComputedStyle(one).lineHeight)))"""


@pytest.mark.parametrize(("classes", "name"), [(2, UNBROKEN), (6, "Septoria leaf spot"), (12, LONG)])
def test_no_table_is_cut_off_whatever_the_classes_are_called(
    browser: Any, tmp_path: Path, classes: int, name: str
) -> None:
    results = folder_of(tmp_path, named(classes, name))
    file = write_page(results, tmp_path / "wide.run").path
    for width in (1440, 1280, 800, 400):
        opened = Seen(browser, file, viewport={"width": width, "height": 900})
        assert opened.page.evaluate("document.documentElement.scrollWidth") == width, width
        assert opened.page.evaluate(CUT_OFF) == [], width
        assert opened.page.evaluate(LINES) < 2.5, "a note of one word a line"
        opened.context.close()


def test_names_in_three_scripts_stand_in_their_own_direction(seen: Seen) -> None:
    found = seen.page.eval_on_selector_all(
        "table.classes tbody bdi", "all => all.map((one) => [one.textContent, getComputedStyle(one).direction])"
    )
    assert dict(found)["گربه‌ها"] == "rtl"
    assert dict(found)["개와 고양이"] == "ltr"
    assert dict(found)["bee"] == "ltr"


def test_a_class_of_many_is_asked_by_name(browser: Any, run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrices, "MOST_NUMBERED", 2)
    opened = Seen(browser, write_page(read_results(run_folder), run_folder).path)
    opened.page.locator("#pick").fill("개와 고양이")
    told = opened.page.locator("#picked").inner_text()
    assert "개와 고양이" in told
    assert "of 10 found" in told
    for typed, said in (("고양", "of 10 found"), ("nothing", "No class has")):
        opened.page.locator("#pick").fill(typed)
        opened.page.locator("#pick").press("Enter")
        assert said in opened.page.locator("#picked").inner_text(), typed
    opened.page.locator(".matrix").hover()
    assert "answered as" in opened.page.locator("#tip").inner_text()
    assert opened.faults == []
    opened.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_axe_finds_no_serious_fault(browser: Any, file: Path, scheme: str, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    # axe runs as a script of its own, which the page's policy forbids: it is lifted for this check alone.
    opened = Seen(browser, file, color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True)
    opened.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    found = axe.Axe().run(opened.page).response["violations"]
    serious = [
        (fault["id"], fault["nodes"][0]["html"][:200], len(fault["nodes"]))
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]
    assert serious == []
    opened.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_paper_shows_no_buttons_and_light_colours(browser: Any, file: Path, scheme: str) -> None:
    opened = Seen(browser, file, color_scheme=scheme)
    opened.page.emulate_media(media="print")
    assert opened.page.locator(".contents").is_hidden()
    assert opened.page.locator(".copy").first.is_hidden()
    assert opened.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    ink = opened.page.evaluate("getComputedStyle(document.body).color")
    assert max(map(int, re.findall(r"\d+", ink))) < 80, "dark ink, also for who reads in the dark"
    opened.context.close()


@pytest.mark.parametrize("allowed", [True, False])
def test_a_command_can_be_copied_or_at_least_marked(browser: Any, file: Path, allowed: bool) -> None:
    opened = Seen(browser, file, permissions=["clipboard-read", "clipboard-write"] if allowed else [])
    if not allowed:
        opened.page.evaluate("navigator.clipboard.writeText = () => Promise.reject(new Error('forbidden')); 0")
    button = opened.page.locator(".copy").first
    wanted = opened.page.locator(".command code").first.inner_text()
    button.click()
    playwright.expect(button).to_have_text("copied" if allowed else "marked")
    if allowed:
        assert opened.page.evaluate("navigator.clipboard.readText()") == wanted
    else:
        assert opened.page.evaluate("String(getSelection())").strip() == wanted
    assert opened.faults == []
    opened.context.close()


def test_a_finger_sees_what_a_sign_tells(browser: Any, file: Path) -> None:
    opened = Seen(browser, file, has_touch=True, viewport={"width": 400, "height": 900})
    opened.page.locator("#cost svg.chart g.tip").first.tap()
    tip = opened.page.locator("#tip")
    assert tip.is_visible()
    assert "95 % interval" in tip.inner_text().replace("\u00a0", " ")
    opened.page.locator("h1").first.tap()
    assert tip.is_hidden()
    opened.context.close()


def test_without_scripts_everything_is_there(browser: Any, file: Path) -> None:
    opened = Seen(browser, file, java_script_enabled=False)
    assert opened.page.locator("#table-strategies tbody tr").count() == 6
    assert opened.page.locator("#classes tbody tr:visible").count() >= 3
    opened.context.close()


def test_nothing_waits_by_eval() -> None:
    asking = "wait_for_" + "function"
    here = Path(__file__).parents[2]
    assert [str(one) for one in here.rglob("*.py") if f".{asking}(" in one.read_text(encoding="utf-8")] == []
