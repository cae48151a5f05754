"""What is said: splits that can't judge, signs, heat maps, the page, names, and who learned from how many."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from odd.case import Case, Checkout, Mutation

JUDGING = "tests/evidence/test_judging.py"
HEADS = ("--strategies", "linear,knn", "--offline", "--quiet")


def _draw(folder: Path, count: int, *, colour: str, seed: int = 0) -> None:
    """Draw a bright shape on noise, the same for every class but for its colour."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        picture = Image.fromarray(rng.integers(0, 120, (64, 64, 3), dtype=np.uint8))
        left, top = rng.integers(4, 28, 2).tolist()
        ImageDraw.Draw(picture).ellipse((left, top, left + 30, top + 30), fill=colour)
        picture.save(folder / f"{number:03d}.png")


def _results(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "results.json").read_text(encoding="utf-8"))
    return found


def _accuses(text: str) -> str:
    return "doubts the labels" if "labels" in text else "no word about labels"


def _said(run: Path) -> str:
    found = _results(run)
    warnings = " ".join(one["text"] for record in found["runs"] for one in record["warnings"])
    whole = " ".join((found["verdict"]["text"], *found["verdict"]["details"], warnings))
    return f"{found['verdict']['text'].split('. ')[0]} ({_accuses(whole)})"


def one_class_in_val(place: Path, checkout: Checkout) -> str:
    """Compare classes that can't be told apart where val holds only one of them."""
    for seed, name in enumerate(("ants", "bees")):
        _draw(place / "photos/train" / name, 24, colour="white", seed=seed)
    _draw(place / "photos/val/ants", 8, colour="white", seed=7)
    checkout.command("compare", "photos", *HEADS, folder=place)
    return _said(place / "photos.run")


def one_bee_in_test(place: Path, checkout: Checkout) -> str:
    """Compare 54 to 3 pictures: one bee is among those that measure."""
    _draw(place / "photos/ants", 54, colour="white")
    _draw(place / "photos/bees", 3, colour="white", seed=1)
    checkout.command("compare", "photos", *HEADS, folder=place)
    return _said(place / "photos.run")


def evaluate_one_class(place: Path, checkout: Checkout) -> str:
    """Test a bundle on a folder with one class."""
    for name, colour in (("ants", "red"), ("bees", "blue")):
        _draw(place / "photos" / name, 12, colour=colour)
    _draw(place / "new/ants", 8, colour="red", seed=5)
    checkout.command("fit", "photos", "--out", "a.bundle", "--offline", "--quiet", folder=place)
    out = checkout.command("evaluate", "a.bundle", "new", "--quiet", folder=place).out
    means = "macro F1 of one class, " if "macro F1" in out else ""
    return means + ("says what can't be judged" if "can't be judged" in out else "says nothing of bees")


def two_pictures_and_a_tick(place: Path, checkout: Checkout) -> str:
    """Try one strategy with two test pictures of a class, all right."""
    _draw(place / "photos/ants", 40, colour="red")
    _draw(place / "photos/bees", 8, colour="blue")
    out = checkout.command("compare", "photos", "--strategies", "linear", "--offline", "--quiet", folder=place).out
    sign = re.search(r"^(\S) linear ", out, re.MULTILINE)
    return f"sign: {sign[1] if sign else 'none'}"


HEAT = """
import numpy as np
from headstart.explain.heat import Heat
from headstart.report.page.heat import told
covered = np.full(36, 0.6)
covered[5], covered[10] = 0.02, 0.9
print(told(Heat("bee", 0.6, covered, np.full(36, 0.5), ("bee",) * 36)))
"""


def heat_sentences(place: Path, checkout: Checkout) -> str:
    """Tell of a picture where one spot in the upper right takes 58 points and another adds 30."""
    return checkout.python(HEAT, folder=place).out


WIDE = """
import shutil
from playwright.sync_api import sync_playwright
found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
with sync_playwright() as running:
    browser = running.chromium.launch(executable_path=found, args=["--no-sandbox"])
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto("file://PLACE")
    print(page.evaluate('''() => { const box = document.querySelector('.scroll[aria-label="Confusion matrix"]');
        return box.scrollWidth - box.clientWidth; }'''))
"""


def six_classes(place: Path, checkout: Checkout) -> str:
    """Show a confusion matrix of six classes at 1280 pixels."""
    for seed, colour in enumerate(("red", "blue", "green", "yellow", "white", "grey")):
        _draw(place / "photos" / f"Septoria leaf spot {colour}", 8, colour=colour, seed=seed)
    checkout.command("compare", "photos", *HEADS, folder=place)
    page = place / "photos.run/report.html"
    return f"{checkout.python(WIDE.replace('PLACE', str(page))).out.strip()} pixels are cut off"


