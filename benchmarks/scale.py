"""Measure seconds per picture and memory with a hundred times as many pictures.

::

    python benchmarks/scale.py DATA --work FOLDER                   # DATA/…/CLASS/*.jpg, any real photographs
    python benchmarks/scale.py DATA --work FOLDER --sizes 1000,10000 --image-size 224

Copies of the photographs are written into FOLDER, each cut, turned and brightened a little differently so that no two
have the same bytes. Then, for each number of copies, a process of its own starts from empty caches: it reads the files,
fills the pixel store and makes one pass of the default backbone. Also measured: how many photographs of 12 megapixels
one core decodes in a second. Older measurements stay in the table until they are made again; the plot is in
docs/pictures.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from measuring import PAGE, processor, write_section
from PIL import Image, ImageEnhance

from headstart.base.files import write_text
from headstart.base.process import thread_budget, tune_process

ROWS = Path(__file__).with_suffix(".json")
PLOT = PAGE.parent / "pictures" / "scale.svg"
STEPS = ("read", "pixels", "features")
FEW = 10_000  # up to so many pictures a run takes a minute or two, and is repeated
LARGE, LARGE_NUMBER = (4000, 3000), 24  # 12 megapixels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True, help="a folder for the copies and caches; kept")
    parser.add_argument("--sizes", default="1000,10000,100000", help="numbers of pictures, separated by commas")
    parser.add_argument("--image-size", type=int, default=96)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--large", action="store_true", help="only the photographs of 12 megapixels")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(options.work / "copies", options.one, options.image_size)))
        return
    rows: dict[str, Any] = json.loads(ROWS.read_text(encoding="utf-8")) if ROWS.is_file() else {}
    originals = [load(path) for path in sorted(options.data.rglob("*.jpg"))]
    if not originals:
        raise SystemExit(f"There is no *.jpg in '{options.data}' or its folders.")
    rows["large"] = large(originals)
    for number in [] if options.large else [int(size) for size in options.sizes.split(",")]:
        copies(originals, options.work / "copies", number)
        cache = options.work / "cache"
        command = [sys.executable, __file__, str(options.data), "--work", str(options.work), "--one", str(number)]
        found = []
        for _ in range(3 if number <= FEW else 1):
            shutil.rmtree(cache, ignore_errors=True)
            done = subprocess.run(
                [*command, "--image-size", str(options.image_size)],
                env={**os.environ, "HEADSTART_CACHE": str(cache)},
                stdout=subprocess.PIPE,
                check=True,
                text=True,
            )
            found.append(json.loads(done.stdout.splitlines()[-1]))
        rows[f"{options.image_size}/{number}"] = {
            part: {name: median(entry[part][name] for entry in found) for name in found[0][part]} for part in found[0]
        }
        shutil.rmtree(cache, ignore_errors=True)
        print(number, rows[f"{options.image_size}/{number}"], flush=True)
        ROWS.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    ROWS.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    write_text(PLOT, plot(rows))
    write_section("scale", section(rows))


def load(path: Path) -> Image.Image:
    with Image.open(path) as opened:
        return opened.convert("RGB")


def copies(originals: list[Image.Image], folder: Path, number: int) -> None:
    """Write the copies 0 to `number` - 1, ten classes of folders of at most a thousand files, unless they stand."""

    def write(place: int) -> None:
        file = folder / f"class{place % 10}" / f"{place // 10_000:03d}" / f"{place:06d}.jpg"
        if file.is_file():
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(perturbed(originals[place % len(originals)], place))

    with ThreadPoolExecutor(thread_budget()) as pool:
        for _ in pool.map(write, range(number)):
            pass


def perturbed(original: Image.Image, number: int) -> bytes:
    """Return a copy, cut to nine tenths somewhere, perhaps mirrored, brightened, 256 pixels on its short side."""
    drawn = np.random.default_rng(number)
    width, height = (round(0.9 * side) for side in original.size)
    left, top = (int(drawn.integers(0, most + 1)) for most in (original.width - width, original.height - height))
    scale = 256 / min(width, height)
    copy = original.resize((round(width * scale), round(height * scale)), box=(left, top, left + width, top + height))
    if drawn.random() < 0.5:
        copy = copy.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    copy = ImageEnhance.Brightness(copy).enhance(drawn.uniform(0.8, 1.2))
    return encoded(copy)


def encoded(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=85)
    return stream.getvalue()


def one(folder: Path, number: int, image_size: int) -> dict[str, Any]:
    """Take the first `number` copies through all steps; return seconds by step, and memory."""
    tune_process()
    from headstart import backbones
    from headstart.features import extract
    from headstart.pixels import PixelStore
    from headstart.table import read_table

    seconds: dict[str, float] = {}
    with watched_memory() as highest:
        listed = folder.parent / f"first-{number}.csv"
        files = sorted(path for path in folder.rglob("*.jpg") if int(path.stem) < number)
        lines = [f"{path.relative_to(folder.parent)},{path.parts[-3]}" for path in files]
        write_text(listed, "\n".join(["path,label", *lines]) + "\n")
        begin = time.perf_counter()
        table = read_table(listed)
        seconds["read"] = time.perf_counter() - begin
        begin = time.perf_counter()
        backbone = backbones.load(image_size=image_size)
        seconds["network"] = time.perf_counter() - begin
        begin = time.perf_counter()
        store = PixelStore.build(
            [table.file(row) for row in range(len(table))],
            table.digests,
            short_side=backbone.preprocessing.decode_side,
            threads=thread_budget(),
        )
        seconds["pixels"] = time.perf_counter() - begin
        begin = time.perf_counter()
        found = extract(backbone, store, np.arange(number), table.digests, preprocessing=backbone.preprocessing)
        seconds["features"] = time.perf_counter() - begin
        if found["pooled"].shape != (number, backbone.features):
            raise SystemExit("Some pictures have no features.")
    return {"seconds": seconds, "memory": dict(highest)}


@contextmanager
def watched_memory() -> Iterator[dict[str, float]]:
    """Note the highest resident memory (GB) of this process, in all and without the pages of mapped files.

    Those are the system's cache of the disk: it takes them back whenever somebody needs the room.
    """
    highest, over = {"all": 0.0, "own": 0.0}, threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            said = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
            for name, entry in (("all", "VmRSS"), ("own", "RssAnon")):
                highest[name] = max(highest[name], int(said[entry].split()[0]) * 1024 / 1e9)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield highest
    finally:
        over.set()
        watcher.join()


def large(originals: list[Image.Image]) -> list[float]:
    """Return how many photographs of 12 megapixels one thread decodes in a second for 224 pixels, three times."""
    from headstart.pixels import decode
    from headstart.records.preprocessing import Preprocessing

    folder = Path("/dev/shm" if Path("/dev/shm").is_dir() else ".") / f"headstart-large-{os.getpid()}"
    folder.mkdir()
    try:
        files = []
        for number in range(LARGE_NUMBER):
            picture = original_at(originals, number).resize(LARGE, Image.Resampling.BICUBIC)
            grain = np.random.default_rng(number).normal(0, 4, (LARGE[1], LARGE[0], 1))  # as a sensor's
            noisy = np.clip(np.asarray(picture, np.float32) + grain, 0, 255).astype(np.uint8)
            files.append(folder / f"{number}.jpg")
            Image.fromarray(noisy).save(files[-1], "JPEG", quality=90)
        side = Preprocessing(input_size=224).decode_side
        rates = []
        for _ in range(3):
            begin = time.perf_counter()
            for file in files:
                decode(file, short_side=side)
            rates.append(len(files) / (time.perf_counter() - begin))
        print("12 megapixels:", rates, f"{np.mean([file.stat().st_size for file in files]) / 1e6:.1f} MB", flush=True)
        return rates
    finally:
        shutil.rmtree(folder)


def original_at(originals: list[Image.Image], number: int) -> Image.Image:
    return originals[number * len(originals) // LARGE_NUMBER]


def cases(rows: dict[str, Any]) -> list[tuple[int, int, dict[str, Any]]]:
    """Return (image size, number, what was measured), in order."""
    found = [(*map(int, name.split("/")), entry) for name, entry in rows.items() if name != "large"]
    return sorted(found, key=lambda case: case[:2])


def section(rows: dict[str, Any]) -> str:
    """Return the benchmark's part of the page."""
    table = [
        f"| {number:,} | {size} | "
        + " | ".join(f"{1000 * entry['seconds'][step] / number:.2f}" for step in STEPS)
        + f" | {sum(entry['seconds'].values()):,.0f} | {entry['memory']['own']:.2f} | {entry['memory']['all']:.2f} |"
        for size, number, entry in cases(rows)
    ]
    return "\n".join(
        [
            "## A hundred times as many pictures",
            "",
            "`python benchmarks/scale.py DATA --work FOLDER` and the same with `--sizes 1000,10000 --image-size 224`: "
            "perturbed copies of the photographs in DATA,",
            f"256 pixels on their short side, from empty caches. {processor()}, {thread_budget()} threads.",
            "",
            "| pictures | image size | read, ms a picture | pixels, ms a picture | features, ms a picture | in all, s "
            "| own memory, GB | with mapped files, GB |",
            "|---|---|---|---|---|---|---|---|",
            *table,
            "",
            "Medians of three runs (100,000: one run). Pages of mapped files are the system's cache of the disk: it",
            "gives them up when memory is needed.",
            "",
            "![Milliseconds a picture against the number of pictures](pictures/scale.svg)",
            "",
            f"Photographs of 12 megapixels (JPEG, quality 90, with grain): one core decodes "
            f"{median(rows['large']):.0f} a second ({', '.join(f'{rate:.1f}' for rate in rows['large'])}).",
        ]
    )


