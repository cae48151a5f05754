"""Measure what many small pictures take, step by step, on two checkouts in turn.

::

    python benchmarks/many.py BEFORE AFTER --work FOLDER                    # 5,000 drawn pictures of 32 pixels
    python benchmarks/many.py BEFORE AFTER --work FOLDER --pictures 20000

Ten classes of stripes on noise are drawn into FOLDER. Each checkout compares `linear` and `knn` on one thread, in a
process of its own, from an empty cache. Of each step: processor seconds (the machine may have others to serve), the
highest resident memory, and the longest time in which no bar moved. What happens between two steps counts as a step of
its own, named after the one before it. The table goes into docs/performance.md; `--dry` only prints it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from measuring import processor, write_section
from PIL import Image

CLASSES, SIDE = 10, 32
GB = 1e9


def main() -> None:
    """Measure both checkouts and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("checkouts", type=Path, nargs="+", help="BEFORE AFTER")
    parser.add_argument("--work", type=Path, required=True, help="a folder for pictures, caches and runs; kept")
    parser.add_argument("--pictures", type=int, default=5000)
    parser.add_argument("--strategies", default="linear,knn")
    parser.add_argument("--dry", action="store_true", help="only print")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    data = options.work / f"drawn-{options.pictures}"
    if options.one:
        print(json.dumps(one(data, options.one, options.strategies)))
        return
    draw(data, options.pictures)
    found = [measured(checkout.resolve(), options) for checkout in options.checkouts]
    text = section(options, found)
    print(text)
    if not options.dry:
        write_section(f"many, {options.pictures}", text)


def draw(folder: Path, pictures: int) -> None:
    """Draw the pictures, unless they stand: stripes whose direction tells the class, more or less."""
    random = np.random.default_rng(0)
    down, across = np.mgrid[:SIDE, :SIDE] / SIDE
    for number in range(0 if folder.is_dir() else pictures):
        kind = number % CLASSES
        angle = np.pi * (kind + random.normal(0, 0.35)) / CLASSES
        wave = 2 * np.pi * random.uniform(2, 5) * (across * np.cos(angle) + down * np.sin(angle))
        stripes = np.sin(wave + random.uniform(0, 2 * np.pi))[..., None] * random.uniform(20, 60, 3)
        picture = 128 + stripes + random.normal(0, 35, (SIDE, SIDE, 3)) + random.uniform(-40, 40, 3)
        file = folder / f"class{kind}" / f"{number:06d}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(file)


def measured(checkout: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Return what one checkout took, in a process of its own."""
    work = options.work / checkout.name
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    command = [sys.executable, __file__, str(checkout), "--work", str(options.work), "--one", str(work / "many.run")]
    command += ["--pictures", str(options.pictures), "--strategies", options.strategies]
    environment = {
        **os.environ, "PYTHONPATH": str(checkout / "src"), "HEADSTART_CACHE": str(work / "cache")
    }  # fmt: skip
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    shutil.rmtree(work / "cache")
    return dict(json.loads(done.stdout.splitlines()[-1]))


class Watched:
    """A listener that notes processor seconds, memory and silence of every step; only the outermost one counts."""

    def __init__(self) -> None:
        self.steps: dict[str, dict[str, float]] = {}
        self._open: list[str] = []
        self._name = "start"
        self._cpu, self._moved = time.process_time(), time.perf_counter()
        threading.Thread(target=self._look, daemon=True).start()

    def _own(self) -> dict[str, float]:
        return self.steps.setdefault(self._name, {"cpu": 0.0, "all": 0.0, "own": 0.0, "silent": 0.0})

    def _look(self) -> None:
        while True:
            said = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
            own = self._own()
            for name, entry in (("all", "VmRSS"), ("own", "RssAnon")):
                own[name] = max(own[name], int(said[entry].split()[0]) * 1024 / GB)
            time.sleep(0.05)

    def move(self) -> None:
        """Note that a bar moved."""
        now, own = time.perf_counter(), self._own()
        own["silent"] = max(own["silent"], now - self._moved)
        self._moved = now

    def turn(self, name: str) -> None:
        """Note that another step begins."""
        self.move()
        cpu = time.process_time()
        self._own()["cpu"] += cpu - self._cpu
        self._cpu, self._name = cpu, name

    @contextmanager
    def step(self, name: str, total: int, unit: str = "pictures") -> Iterator[Watched]:  # noqa: ARG002
        """Open a step."""
        self._open.append(name)
        if len(self._open) == 1:
            self.turn(name)
        try:
            yield self
        finally:
            self._open.pop()
            if not self._open:
                self.turn(f"after {name}")

    def advance(self, count: int = 1) -> None:  # noqa: ARG002
        """Note that a bar moved."""
        self.move()

    def message(self, text: str) -> None:
        """Show what is said."""
        print(text, file=sys.stderr)

    def epoch(self, *told: object) -> None:
        """Ignore it."""

    def result(self, *told: object) -> None:
        """Ignore it."""


def one(data: Path, out: Path, strategies: str) -> dict[str, Any]:
    """Compare once; return steps, the whole, and the longest silence."""
    from headstart.base.process import tune_process

    tune_process(threads=1)
    import headstart

    begin, heard = time.perf_counter(), Watched()
    done = headstart.compare(data, strategies=strategies.split(","), threads=1, out=out, progress=heard)
    heard.turn("end")
    return {"steps": heard.steps, "wall": time.perf_counter() - begin, "verdict": done.results.verdict.winner}


def section(options: argparse.Namespace, found: list[dict[str, Any]]) -> str:
    """Return the benchmark's part of the page."""
    names = list(dict.fromkeys(name for entry in found for name in entry["steps"]))
    shown = [name for name in names if any(entry["steps"].get(name, {}).get("cpu", 0) >= 1 for entry in found)]
    whole = [
        {
            kind: (sum if kind == "cpu" else max)(one[kind] for one in entry["steps"].values())
            for kind in ("cpu", "silent", "own", "all")
        }
        for entry in found
    ]

    def cells(kind: str, name: str, form: str) -> str:
        values = [entry["steps"].get(name, {}).get(kind) for entry in found]
        return " / ".join("–" if value is None else f"{value:{form}}" for value in values)

    def row(name: str) -> str:
        kinds = (("cpu", ",.0f"), ("silent", ",.0f"), ("own", ".2f"), ("all", ".2f"))
        return f"| {name} | " + " | ".join(cells(kind, name, form) for kind, form in kinds) + " |"

    def total(kind: str, form: str) -> str:
        return " / ".join(f"{entry[kind]:{form}}" for entry in whole)

    return "\n".join(
        [
            f"## {options.pictures:,} small pictures",
            "",
            f"`python benchmarks/many.py BEFORE AFTER --work FOLDER --pictures {options.pictures}`: drawn pictures of "
            f"{SIDE} pixels, {CLASSES} classes, `--strategies {options.strategies}",
            f"--threads 1`, from an empty cache; before / after. {processor()}.",
            "",
            "| step | processor, s | longest without a move, s | own memory, GB | with mapped files, GB |",
            "|---|---|---|---|---|",
            *map(row, shown),
            f"| **all** | {total('cpu', ',.0f')} | {total('silent', ',.0f')} | {total('own', '.2f')} "
            f"| {total('all', '.2f')} |",
        ]
    )  # fmt: skip


if __name__ == "__main__":
    main()
