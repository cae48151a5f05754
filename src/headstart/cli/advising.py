"""The command that advises before anything is trained."""

from __future__ import annotations

from typing import Annotated

import typer

from headstart.base.typed import command_as_typed
from headstart.cli import options
from headstart.cli.session import open_session

Backbones = Annotated[
    str | None,
    typer.Option(
        "--backbones",
        metavar="LIST",
        help="Rank these networks instead: names or weights files, apart by commas.",
        show_default=False,
    ),
]


def advise(
    ctx: typer.Context,
    data: options.Data,
    *,
    backbones: Backbones = None,
    backbone: options.Backbone = None,
    weights: options.Weights = None,
    seed: options.Seed = 0,
    image_size: options.ImageSize = None,
    framing: options.Framing = "auto",
    split: options.SplitFile = None,
    device: options.Device = "auto",
    threads: options.Threads = None,
    offline: options.Offline = False,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Say which strategy your pictures want, and what to expect, for one look at the training pictures.

    Many or few pictures, like or unlike those that the network knows: both are measured, and nothing is trained.
    With --backbones: which pre-trained network tells your classes apart best.
    """
    session = open_session(ctx, threads=threads, quiet=quiet)
    network = {"backbone": backbone, "weights": weights, "seed": seed}
    pictures = {"image_size": image_size, "framing": framing, "split": split}
    machine = {"device": device, "threads": threads, "offline": offline}
    with session.working() as progress:
        found = session.verbs.advise(data, backbones=backbones, **network, **pictures, **machine, progress=progress)
    from headstart.report.advising import advice_lines, ranking_lines
    from headstart.report.lines import Line

    if backbones is not None:
        session.tell(found, ranking_lines, as_json=as_json)
        return
    session.tell(
        found,
        advice_lines,
        as_json=as_json,
        after=[Line(""), Line(f"Do it: {command_as_typed(found['command'])}", "faint")],
    )
