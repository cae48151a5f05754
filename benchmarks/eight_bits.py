"""How fast an exported file answers in full precision and in 8 bits, in turn, and what 8 bits cost in accuracy.

::

    python benchmarks/eight_bits.py BUNDLE DATA

DATA are labelled pictures as for `headstart export --data`. Both files answer one picture of 400 x 300 pixels at a
time, A B A B; medians are printed.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from measuring import processor

import headstart as hs
from headstart.deliver.onnx.classifier import Exported

ROUNDS, EACH = 9, 20


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("bundle", type=Path)
    words.add_argument("data", type=Path)
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("full.onnx", "small.onnx")]
        hs.export(asked.bundle, files[0], data=asked.data)
        drop = hs.export(asked.bundle, files[1], data=asked.data, int8=True, max_drop=1.0).drop
        full, small = map(hs.load_exported, files)
        for one in (full, small):
            seconds(one)
        rounds = [(seconds(full), seconds(small)) for _ in range(ROUNDS)]
        sizes = [file.stat().st_size / 1e6 for file in files]
    if drop is None:
        raise SystemExit("nothing was measured")
    slow, fast = (1000 * statistics.median(each) for each in zip(*rounds, strict=True))
    ratio = statistics.median(one / other for one, other in rounds)
    low, high = drop.interval
    print(f"{sizes[0]:.1f} MB and {sizes[1]:.1f} MB; {slow:.1f} ms and {fast:.1f} ms a picture: {ratio:.2f} times.")
    print(
        f"Right on {drop.bundle_right} and {drop.exported_right} of {drop.pictures} {drop.split} pictures: "
        f"{100 * drop.difference:.1f} points less (95 % interval {100 * low:.1f} to {100 * high:.1f})."
    )
    print(f"On {processor()}.")


def seconds(exported: Exported) -> float:
    """Return the seconds of one answer, over some in a row."""
    picture = np.random.default_rng(0).integers(0, 255, (300, 400, 3), np.uint8)
    begin = time.perf_counter()
    for _ in range(EACH):
        exported.answers_of_pictures(iter([picture]))
    return (time.perf_counter() - begin) / EACH


if __name__ == "__main__":
    main()
