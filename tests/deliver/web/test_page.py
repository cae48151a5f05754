"""The page in a browser: it answers as Python does, asks for nothing, and can be used by everybody.

What takes a moment is waited for with locators: the page's policy forbids `eval`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from deliver.web.conftest import Opened
from deliver.web.toy import CLASSES, PREPROCESSING, Toy, colour_graph
from PIL import Image

from headstart.deliver.web.page import write_page

LONG = "a very long name of a class, such as museums and collections of plants have it, with_no_place_to_break_at_all"
pytestmark = pytest.mark.slow  # all of them together

NAMES = ("=1+1", "<img src=x onerror=alert(1)>", "گربه‌ها", "개와 고양이", LONG, "bee\u202egpj", "b", "c", "d")


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Return a red, a green and a dark blue picture, one of them a JPEG."""
    found = []
    for name, colour in (("red.png", (200, 30, 40)), ("green.jpg", (60, 180, 50)), ("dark.png", (2, 3, 20))):
        Image.new("RGB", (200, 150), colour).save(tmp_path / name, quality=95)
        found.append(tmp_path / name)
    return found


def rows(opened: Opened) -> list[dict[str, Any]]:
    """Return the answers that stand on the page, in the order in which the pictures came."""
    with opened.page.expect_download() as waiting:
        opened.page.locator("#table").click()
    text = Path(waiting.value.path()).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_page_checks_itself_and_asks_for_nothing(opened: Opened, colours_page: Path) -> None:
    assert "this browser answers as Python does" in opened.page.locator("#told").inner_text()
    assert opened.page.locator("#title").inner_text() == "blue, green or red?"
    assert opened.faults == []
    asked = [url for url in opened.asked if not url.startswith(("blob:", "data:"))]
    assert asked == [colours_page.as_uri()]


def test_a_class_whose_name_holds_the_sign_between_classes_stays_one(opened: Opened) -> None:
    """As in the table that `predict --csv` writes."""
    assert opened.page.evaluate("joined(['a|b', 'c', 'd\\\\'])") == r"a\|b|c|d\\"


def test_the_answers_are_those_of_python(opened: Opened, pictures: list[Path]) -> None:
    opened.give(*pictures)
    answers, _ = Toy().examine(pictures)
    found = rows(opened)
    assert [row["path"] for row in found] == [picture.name for picture in pictures]
    for row, wanted in zip(found, answers.probabilities, strict=True):
        got = [float(row[f"p_{name}"]) for name in CLASSES]
        np.testing.assert_allclose(got, wanted, atol=1e-5 if row["path"].endswith("png") else 1e-3)
        assert row["label"] == CLASSES[int(wanted.argmax())]
    members = [row["set"] for row in found]
    sets = answers.sets()
    assert sets is not None
    assert [set(member.split("|")) - {""} for member in members] == [
        {name for name, inside in zip(CLASSES, row, strict=True) if inside} for row in sets
    ]
    assert [row["none_of_these"] for row in found] == ["false", "false", "true"]
    assert "Perhaps none of these" in opened.page.locator(".card").first.inner_text()
    assert opened.faults == []


def test_what_cannot_be_read_says_why_and_the_others_go_on(
    opened: Opened, pictures: list[Path], tmp_path: Path
) -> None:
    words = tmp_path / "words.jpg"
    words.write_text("no picture", encoding="utf-8")
    opened.give(words, pictures[0])
    refused = opened.page.locator(".card.refused")
    assert "Not a picture that this page knows" in refused.inner_text()
    assert "1 picture answered, 1 not answered." in opened.page.locator("#sum").inner_text()
    assert rows(opened)[0]["reason"].startswith("not a picture")


def test_pictures_are_dropped_and_pasted(opened: Opened, pictures: list[Path]) -> None:
    give = """([kind, bytes]) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(bytes)], `${kind}.png`, { type: "image/png" }));
      const event = kind === "drop" ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
        : new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
      document.body.dispatchEvent(event);
    }"""
    for kind in ("drop", "paste"):
        opened.page.evaluate(give, [kind, list(pictures[0].read_bytes())])
    opened.page.get_by_text("2 pictures answered").wait_for()
    assert opened.page.locator(".card h3").all_inner_texts() == ["red", "red"]


def test_the_camera_gives_a_picture_and_is_let_go(opened: Opened) -> None:
    opened.page.locator("#snap").click()
    opened.page.wait_for_timeout(300)
    opened.page.locator("#shoot").click()
    opened.page.get_by_text("1 picture answered").wait_for()
    assert opened.page.evaluate("document.getElementById('live').srcObject === null")
    assert opened.faults == []


