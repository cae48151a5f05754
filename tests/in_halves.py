"""All tests on two processors, one half each: those of whole experiments, and the others.

Two threads of one process are no faster for pictures as small as the tests' are, and two processes that each believe
in two processors wait for each other. So each half has a processor of its own; with one processor they take turns.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

HERE = Path(__file__).parent
HALVES = (["tests/api"], ["tests", "--ignore", "tests/api"])


def begin(half: list[str], processor: int | None, said: IO[str] | None) -> subprocess.Popen[str]:
    """Start one half, on a processor of its own where the system lets us say so; `said` takes what it prints."""
    own = None if processor is None else lambda: os.sched_setaffinity(0, {processor})
    command = [sys.executable, "-m", "pytest", "-q", *half, *sys.argv[1:]]
    return subprocess.Popen(command, cwd=HERE.parent, text=True, stdout=said, stderr=said, preexec_fn=own)


def main() -> int:
    """Return 0 if all tests of both halves passed, else 1; one prints as it goes, what the other prints follows."""
    processors = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        if len(processors) > 1:
            both = [begin(HALVES[0], processors[0], None), begin(HALVES[1], processors[1], said)]
            codes = [one.wait() for one in both]
        else:
            codes = [begin(HALVES[0], None, None).wait(), begin(HALVES[1], None, said).wait()]
        said.seek(0)
        sys.stdout.write(said.read())
    return 1 if any(codes) else 0


if __name__ == "__main__":
    sys.exit(main())
