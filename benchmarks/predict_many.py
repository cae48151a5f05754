"""Answer very many pictures: memory over time, and every file exactly once after many kills.

::

    python benchmarks/predict_many.py --work FOLDER                                # a million rows, 20 kills
    python benchmarks/predict_many.py --work FOLDER --rows 6000 --kills 5 --dry    # a minute

A thousand drawn pictures of 32 pixels are linked to as many files as wanted, and a classifier on EfficientNet-Lite0 at
32 pixels is made of some of them. So rows are measured, not arithmetic: at its usual 224 pixels the same network would
take hours for a million. Needs a disk with links (`os.link`).

First the files are answered without a disturbance, and the memory of the process is noted all the time. Then they are
answered into another folder, and the process is killed (SIGKILL) at random moments and started again. In the end every
file must have one row in both, and the same answer. The table goes into docs/deliver.md; `--dry` only prints it.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from measuring import PAGE, processor, write_section
from PIL import Image

import headstart as hs
from headstart.base.process import thread_budget

FILES, SIDE, LINKS_IN_A_FOLDER = 1000, 32, 10_000
MB = 1e6


def main() -> int:
    """Measure both runs and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="a folder for pictures and answers; kept")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--in-a-file", type=int, default=0, help="rows; by default 10,000, or a twentieth of all")
    parser.add_argument("--format", choices=("csv", "jsonl", "parquet"), default="csv")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dry", action="store_true", help="only print")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.in_a_file = options.in_a_file or min(10_000, max(options.rows // 20, 1))
    links = options.work / f"links-{options.rows}"
    if options.one:
        out, rows = options.one, options.in_a_file
        hs.predict_many(options.work / "small.bundle", links, out=out, form=options.format, rows=rows)
        return 0
    os.environ["HEADSTART_CACHE"] = str(options.work / "cache")
    prepare(options.work, links, options.rows)
    whole, killed = options.work / "whole", options.work / "killed"
    for folder in (whole, killed):
        shutil.rmtree(folder, ignore_errors=True)
    calm = undisturbed(options, whole)
    kills, processes = with_kills(options, killed, calm.seconds)
    problems = list(differences(options, whole, killed, links))
    text = section(options, calm, kills, processes, problems)
    print(text)
    if not options.dry:
        write_section("predict_many", text, page=PAGE.with_name("deliver.md"))
    return 1 if problems else 0


def prepare(work: Path, links: Path, rows: int) -> None:
    """Draw the pictures, make the classifier and the links, unless they stand."""
    chance = np.random.default_rng(0)
    pictures = work / "pictures"
    for number in range(0 if pictures.is_dir() else FILES):
        kind = number % 2
        picture = (
            chance.integers(0, 120, (SIDE, SIDE, 3)) + (60 * kind) * (np.indices((SIDE, SIDE))[kind] % 4 < 2)[..., None]
        )
        file = pictures / f"class{kind}" / f"{number:04}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture.astype(np.uint8)).save(file)
    if not (work / "small.bundle").is_dir():
        small = work / "small.bundle"
        hs.fit(pictures, strategy="linear", out=small, image_size=SIDE, framing="squash", augment="none")
        hs.prepare_engine(small, pictures)
    if not links.is_dir():
        draft, files = links.with_name(f"{links.name}.part"), sorted(pictures.rglob("*.jpg"))
        shutil.rmtree(draft, ignore_errors=True)
        for number in range(rows):
            folder = draft / f"{number // LINKS_IN_A_FOLDER:04}"
            if number % LINKS_IN_A_FOLDER == 0:
                folder.mkdir(parents=True)
            os.link(files[number % FILES], folder / f"{number:07}.jpg")
        draft.rename(links)


@dataclass
class Run:
    """One process that was not disturbed: how long it took, and (rows written, own memory in MB) all the while."""

    seconds: float = 0.0
    memory: list[tuple[int, float]] = field(default_factory=list)


def start(options: argparse.Namespace, out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, __file__, "--work", str(options.work), "--rows", str(options.rows)]
    command += ["--in-a-file", str(options.in_a_file), "--format", options.format, "--one", str(out)]
    return subprocess.Popen(command, start_new_session=True)


