"""The command that makes a report from a run folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from headstart.base.outputs import PAGE, READ
from headstart.base.typed import as_typed, program
from headstart.cli import options
from headstart.cli.session import open_session
from headstart.experiment.option_groups import TrackerOptions
from headstart.experiment.option_table import Verb

RunFolder = Annotated[
    Path, typer.Argument(metavar="RUN", help="A run folder that compare wrote.", show_default=False), READ
]
RunFolders = Annotated[
    list[Path], typer.Argument(metavar="RUN…", help="Run folders that compare wrote.", show_default=False), READ
]
Page = Annotated[
    Path | None,
    typer.Option("--page", metavar="FILE", help="Also write a page, ending in .html.", show_default=False),
    PAGE,
]
Activity = Annotated[
    bool,
    typer.Option(
        "--activity",
        help="Also measure how much of the feature maps is inactive, frozen and trained.",
        show_default=False,
    ),
]
Pictures = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DATA",
        help="Where the pictures are now.  [default: where they were]",
        show_default=False,
    ),
    READ,
]
Quick = Annotated[
    bool,
    typer.Option("--quick", help="Use only what the run folder holds; compute nothing new.", show_default=False),
]


@options.options_from(Verb(table=TrackerOptions))
def report(
    ctx: typer.Context,
    run: RunFolder,
    *,
    data: Pictures = None,
    quick: Quick = False,
    activity: Activity = False,
    chosen: TrackerOptions,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Write the page of a run folder again, with all its pictures, heat maps and maps of features.

    Nothing is trained. The results are logged to the trackers that you name; what they already have is not logged
    again.
    """
    session = open_session(ctx, quiet=quiet)
    trackers = chosen.get("trackers")
    _check_trackers(trackers)
    with session.working() as progress:
        page = session.verbs.write_report(
            run, data=data, quick=quick, activity=activity, program=program(), progress=progress
        )
        told = session.verbs.track(run, trackers, data=data, progress=progress) if trackers else []
    from headstart.report.lines import Line

    found: dict[str, object] = {"page": str(page), "bytes": page.stat().st_size}
    if told:
        found["tracked"] = [asdict(each) for each in told]
    after = [Line(f"{each.title}: {each.look}") for each in told]
    shown = [Line(f"Report: {as_typed(page)}"), *after]
    session.tell(found, lambda _, width: shown, as_json=as_json)  # noqa: ARG005


def _check_trackers(trackers: Sequence[str] | str | None) -> None:
    """Say before the page is made that a package is missing."""
    from headstart.report.trackers.choosing import choose_trackers

    choose_trackers(trackers)


def compare_runs(ctx: typer.Context, runs: RunFolders, *, page: Page = None, as_json: options.AsJson = False) -> None:
    """Show several run folders side by side: one row each, strategies in columns."""
    session = open_session(ctx)
    found = session.verbs.compare_runs(runs, page=page)
    from headstart.report.lines import Line
    from headstart.report.side_by_side import side_lines

    after = [] if page is None else [Line(f"Report: {as_typed(page)}")]
    session.tell(found, side_lines, as_json=as_json, after=after)
