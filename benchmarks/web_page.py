"""Compare the web page with Python on the same files: ``headstart export --to web`` in headless Chromium.

::

    python benchmarks/web_page.py BUNDLE PICTURES                        # prints the table
    python benchmarks/web_page.py BUNDLE PICTURES --docs                 # writes it into docs/deliver.md
    python benchmarks/web_page.py BUNDLE PICTURES --page birds.html      # a page that is there already
    python benchmarks/web_page.py BUNDLE PICTURES --shots FOLDER         # screenshots, light and dark, wide and narrow

Besides the pictures themselves some are asked in other forms: as PNG, turned by a quarter and noted in EXIF, made
larger to 12 megapixels with the noise of a camera, as long strips, tiny, in grey, and partly transparent. The page is
opened three times; of times the medians are printed.
"""

from __future__ import annotations

import argparse
import csv
import io
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from measuring import processor, write_section
from PIL import Image

import headstart as hs
from headstart.records.answers import Prediction

DOCS = Path(__file__).resolve().parents[1] / "docs" / "deliver.md"
AS_THEY_ARE = "as they are"
EACH = 8  # pictures of every other form
OPENED = 3
LARGE = (4032, 3024)
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
SCREENS = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]


class Answered(NamedTuple):
    """What the page said of one file."""

    row: dict[str, str]
    seconds: float


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("bundle", type=Path)
    words.add_argument("pictures", type=Path)
    words.add_argument("--count", type=int, default=100)
    words.add_argument("--page", type=Path)
    words.add_argument("--shots", type=Path)
    words.add_argument("--docs", action="store_true")
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        page = asked.page or exported(asked.bundle, Path(folder) / "page.html")
        kinds = files_by_kind(asked.pictures, asked.count, Path(folder))
        told = compared(page, asked.bundle, kinds, asked.shots)
    text = f"{told}\n\nOn {processor()}, one thread: `python benchmarks/web_page.py BUNDLE PICTURES`."
    print(text)
    if asked.docs:
        write_section("web page", text, page=DOCS)


def exported(bundle: Path, place: Path) -> Path:
    command = [sys.executable, "-m", "headstart", "export", bundle, "--to", "web", "--out", place]
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
    return place


