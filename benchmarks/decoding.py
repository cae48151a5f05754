"""What the rules of decoding cost and change.

    python benchmarks/decoding.py rate BEFORE AFTER SHARED     decode rate of two checkouts, in turn
    python benchmarks/decoding.py moved SHARED                 answers that other rules would give

``rate``: processor seconds of one thread for a picture (so that a busy machine does no harm), each checkout in a
process of its own, A B A B ...; photographs of 12 megapixels are made from those of hymenoptera, a second set of them
with a colour profile (Display P3). ``moved``: for each set of SHARED a linear head is trained on the train pictures as
they are read now; its held-out pictures are answered as they are read now, and as they were read before (no colour
profiles, of long pictures only the middle).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from statistics import median

import numpy as np
from measuring import processor, write_section
from PIL import Image

DOCS = Path(__file__).resolve().parents[1] / "docs" / "odd-inputs.md"
TURNS, SIDE = 5, 256
TIMED = """
import json, sys, time
from importlib import import_module
from pathlib import Path
decode = import_module("headstart.pixels.decode").decode
files = [Path(name) for name in json.load(sys.stdin)]
for file in files[:3]:
    decode(file, short_side=256)
begin = time.process_time()
for file in files:
    decode(file, short_side=256)
print((time.process_time() - begin) / len(files))
"""


def photographs(source: Path, folder: Path, profile: bytes | None) -> list[Path]:
    """Write some pictures again as photographs of 12 megapixels."""
    folder.mkdir()
    found = []
    for file in sorted(source.rglob("*.jpg"))[:12]:
        large = Image.open(file).convert("RGB").resize((4000, 3000), Image.Resampling.BICUBIC)
        found.append(folder / file.name)
        large.save(found[-1], quality=92, icc_profile=profile)
    return found


def seconds(checkout: Path, files: list[Path]) -> float:
    """Return the processor seconds that a checkout takes for one of these pictures."""
    done = subprocess.run(
        [sys.executable, "-c", TIMED],
        input=json.dumps([str(file) for file in files]),
        env={**os.environ, "PYTHONPATH": str(checkout / "src"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def rate(before: Path, after: Path, shared: Path) -> None:
    """Print and write the table of rates."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    icc = import_module("icc")
    source = shared / "data" / "hymenoptera"
    lines = ["| pictures | before, ms | now, ms | now / before |", "|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as place:
        profile = icc.rgb_profile(icc.DISPLAY_P3, 2.2)
        sets = {
            "hymenoptera, 397 photographs": sorted(source.rglob("*.jpg")),
            "12 photographs of 12 megapixels": photographs(source, Path(place) / "plain", None),
            "the same with a Display P3 profile": photographs(source, Path(place) / "p3", profile),
        }
        for name, files in sets.items():
            taken = [(seconds(before, files), seconds(after, files)) for _ in range(TURNS)]
            ratio = median(now / then for then, now in taken)
            old, new = (1000 * median(column) for column in zip(*taken, strict=True))
            lines.append(f"| {name} | {old:.2f} | {new:.2f} | {ratio:.3f} |")
            print(lines[-1], flush=True)
    command = "python benchmarks/decoding.py rate BEFORE AFTER SHARED"
    note = f"Processor time of one thread, medians of {TURNS} turns A B A B on {processor()}; `{command}`."
    write_section("decode-rate", "\n".join(["## What decoding costs", "", note, "", *lines]), page=DOCS)


def moved(shared: Path) -> None:
    """Print and write what other rules would answer."""
    import headstart as hs
    from headstart.records.preprocessing import BEFORE_RULES_WERE_KEPT
    from headstart.records.record import changed
    from headstart.table import read_table, with_splits

    lines = [
        "| set | held out | moved | most, of a probability | other answers | right before | right now |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in ("hymenoptera", "flowers5", "plantvillage_apple", "brain_mri", "blood_cells", "stanford_cars"):
        table = with_splits(read_table(shared / "data" / name), seed=0)
        with tempfile.TemporaryDirectory() as place:
            model = hs.fit(table, strategy="linear", out=Path(place) / "own.bundle")
        older = replace(model, preprocessing=changed(model.preprocessing, decoding=BEFORE_RULES_WERE_KEPT))
        rows = table.rows(table.measured)
        files = [table.file(int(row)) for row in rows]
        truth = np.array([model.classes.index(table.classes[table.labels[row]]) for row in rows])
        now, faulty = model.answer(files)
        then, _ = older.answer(files)
        truth = np.delete(truth, sorted(faulty))
        difference = np.abs(now - then).max(axis=1)
        right = [f"{(answers.argmax(axis=1) == truth).mean():.4f}" for answers in (then, now)]
        other = int((now.argmax(axis=1) != then.argmax(axis=1)).sum())
        lines.append(
            f"| {name} | {len(truth):,} | {int((difference > 1e-6).sum())} | {difference.max():.3f} | {other} | "
            f"{right[0]} | {right[1]} |"
        )
        print(lines[-1], flush=True)
    write_section(
        "decode-moved",
        "\n".join(
            ["## What the rules of decoding change", "", "`python benchmarks/decoding.py moved SHARED`", "", *lines]
        ),
        page=DOCS,
    )


def main() -> None:
    """Do what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("rate", "moved"))
    parser.add_argument("paths", type=Path, nargs="+")
    asked = parser.parse_args()
    if asked.what == "rate":
        rate(*(path.resolve() for path in asked.paths))
    else:
        moved(asked.paths[0].resolve())


if __name__ == "__main__":
    main()