def undisturbed(options: argparse.Namespace, out: Path) -> Run:
    """Answer everything once, and look at the process all the while."""
    run, begin = Run(), time.perf_counter()
    process = start(options, out)
    while process.poll() is None:
        time.sleep(0.25)
        rows = options.in_a_file * sum(1 for _ in out.glob("answers-*"))
        try:
            said = Path(f"/proc/{process.pid}/status").read_text()
            run.memory.append((rows, int(said.split("RssAnon:")[1].split()[0]) * 1024 / MB))
        except (OSError, IndexError):  # it has ended
            continue
    run.seconds = time.perf_counter() - begin
    if process.returncode:
        raise SystemExit(f"The process ended with exit code {process.returncode}.")
    return run


def with_kills(options: argparse.Namespace, out: Path, whole: float) -> tuple[list[float], int]:
    """Answer everything, killed at random moments; return the moments, and how many processes it took."""
    chance, moments, processes = random.Random(options.seed), list[float](), 0
    while True:
        processes += 1
        process = start(options, out)
        moment = chance.uniform(0.5, max(2.5, 1.6 * whole / options.kills)) if len(moments) < options.kills else None
        try:
            code = process.wait(moment)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            moments.append(float(moment or 0))
            print(f"kill {len(moments)}: after {moment:.1f} s of that process", flush=True)
            continue
        if code:
            raise SystemExit(f"The process ended with exit code {code}.")
        if len(moments) < options.kills:
            print(f"All rows stood after {len(moments)} kills; the next processes have nothing to do.", flush=True)
        return moments, processes


def answers(options: argparse.Namespace, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield path and probability of every row."""
    for file in sorted(folder.glob(f"answers-*.{options.format}")):
        if options.format == "csv":
            with file.open(newline="", encoding="utf-8") as stream:
                yield from ((row["path"], row["probability"]) for row in csv.DictReader(stream))
        elif options.format == "jsonl":
            with file.open(encoding="utf-8") as stream:
                yield from ((row["path"], repr(row["probability"])) for row in map(json.loads, stream))
        else:
            import pyarrow.parquet as pq

            for row in pq.read_table(file, columns=["path", "probability"]).to_pylist():
                yield row["path"], repr(row["probability"])


def differences(options: argparse.Namespace, whole: Path, killed: Path, links: Path) -> Iterator[str]:
    """Yield what is wrong: files without a row or with several, and other answers than without a kill."""
    wanted = {str(file) for file in links.rglob("*.jpg")}
    found = dict(answers(options, whole))
    for folder in (whole, killed):
        counts = Counter(path for path, _ in answers(options, folder))
        several = sum(number > 1 for number in counts.values())
        if counts.keys() != wanted or several:
            missing = len(wanted - counts.keys())
            yield f"{folder.name}: {missing:,} files without a row, {several:,} with several."
    apart = max(abs(float(found[path]) - float(share)) for path, share in answers(options, killed))
    if apart > 1e-5:
        yield f"An answer differs by {apart:.1g} from that without a kill."


def section(options: argparse.Namespace, calm: Run, kills: list[float], processes: int, problems: list[str]) -> str:
    """Return the benchmark's part of the page."""
    shown = []
    for tenth in range(1, 11):
        at = [memory for rows, memory in calm.memory if rows <= options.rows * tenth / 10]
        shown.append((options.rows * tenth // 10, at[-1] if at else 0.0))
    table = [f"| {rows:,} | {memory:,.0f} |" for rows, memory in shown]
    once = "every file had exactly one row, with the same answer" if not problems else "; ".join(problems)
    spread = f"{min(kills):.1f} to {max(kills):.1f} s" if kills else "none"
    return "\n".join(
        [
            f"`python benchmarks/predict_many.py --work FOLDER --rows {options.rows} --kills {options.kills} --format "
            f"{options.format}`: {options.rows:,} links to {FILES:,} pictures of {SIDE} pixels, EfficientNet-Lite0 at "
            f"{SIDE} pixels.",
            f"{processor()}, {thread_budget()} threads.",
            "",
            f"Undisturbed it took {calm.seconds:,.0f} s, {options.rows / calm.seconds:,.0f} rows a second, start "
            "included.",
            "",
            "| rows written | memory of the process, MB |",
            "|---|---|",
            *table,
            "",
            f"Then it was killed (SIGKILL) {len(kills)} times, {spread} after the start of a process, and started "
            f"again: {processes} processes. In the end {once}.",
        ]
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