def the_quick_one_is_dearer(place: Path, checkout: Checkout) -> str:
    """Recommend a strategy that took 19 s and was right less often than one that took 15 s."""
    for seed, name in enumerate(("ants", "bees")):
        _draw(place / "photos" / name, 24, colour="white", seed=seed)
    checkout.command("compare", "photos", *HEADS, folder=place)
    found = _results(place / "photos.run")
    found["verdict"] |= {"winner": "linear", "tied_with": ["knn"], "above_chance": True, "decided": True}
    for record in found["runs"]:
        dear = record["id"] == "linear"
        record["seconds"]["total"] = 19.0 if dear else 15.0
        record["metrics"]["test"] |= {"accuracy": 0.7 if dear else 0.8, "interval": [0.6, 0.9]}
    (place / "photos.run/results.json").write_text(json.dumps(found), encoding="utf-8")
    checkout.command("report", "photos.run", "--quiet", folder=place)
    page = (place / "photos.run/report.html").read_text(encoding="utf-8")
    told = re.search(r'Is a quick strategy good enough\?.*?class="told">(.*?)</span>', page, re.DOTALL)
    return told[1] if told else "no such question"


def six_names(place: Path, checkout: Checkout) -> str:
    """Look for the names of the strategies in the help of compare and in the quickstart."""
    out = " ".join(checkout.command("compare", "--help", folder=place).out.split())
    quickstart = (checkout.root / "docs/quickstart.md").read_text(encoding="utf-8")
    named = "explained" if "support vector machine" in out else "only named"
    return f"help: {named}; quickstart: {'explained' if 'support vector machine' in quickstart else 'only named'}"


def on_equal_terms(place: Path, checkout: Checkout) -> str:
    """Compare a strategy that is trained with one that is not."""
    for name, colour in (("ants", "red"), ("bees", "blue")):
        _draw(place / "photos/train" / name, 52, colour=colour)
        _draw(place / "photos/test" / name, 6, colour=colour, seed=3)
    asked = ("--strategies", "linear,scratch", "--epochs", "1", "--offline", "--quiet", "--image-size", "64")
    checkout.command("compare", "photos", *asked, folder=place)
    found = re.search(r"[^.]*learned from [\d,]+ of the[^.;:]*", (place / "photos.run/report.md").read_text("utf-8"))
    return found[0] if found else "not said"


CASES = (
    Case(
        "17",
        "val holds one class only",
        one_class_in_val,
        f"{JUDGING}::test_of_one_class_nothing_is_ever_called_worse_than_guessing",
        Mutation("src/headstart/evidence/verdict.py", "if judges.only is not None:", "if judges.pictures < 0:"),
    ),
    Case(
        "17b",
        "54 to 3, one bee in test",
        one_bee_in_test,
        f"{JUDGING}::test_one_bee_among_ants_is_named_and_nothing_is_concluded",
        Mutation("src/headstart/evidence/judging.py", "if not can_be_beaten(pictures, chance):", "if pictures < 0:"),
    ),
    Case(
        "17c",
        "evaluate on a folder of one class",
        evaluate_one_class,
        "tests/report/test_unjudged.py::test_an_evaluation_says_it_too",
        Mutation("src/headstart/cli/tables.py", "for warning in found.warnings:", "for warning in ():"),
    ),
    Case(
        "23",
        "heat map: a spot of the upper right takes 58 points, another adds 30",
        heat_sentences,
        "tests/words/test_heat.py::test_no_place_is_said_to_do_both_and_no_number_is_wrong",
        Mutation("src/headstart/evidence/heat.py", "abs(float(falls[one]))", "float(falls[one])"),
    ),
    Case(
        "24",
        "six classes with names of three words, at 1280 pixels",
        six_classes,
        "tests/report/page/test_browser.py::test_no_table_is_cut_off_whatever_the_classes_are_called",
        Mutation(
            "src/headstart/report/page/templates/page.css",
            ".counts tbody td > span { display: grid;",
            ".counts tbody td > span { min-width: 6.5rem; display: grid;",
        ),
    ),
    Case(
        "24b",
        "the quick strategy takes 19 s, the other one 15 s",
        the_quick_one_is_dearer,
        "tests/report/page/test_building.py::test_what_is_called_quick_takes_less_time",
        Mutation(
            "src/headstart/report/page/questions.py",
            "one.run.seconds.total < best.run.seconds.total",
            "one.run.seconds.total >= 0",
        ),
    ),
    Case(
        "25",
        "two test pictures of a class, all right",
        two_pictures_and_a_tick,
        f"{JUDGING}::test_a_tick_needs_pictures_of_each_class_however_right_the_few_are",
        Mutation("src/headstart/evidence/verdict.py", "decided=not few,", "decided=not few or len(candidates) == 1,"),
    ),
    Case(
        "29",
        "what do knn, svm, partial mean?",
        six_names,
        "tests/test_docs.py::test_every_strategy_is_explained_wherever_somebody_meets_its_name",
        Mutation("src/headstart/experiment/option_groups.py", 'f"{name}: {row.summary}"', "name"),
    ),
    Case(
        "30",
        "who learned from how many pictures?",
        on_equal_terms,
        "tests/report/test_learned_from.py::test_terminal_page_and_markdown_say_who_learned_from_fewer",
        Mutation("src/headstart/report/standing.py", "if pictures < train)", "if pictures < 0)"),
    ),
)