def plot(rows: dict[str, Any]) -> str:
    """Return the lines of the smallest image size as an SVG: milliseconds a picture, by step."""
    smallest = cases(rows)[0][0]
    shown = [(number, entry) for size, number, entry in cases(rows) if size == smallest]
    width, height, left, bottom = 560, 260, 60, 210
    highest: float = 1.15 * max(1000 * entry["seconds"][step] / number for number, entry in shown for step in STEPS)

    def x(place: int) -> float:
        return left + 30 + place * (width - left - 150) / max(len(shown) - 1, 1)

    def y(value: float) -> float:
        return bottom - value / highest * (bottom - 30)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="12" role="img"><title>Milliseconds a picture, image size {smallest}</title>'
        f'<rect width="{width}" height="{height}" fill="#fff"/>'
        f'<text x="{left}" y="18" fill="#222">Milliseconds a picture (image size {smallest})</text>'
    ]
    for tick in np.linspace(0, highest, 5)[:-1]:
        parts.append(
            f'<path d="M{left} {y(tick):.1f}H{width - 110}" stroke="#ddd"/>'
            f'<text x="{left - 8}" y="{y(tick) + 4:.1f}" text-anchor="end" fill="#555">{tick:.1f}</text>'
        )
    for place, (number, _) in enumerate(shown):
        parts.append(f'<text x="{x(place):.1f}" y="{bottom + 20}" text-anchor="middle" fill="#555">{number:,}</text>')
    parts.append(f'<text x="{left + 200}" y="{bottom + 40}" text-anchor="middle" fill="#555">pictures</text>')
    for step, colour in zip(STEPS, ("#117733", "#882255", "#332288"), strict=True):
        points = [(x(place), y(1000 * entry["seconds"][step] / number)) for place, (number, entry) in enumerate(shown)]
        line = " ".join(f"{across:.1f},{up:.1f}" for across, up in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        parts += [f'<circle cx="{across:.1f}" cy="{up:.1f}" r="4" fill="{colour}"/>' for across, up in points]
        parts.append(f'<text x="{points[-1][0] + 12:.1f}" y="{points[-1][1] + 4:.1f}" fill="{colour}">{step}</text>')
    return "".join([*parts, "</svg>\n"])


if __name__ == "__main__":
    main()
