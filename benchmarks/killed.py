"""Kill `headstart compare` at random moments and check that it goes on to the same results.

    python benchmarks/killed.py DATA --kills 20 --epochs 2

Runs the comparison once undisturbed, then again in another folder with another cache, and kills that one (SIGKILL) at
random moments, as often as asked for. Then it may end, and both results.json are compared, except for times, and every
prediction bit for bit.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from headstart.records.codec import plain, read_record
from headstart.records.columns import PredictionsFile
from headstart.records.metrics import SPLIT_NAMES
from headstart.records.results import SCHEMA, Results

TIMES = {"seconds", "images_per_second", "estimated_seconds", "command"}


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in TIMES}
    return [without_times(item) for item in value] if isinstance(value, list | tuple) else value


def differing(one: Any, two: Any, place: str = "") -> Iterator[str]:
    """Yield where two plain values differ."""
    if isinstance(one, dict) and isinstance(two, dict):
        for key in {**one, **two}:
            yield from differing(one.get(key), two.get(key), f"{place}.{key}".lstrip("."))
    elif isinstance(one, list | tuple) and isinstance(two, list | tuple) and len(one) == len(two):
        for at, pair in enumerate(zip(one, two, strict=True)):
            yield from differing(*pair, f"{place}[{at}]")
    elif one != two:
        yield f"{place} ({one!r}, {two!r})"


def start(data: Path, out: Path, cache: Path, options: list[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "headstart", "compare", str(data), "--out", str(out), "--quiet", *options]
    environment = {**os.environ, "HEADSTART_CACHE": str(cache)}
    return subprocess.Popen(command, env=environment, start_new_session=True, stdout=subprocess.DEVNULL)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments, options = parser.parse_known_args()  # what is left are options of compare
    chance = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        begin = time.perf_counter()
        if start(arguments.data, place / "whole", place / "cache-a", options).wait() != 0:
            return 1
        whole = time.perf_counter() - begin
        print(f"undisturbed: {whole:.0f} s")
        kills, runs = 0, 0
        while True:
            runs += 1
            process = start(arguments.data, place / "killed", place / "cache-b", options)
            moment = chance.uniform(1.0, whole) if kills < arguments.kills else None
            try:
                code = process.wait(moment)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                kills += 1
                print(f"kill {kills}: after {moment:.1f} s of that process", flush=True)
                continue
            if code != 0:
                print(f"The process ended with exit code {code}.")
                return 1
            if kills >= arguments.kills:
                break
            print(f"It ended before the kill, after {runs} processes: compared, and started again.", flush=True)
            compare(place)
            subprocess.run(["rm", "-r", str(place / "killed"), str(place / "cache-b")], check=True)
        compare(place)
        print(f"{kills} kills, {runs} processes: the same results.json, except for times, and the same predictions")
    return 0


def compare(place: Path) -> None:
    """End the program if the two run folders differ in anything but times."""
    folders = [place / name for name in ("whole", "killed")]
    one, two = (read_record(folder / "results.json", Results, schema=SCHEMA) for folder in folders)
    places = list(differing(without_times(plain(one)), without_times(plain(two))))
    if places:
        raise SystemExit(f"results.json differs at {', '.join(places)}.")
    for run in one.runs:
        for split in SPLIT_NAMES:
            first, second = (
                PredictionsFile(folder / run.predictions).read(one.data.classes, split) for folder in folders
            )
            same = first.paths == second.paths and np.array_equal(first.labels, second.labels)
            if not same or not np.array_equal(first.probabilities, second.probabilities):
                raise SystemExit(f"{run.predictions} differs.")


if __name__ == "__main__":
    sys.exit(main())
