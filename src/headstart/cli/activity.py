"""The command that measures how much of the feature maps is inactive."""

from __future__ import annotations

from pathlib import Path

import typer

from headstart.base.typed import as_typed
from headstart.cli import options
from headstart.cli.session import open_session
from headstart.experiment.option_table import VERBS, ActivityOptions


@options.options_from(VERBS["activity"])
def activity(
    ctx: typer.Context,
    data: options.Data,
    *,
    chosen: ActivityOptions,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Measure how much of the last feature maps stays inactive.

    Trains the network several times, equally long, each time with one more of its last stages. Then it measures the
    share of inactive units on the same held-out pictures, and whether it falls as more stages are trained. If a run was
    stopped, the same command continues it.
    """
    session = open_session(ctx, threads=chosen.get("threads"), quiet=quiet)
    with session.working() as progress:
        experiment = session.verbs.activity(data, **chosen, progress=progress)
    if as_json:
        session.screen.json(experiment.results)
        return
    from headstart.report.active import activity_lines
    from headstart.report.lines import Line

    found, page = experiment.results.activity, Path(experiment.folder) / "report.html"
    after = [Line(""), Line(f"Report: {as_typed(page)}")]
    session.tell(found, activity_lines, as_json=False, after=after)
