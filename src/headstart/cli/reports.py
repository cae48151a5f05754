"""The command that makes a report from a run folder."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from headstart.base.typed import as_typed, program
from headstart.cli import options
from headstart.cli.session import open_session

RunFolder = Annotated[
    Path, typer.Argument(metavar="RUN", help="A run folder, as compare wrote it.", show_default=False)
]
RunFolders = Annotated[
    list[Path], typer.Argument(metavar="RUN…", help="Run folders, as compare wrote them.", show_default=False)
]
Page = Annotated[
    Path | None,
    typer.Option("--page", metavar="FILE", help="Also write a page, ending in .html.", show_default=False),
]
Activity = Annotated[
    bool,
    typer.Option(
        "--activity",
        help="Also count how much of the feature maps is inactive, frozen and trained.",
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
]
Quick = Annotated[
    bool,
    typer.Option("--quick", help="Find out nothing new: only what the run folder holds already.", show_default=False),
]


def report(
    ctx: typer.Context,
    run: RunFolder,
    *,
    data: Pictures = None,
    quick: Quick = False,
    activity: Activity = False,
    tensorboard: options.TensorBoard = False,
    mlflow: options.MLflow = False,
    wandb: options.WandB = False,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Make the page of a run folder anew, with all its pictures, heat maps and both maps; nothing is trained.

    The trackers that are named are told of it; what they have already is not told again.
    """
    session = open_session(ctx, quiet=quiet)
    trackers = options.asked(tensorboard=tensorboard, mlflow=mlflow, wandb=wandb)
    _check_trackers(trackers)
    with session.working() as progress:
        page = session.verbs.write_report(
            run, data=data, quick=quick, activity=activity, program=program(), progress=progress
        )
        told = session.verbs.track(run, trackers, data=data, progress=progress) if trackers else []
    from headstart.report.lines import Line

    found: dict[str, Any] = {"page": str(page), "bytes": page.stat().st_size}
    if told:
        found["tracked"] = [asdict(each) for each in told]
    after = [Line(f"{each.title}: {each.look}") for each in told]
    shown = [Line(f"Look: {as_typed(page)}"), *after]
    session.tell(found, lambda _, width: shown, as_json=as_json)  # noqa: ARG005


def _check_trackers(trackers: list[str] | None) -> None:
    """Say before the page is made that a package is missing."""
    from headstart.report.trackers.choosing import choose_trackers

    choose_trackers(trackers)


def compare_runs(ctx: typer.Context, runs: RunFolders, *, page: Page = None, as_json: options.AsJson = False) -> None:
    """Put several run folders side by side: data sets, backbones or options in rows, strategies in columns."""
    session = open_session(ctx)
    found = session.verbs.compare_runs(runs, page=page)
    from headstart.report.lines import Line
    from headstart.report.side_by_side import side_lines

    after = [] if page is None else [Line(f"Look: {as_typed(page)}")]
    session.tell(found, side_lines, as_json=as_json, after=after)