def files_by_kind(pictures: Path, count: int, folder: Path) -> dict[str, list[Path]]:
    """Return the files to ask about: pictures evenly over the folder, and some of them in other forms."""
    found = sorted(path for path in pictures.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not found:
        raise SystemExit(f"'{pictures}' holds no pictures.")
    some = [found[at] for at in np.linspace(0, len(found) - 1, min(count, len(found))).astype(int)]
    kinds: dict[str, list[Path]] = defaultdict(list)
    kinds[AS_THEY_ARE] = some
    rng = np.random.default_rng(0)
    for number, path in enumerate(some[:: max(1, len(some) // EACH)][:EACH]):
        for kind, (suffix, picture, options) in forms(Image.open(path).convert("RGB"), rng).items():
            place = folder / f"{kind.split(',')[0].replace(' ', '-')}-{number}{suffix}"
            picture.save(place, **options)
            kinds[kind].append(place)
    return kinds


def forms(picture: Image.Image, rng: np.random.Generator) -> dict[str, tuple[str, Image.Image, dict[str, Any]]]:
    """Return a picture in other forms: suffix, picture, and how it is saved."""
    turned = Image.Exif()
    turned[0x0112] = 6
    size = LARGE if picture.width >= picture.height else LARGE[::-1]
    large = np.asarray(picture.resize(size, Image.Resampling.BICUBIC), np.float32)
    noisy = large + rng.normal(0, 6, (*large.shape[:2], 1)).astype(np.float32)
    clear = picture.copy()
    clear.putalpha(Image.radial_gradient("L").resize(picture.size).point(lambda value: 255 - value))
    return {
        "PNG": (".png", picture, {}),
        "turned by EXIF, JPEG": (".jpg", picture.transpose(Image.Transpose.ROTATE_90), {"exif": turned, "quality": 92}),
        "12 megapixels, JPEG": (".jpg", Image.fromarray(noisy.clip(0, 255).astype(np.uint8)), {"quality": 90}),
        "a long strip, PNG": (".png", picture.resize((1500, 150)), {}),
        "tiny, PNG": (".png", picture.resize((24, 18)), {}),
        "grey, PNG": (".png", picture.convert("L"), {}),
        "transparent, PNG": (".png", clear, {}),
        "WebP": (".webp", picture, {"quality": 90}),
    }


def compared(page: Path, bundle: Path, kinds: dict[str, list[Path]], shots: Path | None) -> str:
    """Return the table: what Python says and what the page says of every file."""
    every = [path for files in kinds.values() for path in files]
    wanted = {row.path: row for row in hs.predict(bundle, every).rows}
    answers, loads, state = asked_of(page, every, shots)
    lines = [
        f"File: {page.stat().st_size / 1e6:.1f} MB. Opened and checked in {statistics.median(loads):.1f} s (median of "
        f"{len(loads)}). It said: “{state}”",
        "",
        "| pictures | number | largest difference of a probability | median | same answer | same set | same “none of "
        "these” | s a picture |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for kind, files in kinds.items():
        lines.append(line(kind, [(wanted[str(path)], answers[path]) for path in files]))
    return "\n".join(lines)


def line(kind: str, pairs: Sequence[tuple[Prediction, Answered]]) -> str:
    apart = [
        max(abs(float(said.row[f"p_{name}"]) - value) for name, value in wanted.probabilities.items())
        for wanted, said in pairs
    ]
    label = sum(wanted.label == said.row["label"] for wanted, said in pairs)
    sets = sum("|".join(wanted.set or ()) == said.row["set"] for wanted, said in pairs)
    none = sum(str(wanted.none_of_these).lower() == (said.row["none_of_these"] or "none") for wanted, said in pairs)
    seconds = statistics.median(said.seconds for _, said in pairs)
    return (
        f"| {kind} | {len(pairs)} | {max(apart):.5f} | {statistics.median(apart):.6f} | {label} | {sets} | {none} | "
        f"{seconds:.2f} |"
    )


def asked_of(page: Path, files: Sequence[Path], shots: Path | None) -> tuple[dict[Path, Answered], list[float], str]:
    """Return the page's answers, the seconds that opening it took, and what it said when it had checked itself."""
    import shutil

    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    answers: dict[Path, Answered] = {}
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        loads = []
        for _ in range(OPENED):
            seen, seconds = opened(browser, page)
            loads.append(seconds)
        state = seen.locator("#told").inner_text()
        for path in files:
            begin = time.perf_counter()
            row = answer_of(seen, path)
            answers[path] = Answered(row, time.perf_counter() - begin)
        if shots is not None:
            shots.mkdir(parents=True, exist_ok=True)
            for width, scheme in SCREENS:
                shot(browser, page, files[:3], shots / f"web-{width}-{scheme}.png", width, scheme)
        browser.close()
    return answers, loads, state


def opened(browser: Any, page: Path, **options: Any) -> tuple[Any, float]:
    seen = browser.new_context(**options).new_page()
    asked: list[str] = []
    seen.on("request", lambda request: asked.append(request.url))
    begin = time.perf_counter()
    seen.goto(page.resolve().as_uri())
    seen.locator(".state:not([data-is=begins])").wait_for(timeout=120_000)
    seconds = time.perf_counter() - begin
    elsewhere = [url for url in asked if not url.startswith(("blob:", "data:", "file:"))]
    if elsewhere:
        raise SystemExit(f"The page asked the network for {elsewhere[0]}.")
    return seen, seconds


def answer_of(seen: Any, path: Path) -> dict[str, str]:
    """Give one picture, read its row of the table, and remove it."""
    seen.locator("#files").set_input_files(str(path))
    seen.locator(".card:not(.waits)").wait_for(timeout=120_000)
    with seen.expect_download() as waiting:
        seen.locator("#table").click()
    rows = list(csv.DictReader(io.StringIO(Path(waiting.value.path()).read_text(encoding="utf-8-sig"))))
    seen.locator("#clear").click()
    return rows[0]


def shot(browser: Any, page: Path, files: Sequence[Path], place: Path, width: int, scheme: str) -> None:
    seen, _ = opened(browser, page, viewport={"width": width, "height": 900}, color_scheme=scheme)
    seen.locator("#files").set_input_files([str(path) for path in files])
    seen.locator(".card:not(.waits)").nth(len(files) - 1).wait_for(timeout=120_000)
    seen.screenshot(path=str(place), full_page=True)
    seen.context.close()


if __name__ == "__main__":
    main()
