"""The command that advises before anything is trained."""

from __future__ import annotations

import typer

from headstart.base.typed import command_as_typed
from headstart.cli import options
from headstart.cli.session import open_session
from headstart.experiment.option_table import VERBS, AdviseOptions


@options.options_from(VERBS["advise"])
def advise(
    ctx: typer.Context,
    data: options.Data,
    *,
    chosen: AdviseOptions,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Recommend a strategy after one quick pass.

    Measures whether you have many or few pictures, and whether they resemble those that the network knows. Trains
    nothing. With --backbones: finds the pretrained network that tells your classes apart best.
    """
    session = open_session(ctx, threads=chosen.get("threads"), quiet=quiet)
    with session.working() as progress:
        found = session.verbs.advise(data, **chosen, progress=progress)
    from headstart.report.advising import advice_lines, ranking_lines
    from headstart.report.lines import Line

    if "backbones" in chosen:
        session.tell(found, ranking_lines, as_json=as_json)
        return
    session.tell(
        found,
        advice_lines,
        as_json=as_json,
        after=[Line(""), Line(f"Check it: {command_as_typed(found.command)}", "faint")],
    )
