"""One experiment: prepare, choose, fit every strategy, measure, keep; killed at any moment, it continues."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from headstart.base.errors import ConfigError, DataError
from headstart.base.files import sha256_of_file
from headstart.base.process import settle_threads
from headstart.experiment.advise import advised
from headstart.experiment.budget import Budget, OutOfTimeError
from headstart.experiment.depths import answered
from headstart.experiment.folder import Logged, RunFolder
from headstart.experiment.prepare import prepare
from headstart.experiment.repeated_splits import asked_for, noted
from headstart.experiment.request import Request
from headstart.experiment.session import Ended, Session, Told
from headstart.experiment.stored_plan import planned
from headstart.records.plan import SplitsAsked
from headstart.records.progress import Progress
from headstart.records.results import NotRun, RecipeRecord, Results
from headstart.records.run import RunRecord
from headstart.table import Table
from headstart.words.measured import splits_text


def run_experiment(
    table: Table,
    request: Request,
    folder: RunFolder,
    *,
    command: Callable[[Request], str],
    progress: Progress,
    threads: int | None = None,
    split_file: Path | None = None,
    title: str | None = None,
    recipe: RecipeRecord | None = None,
    clock: Budget | None = None,
) -> Ended:
    """Run or continue an experiment in `folder`.

    Strategies that stand in the folder already stay in it: those of `request` come beside them.

    Parameters
    ----------
    table : Table
        As read from the user's data.
    command : callable
        Says of a request how to reproduce it, for the report.
    split_file : Path, optional
        Divide the pictures as this file says.
    title : str, optional
        What the pictures are, in a few words.
    recipe : RecipeRecord, optional
        The recipe that this is.
    clock : Budget, optional
        Only strategies that are expected to end in time are run, the cheapest first. The others are named in
        ``not_run``, and the same call without a budget goes on with them.
    """
    clock = clock or Budget(None)
    settle_threads(threads)
    fingerprint = request.fingerprint(table.fingerprint() + _digest(split_file))
    folder.claim(fingerprint, request)
    with folder.left_if_used():
        standing = folder.plan()
        request, depths, loaded = answered(request, len(table), standing)
        results, runs = folder.results(), folder.standing_runs()
        recorded = () if results is None else results.runs
        wanted = request.joined(run.id for run in recorded)  # also what stood here and is gone
        everything = wanted.joined(folder.planned())
        asked = asked_for(request, folder)
        if results is not None and _nothing_to_do(results, runs, request, everything) and _divided_as(results, asked):
            return Ended(results, None)
        listener = Logged(progress, folder.path / "log.jsonl")
        watched = clock.over(listener)
        try:
            prepared = prepare(
                table,
                everything,
                threads=threads,
                progress=watched,
                split_file=split_file,
                plan=standing,
                loaded=loaded,
            )
            prepared, plan, choices = planned(prepared, folder, fingerprint, depths)
            plan = noted(prepared, folder, advised(prepared, folder, plan, choices.preprocessing), asked)
        except OutOfTimeError as error:
            raise _too_short(clock.seconds, "for the first look at the pictures") from error
        late = [] if results is None else [one for one in results.not_run if one.strategy not in wanted.strategies]
        session = Session(prepared, choices, folder, plan, clock, listener, Told(command(wanted), title, recipe))
        runs, not_run = session.run_all(wanted, runs, late)
        if not runs:
            raise _too_short(clock.seconds, "for the first strategy")
        complete = {one.id for one in runs}.issuperset(everything.strategies)
        repeated = None
        if asked is not None and complete:
            repeated = session.repeated(asked)
            not_run += [] if repeated else [NotRun(strategy=splits_text(asked), estimated_seconds=None, begun=True)]
            complete = repeated is not None
        return session.end(runs, not_run, repeated, complete=complete)


def _nothing_to_do(results: Results, runs: Sequence[RunRecord], request: Request, everything: Request) -> bool:
    """Return whether all that was asked for stands, and results.json was written to its end."""
    finished = {run.id for run in runs}
    whole = len(runs) == len(results.runs) and finished.issuperset(request.strategies)
    return whole and (results.complete or not finished.issuperset(everything.strategies))


def _divided_as(results: Results, asked: SplitsAsked | None) -> bool:
    """Return whether every strategy that was to be tried over several splits was."""
    if asked is None:
        return True
    found = results.repeated_splits
    return found is not None and {one.strategy for one in found.strategies}.issuperset(asked.strategies)


def _too_short(budget: float | None, what: str) -> ConfigError:
    return ConfigError(
        f"The time limit of {budget:.0f} s is not enough {what}; finished steps are kept.",
        hint="Give more time with --budget, or leave it out; headstart plan DATA says how long each step takes.",
    )


def _digest(split_file: Path | None) -> str:
    """Return the SHA-256 of a split file, empty without one."""
    if split_file is None:
        return ""
    try:
        return sha256_of_file(split_file)
    except OSError as error:
        raise DataError(
            f"The split file '{split_file}' cannot be read ({error.strerror}).", hint="Check the path."
        ) from error
