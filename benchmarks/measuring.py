"""What the benchmarks share: timing a whole process, naming the machine, reading results, writing a part of a page."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from headstart.base.files import write_text
from headstart.records.codec import read_record
from headstart.records.results import SCHEMA, Results

PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"


def timed(command: Sequence[object], environment: dict[str, str], output: Any) -> tuple[float, float]:
    """Run a process to its end; return its wall time (s) and its highest resident memory (GB).

    The memory is that of its largest process: data loader workers are not added to their parent.
    """
    begin = time.perf_counter()
    process = subprocess.Popen([str(word) for word in command], env=environment, stdout=output)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} ended with exit code {process.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes here
    return seconds, usage.ru_maxrss * unit / 1e9


def processor() -> str:
    """Return the processor's name as well as the system says it."""
    information = Path("/proc/cpuinfo")
    if information.is_file():
        found = re.search(r"^model name\s*:\s*(.+)$", information.read_text(), re.MULTILINE)
        if found:
            return found[1]
    return platform.processor() or platform.machine()


def best_on_val(folder: Path) -> float:
    """Return the highest accuracy on val of the strategies in a run folder."""
    results = read_record(folder / "results.json", Results, schema=SCHEMA)
    return max(run.metrics.val.accuracy for run in results.runs if run.metrics.val is not None)


def write_section(name: str, text: str, *, page: Path = PAGE) -> None:
    """Put a benchmark's part into a page, in place of an older one."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    whole = (
        page.read_text(encoding="utf-8")
        if page.is_file()
        else "# Performance\n\nEach table is written by its benchmark.\n"
    )
    part = f"{begin}\n{text}\n{end}\n"
    if begin in whole:
        whole = re.sub(f"{re.escape(begin)}.*{re.escape(end)}\n?", lambda _: part, whole, flags=re.DOTALL)
    else:
        whole = f"{whole.rstrip()}\n\n{part}"
    write_text(page, whole)
