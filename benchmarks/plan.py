"""Compare the planned seconds of finished runs with what their steps took.

::

    python benchmarks/plan.py RUN…               # run folders of `compare`, made from an empty cache
"""

from __future__ import annotations

import argparse
from pathlib import Path

from measuring import processor, write_section

from headstart.base.process import thread_budget
from headstart.records.codec import read_record
from headstart.records.results import SCHEMA, Results


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+")
    options = parser.parse_args()
    lines = [
        "## Planned and actual seconds",
        "",
        "`headstart compare DATA --out RUN` from an empty cache, then `python benchmarks/plan.py RUN…`: seconds of "
        f"each step. {processor()}, {thread_budget()} threads.",
    ]
    for run in options.runs:
        lines += ["", *table(run)]
    write_section("plan", "\n".join(lines))


def table(run: Path) -> list[str]:
    """Return one run's steps."""
    results = read_record(run / "results.json", Results, schema=SCHEMA)
    steps = [
        (step.step, step.estimated_seconds, step.seconds)
        for step in results.plan
        if step.estimated_seconds is not None and step.seconds is not None  # heads have no estimate
    ]
    lines = [
        f"| {run.name.removesuffix('.run')} | planned, s | took, s | share of the plan |",
        "|---|---|---|---|",
    ]
    lines += [row(name, planned, took) for name, planned, took in steps]
    return [*lines, row("**all**", sum(planned for _, planned, _ in steps), sum(took for *_, took in steps))]


def row(name: str, planned: float, took: float) -> str:
    """Return one row; a share of nothing is left out."""
    share = f"{took / planned:.0%}" if planned > 0.5 else ""
    return f"| {name} | {planned:.1f} | {took:.1f} | {share} |"


if __name__ == "__main__":
    main()