def test_everything_is_done_by_keys(opened: Opened, pictures: list[Path]) -> None:
    opened.give(*pictures[:2])
    opened.page.evaluate("document.querySelector('.skip').focus()")
    reached = []
    for _ in range(14):
        opened.page.keyboard.press("Tab")
        reached.append(opened.page.evaluate("document.activeElement.textContent.trim()"))
    for wanted in (
        "Choose pictures",
        "Use the camera",
        "Save as a table (CSV)",
        "Copy as JSON",
        "Remove all",
        "Remove",
    ):
        assert wanted in reached, reached
    first = opened.page.locator(".card").first.get_by_role("button", name="Remove")
    first.focus()
    opened.page.keyboard.press("Enter")
    assert opened.page.locator(".card").count() == 1
    assert opened.page.evaluate("document.activeElement.closest('.card') !== null")
    opened.page.keyboard.press("Tab")
    opened.page.keyboard.press("Enter")
    assert opened.page.locator(".card").count() == 0
    assert opened.page.evaluate("document.activeElement.id") == "choose"


def test_an_answer_is_copied_as_programs_have_it(browser: Any, colours_page: Path, pictures: list[Path]) -> None:
    page = Opened(browser, colours_page.as_uri(), permissions=["clipboard-read", "clipboard-write"]).ready()
    page.give(pictures[0])
    page.page.locator(".card").get_by_role("button", name="Copy as JSON").click()
    page.page.get_by_text("Copied").wait_for()
    row = json.loads(page.page.evaluate("navigator.clipboard.readText()"))
    assert list(row) == ["name", "label", "probability", "set", "none_of_these", "probabilities", "notes"]
    assert (row["name"], row["label"], row["set"], row["notes"]) == ("red.png", "red", ["red"], [])
    assert list(row["probabilities"]) == list(CLASSES)
    page.close()


@pytest.fixture(scope="module")
def names_page(needs_engine: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of classes whose names are odd, that knows no sets."""
    graph = colour_graph(len(NAMES), trust=False)
    place = tmp_path_factory.mktemp("names") / "names.html"
    return write_page(place, graph=graph, classifier=Toy(NAMES, PREPROCESSING, graph), name="<b>odd</b>\u202e")


def test_names_of_every_kind_are_shown_and_do_nothing(browser: Any, names_page: Path, pictures: list[Path]) -> None:
    page = Opened(browser, names_page.as_uri()).ready()
    assert page.page.locator("#title").inner_text() == "<b>odd</b>?"
    page.give(*pictures)
    page.page.locator(".card").first.get_by_role("button", name="Show all 9 classes").click()
    page.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    shown = page.page.locator(".bars bdi").all_inner_texts()
    assert {"<img src=x onerror=alert(1)>", "گربه‌ها", "bee?gpj"} <= set(shown)
    directions = (
        "all => all.filter((one) => one.textContent === 'گربه‌ها').map((one) => getComputedStyle(one).direction)"
    )
    assert set(page.page.eval_on_selector_all(".card bdi", directions)) == {"rtl"}
    for width in (320, 390, 800, 1280):
        page.page.set_viewport_size({"width": width, "height": 800})
        assert page.page.evaluate("document.documentElement.scrollWidth") == width
    assert "p_=1+1" in rows(page)[0]
    assert [row["label"] for row in rows(page)] != []
    assert all(not row["label"].startswith("=") for row in rows(page))
    assert page.faults == []
    page.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_no_serious_fault(
    browser: Any, colours_page: Path, pictures: list[Path], scheme: str, width: int
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    # axe runs as a script of its own, which the page's policy forbids: it is lifted for this check alone.
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}, "bypass_csp": True}
    page = Opened(browser, colours_page.as_uri(), **options).ready()
    page.give(*pictures, Path(__file__))
    page.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    found = axe.Axe().run(page.page).response["violations"]
    serious = [
        (fault["id"], fault["nodes"][0]["html"][:200]) for fault in found if fault["impact"] in ("serious", "critical")
    ]
    assert serious == []
    assert page.page.evaluate("document.documentElement.scrollWidth") == width
    page.close()


def test_the_network_is_forbidden_not_only_unused(browser: Any, colours_page: Path) -> None:
    page = Opened(browser, colours_page.as_uri()).ready()
    tried = "fetch('https://example.org/').then(() => 'reached', (error) => error.message)"
    assert "reached" not in page.page.evaluate(tried)
    assert any("Content Security Policy" in fault for fault in page.faults)
    page.close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (r'"probabilities":\[[\d.]+', "answers otherwise than Python does"),
        (r'id="graph">.{40}', "could not be started"),
    ],
)
def test_a_page_that_would_answer_wrongly_refuses(
    browser: Any, colours_page: Path, tmp_path: Path, change: str, said: str
) -> None:
    text = colours_page.read_text(encoding="utf-8")
    to = '"probabilities":[0.123' if "prob" in change else 'id="graph">' + "A" * 40
    broken = tmp_path / "broken.html"
    broken.write_text(re.sub(change, to, text, count=1), encoding="utf-8")
    page = Opened(browser, broken.as_uri())
    page.page.locator(".state[data-is=stopped]").wait_for(timeout=30_000)
    assert said in page.page.locator("#told").inner_text()
    assert page.page.locator("#choose").is_disabled()
    page.close()


def test_without_scripts_it_says_what_to_do(browser: Any, colours_page: Path) -> None:
    page = Opened(browser, colours_page.as_uri(), java_script_enabled=False)
    assert "open the file in a browser" in page.page.locator("noscript").inner_text()
    page.close()
