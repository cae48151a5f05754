"""Saying what would be done, and how long it would take, without doing it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from headstart.api.commands import command_of
from headstart.api.comparing import request_of
from headstart.base.process import compute_threads, settle_threads
from headstart.experiment import calibrate, estimate, parse_duration, survey, within
from headstart.records.progress import Progress, Silent
from headstart.table import Table, read_table


def plan(
    data: str | Path | Table,
    *,
    strategies: Sequence[str] | str | None = None,
    budget: str | float | None = None,
    split: str | Path | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Say the steps of a comparison with estimated seconds, from a calibration that takes about a second.

    Parameters
    ----------
    data, strategies, budget, split, threads, progress
        As for `compare`.
    **options
        Every other option of `compare` that bears on the result: backbone, weights, cut, epochs, seed ...

    Returns
    -------
    dict
        ``steps`` (step, pictures, estimated_seconds, bytes on disk, flops), with a budget the strategies that
        are expected to fit into it (``fits``), ``seconds`` and ``bytes`` in all,
        ``threads`` and ``device``, and the ``command`` that does it. Nothing is written but what the calibration needs.
    """
    request, seconds = request_of("plan", strategies, options), parse_duration(budget)
    settle_threads(threads)
    table = data if isinstance(data, Table) else read_table(data, threads=threads, progress=progress)
    split_file = None if split is None else Path(split)
    ground = survey(table, request, threads=threads, progress=progress or Silent(), split_file=split_file)
    command = command_of(data, request, None, split)
    steps = [{name: step[name] for name in step if name != "seconds"} for step in estimate(ground, calibrate(ground))]
    return {
        "steps": steps,
        "fits": None if seconds is None else within(steps, seconds),
        "seconds": sum(step["estimated_seconds"] or 0.0 for step in steps),
        "bytes": sum(step["bytes"] or 0 for step in steps),
        "threads": compute_threads(),
        "device": ground.device,
        "command": command,
    }
