"""The command that makes one file of a classifier."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headstart.base.outputs import PACKED
from headstart.base.typed import as_typed, program
from headstart.cli import options
from headstart.cli.session import open_session


def pack(
    ctx: typer.Context,
    bundle: options.Bundle,
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="The .zip file to write.  [default: NAME.zip in the current folder]",
            show_default=False,
        ),
        PACKED,
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Write a saved classifier as one .zip file.

    Every command takes the file in place of the folder. Equal classifiers give equal files.
    """
    session = open_session(ctx, quiet=quiet)
    with session.working() as progress:
        place = session.verbs.pack(bundle, out=out, progress=progress)
    from headstart.report.lines import Line
    from headstart.report.numbers import file_size
    from headstart.report.text import quoted

    session.screen.show([Line(f"Written: {as_typed(place)} ({file_size(place.stat().st_size)})")])
    session.screen.show([Line(f"Use it: {program()} predict {quoted(as_typed(place))} PICTURES")])
