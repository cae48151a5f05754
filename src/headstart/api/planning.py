"""Saying what would be done, and how long it would take, without doing it."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

from headstart.api.arguments import Data, check_data, table_of
from headstart.api.commands import command_of
from headstart.api.requests import request_of
from headstart.base.options import completed, takes
from headstart.base.process import compute_threads, settle_threads
from headstart.experiment import RunFolder, default_run_folder, estimate, parse_duration, survey, within
from headstart.experiment.calibrate import calibrate
from headstart.experiment.option_table import CompareOptions, elsewhere
from headstart.records.plan import DryRun
from headstart.records.progress import Progress, Silent
from headstart.report.trackers.choosing import choose_trackers
from headstart.table import Table


@takes(CompareOptions, elsewhere)
def plan(data: Data, *, progress: Progress | None = None, **options: Unpack[CompareOptions]) -> DryRun:
    """List the steps of a comparison with estimated seconds, after timing this computer for about a second.

    Parameters
    ----------
    data, progress
        As for `compare`.
    **options
        All options of `compare`; see `headstart.experiment.option_table.CompareOptions`.

    Returns
    -------
    DryRun
        The steps, with a time limit the strategies that are expected to fit into it, sums, and the command that does
        it. Nothing is written but what the timing needs.
    """
    check_data(data, "plan")
    chosen = completed(CompareOptions, options)
    request, seconds = request_of(options), parse_duration(chosen["budget"])
    choose_trackers(chosen["trackers"])  # one that is missing is said here too
    threads, split, out = chosen["threads"], chosen["split"], chosen["out"]
    place = data.root if isinstance(data, Table) else data
    RunFolder(Path(out) if out is not None else default_run_folder(place)).check()  # what compare would refuse
    settle_threads(threads)
    table = table_of(data, "plan", threads=threads, progress=progress)
    split_file = None if split is None else Path(split)
    prepared = survey(table, request, threads=threads, progress=progress or Silent(), split_file=split_file)
    steps = estimate(prepared, calibrate(prepared.resolved))
    return DryRun(
        steps=steps,
        fits=None if seconds is None else within(steps, seconds),
        seconds=sum(step.estimated_seconds or 0.0 for step in steps),
        bytes=sum(step.bytes or 0 for step in steps),
        threads=compute_threads(),
        device=prepared.resolved.device,
        command=command_of("compare", data, options),
    )
