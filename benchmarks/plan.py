"""What was planned against what it took: the `plan` of finished runs.

::

    python benchmarks/plan.py RUN…               # run folders of `compare`, made from an empty cache
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from measuring import processor, write_section

from headstart.base.files import read_json
from headstart.base.process import thread_budget


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+")
    options = parser.parse_args()
    lines = [
        "## Plan against actual",
        "",
        "`headstart compare DATA --out RUN` from an empty cache, then `python benchmarks/plan.py RUN…`: seconds of "
        f"each step. {processor()}, {thread_budget()} threads.",
    ]
    for run in options.runs:
        lines += ["", *table(run)]
    write_section("plan", "\n".join(lines))


def table(run: Path) -> list[str]:
    """Return one run's steps."""
    results = read_json(run / "results.json")
    steps: list[dict[str, Any]] = [
        step
        for step in results["plan"]
        if step["estimated_seconds"] is not None and step["seconds"] is not None  # heads have no estimate
    ]
    lines = [
        f"| {run.name.removesuffix('.run')} | planned | took | took of planned |",
        "|---|---|---|---|",
    ]
    for step in steps:
        lines.append(row(step["step"], step["estimated_seconds"], step["seconds"]))
    sums = [sum(step[name] for step in steps) for name in ("estimated_seconds", "seconds")]
    return [*lines, row("**all**", *sums)]


def row(name: str, planned: float, took: float) -> str:
    """Return one row; a share of nothing is left out."""
    share = f"{took / planned:.0%}" if planned > 0.5 else ""
    return f"| {name} | {planned:.1f} | {took:.1f} | {share} |"


if __name__ == "__main__":
    main()
