"""The command that counts how much of the feature maps is inactive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headstart.base.typed import as_typed
from headstart.cli import options
from headstart.cli.options import settings
from headstart.cli.session import open_session

Unfreeze = Annotated[
    str,
    typer.Option("--unfreeze", metavar="0..N", help="How many of the last stages are trained: none, one … N."),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="RUN",
        help="The run folder; the same command continues it.  [default: DATA.activity.run]",
        show_default=False,
    ),
]


def activity(
    ctx: typer.Context,
    data: options.Data,
    *,
    unfreeze: Unfreeze = "0..3",
    backbone: options.Backbone = None,
    weights: options.Weights = None,
    epochs: options.Epochs = None,
    seed: options.Seed = 0,
    setting: options.Settings = None,
    image_size: options.ImageSize = None,
    framing: options.Framing = "auto",
    augment: options.Augment = "auto",
    split: options.SplitFile = None,
    device: options.Device = "auto",
    threads: options.Threads = None,
    offline: options.Offline = False,
    out: Out = None,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Count how black the last feature maps are, frozen and with more and more stages trained.

    One training for each number of unfrozen stages, equally long; then the share of inactive units on the same held-out
    pictures, and whether it falls the more is unfrozen. A run that was stopped continues with the same command.
    """
    session = open_session(ctx, threads=threads, quiet=quiet)
    network = {"backbone": backbone, "weights": weights, "epochs": epochs, "seed": seed, "training": settings(setting)}
    pictures = {"image_size": image_size, "framing": framing, "augment": augment, "split": split}
    machine = {"device": device, "threads": threads, "offline": offline, "out": out}
    with session.working() as progress:
        experiment = session.verbs.activity(
            data, unfreeze=unfreeze, **network, **pictures, **machine, progress=progress
        )
    if as_json:
        session.screen.json(experiment.results)
        return
    from headstart.report.active import activity_lines
    from headstart.report.lines import Line

    found, page = experiment.results["activity"], Path(experiment.folder) / "report.html"
    after = [Line(""), Line(f"Look: {as_typed(page)}")]
    session.tell(found, activity_lines, as_json=False, after=after)
