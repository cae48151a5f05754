"""Saying what would be done, and how long it would take, without doing it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from headstart.api.comparing import command_of
from headstart.base.errors import ConfigError
from headstart.base.process import thread_budget
from headstart.base.progress import Progress, Silent
from headstart.strategies import Request, calibrate, choose_strategies, estimate, survey
from headstart.table import Table, read_table


def plan(
    data: str | Path | Table,
    *,
    strategies: str | None = None,
    split: str | Path | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Say the steps of a comparison with estimated seconds, from a calibration that takes about a second.

    Parameters
    ----------
    data, strategies, split, threads, progress
        As for `compare`.
    **options
        Every other option of `compare` that bears on the result: backbone, weights, cut, epochs, seed ...

    Returns
    -------
    dict
        ``steps`` (step, pictures, estimated_seconds, bytes on disk, flops), ``seconds`` and ``bytes`` in all,
        ``threads`` and ``device``, and the ``command`` that does it. Nothing is written but what the calibration needs.
    """
    known = set(Request.__dataclass_fields__) - {"strategies"}
    for name in options:
        if name not in known:
            raise ConfigError(f"plan() has no option '{name}'.", hint="Known: " + ", ".join(sorted(known)) + ".")
    if options.get("weights") is not None:
        options["weights"] = str(options["weights"])
    if threads is not None:
        torch.set_num_threads(thread_budget(threads))
    request = Request(strategies=tuple(one.name for one in choose_strategies(strategies)), **options)
    table = data if isinstance(data, Table) else read_table(data)
    split_file = None if split is None else Path(split)
    ground = survey(table, request, threads=threads, progress=progress or Silent(), split_file=split_file)
    command = command_of(data, request, None, split)
    steps = [{name: step[name] for name in step if name != "seconds"} for step in estimate(ground, calibrate(ground))]
    return {
        "steps": steps,
        "seconds": sum(step["estimated_seconds"] or 0.0 for step in steps),
        "bytes": sum(step["bytes"] or 0 for step in steps),
        "threads": torch.get_num_threads(),
        "device": ground.device,
        "command": command,
    }
