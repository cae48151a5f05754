"""The commands to look around: look, stages, weights, data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headstart.base.outputs import LOOK, PICTURES, READ
from headstart.base.typed import as_typed, command_as_typed
from headstart.cli import options
from headstart.cli.session import open_session
from headstart.experiment.option_table import VERBS, LookOptions

Target = Annotated[
    Path | None,
    typer.Option(
        "--to", metavar="FOLDER", help="Where to put the pictures.  [default: the name of the set]", show_default=False
    ),
    PICTURES,
]
Grid = Annotated[Path, typer.Option("--grid", metavar="FILE", help="The picture to write; it ends in .png."), LOOK]


@options.options_from(VERBS["look"])
def look(
    ctx: typer.Context,
    data: options.Data,
    *,
    grid: Grid = Path(LOOK.usual),
    chosen: LookOptions,
    quiet: options.Quiet = False,
) -> None:
    """Draw some training pictures as training sees them: framed, varied, with labels.

    compare chooses framing and variation by trying them. Here auto means the network's usual framing, and photo.
    """
    from headstart.report.lines import Line

    session = open_session(ctx, quiet=quiet)
    with session.working() as progress:
        place = session.verbs.look(data, grid=grid, **chosen, progress=progress)
    session.screen.show([Line(f"Written: {as_typed(Path(place))}")])


def stages(
    ctx: typer.Context,
    backbone: Annotated[
        str, typer.Argument(metavar="BACKBONE", help="A name from timm, or torchvision/NAME.")
    ] = options.DEFAULT_BACKBONE,
    *,
    image_size: options.ImageSize = None,
    as_json: options.AsJson = False,
) -> None:
    """Show where a network can be cut, and what would be trained from there on."""
    from headstart.cli.tables import stage_lines
    from headstart.report.lines import Line
    from headstart.strategies.strategy import PART

    session = open_session(ctx)
    found = session.verbs.stages(backbone, image_size=image_size)
    if as_json:
        session.screen.json(found)
        return
    session.screen.show(stage_lines(found, width=session.screen.width))
    places = [stage.name for stage in found]
    if len(places) > 1:
        at = places[-2] if places[-1] == "pool" and len(places) > 2 else places[-1]
        network = "" if backbone == options.DEFAULT_BACKBONE else f" --backbone {backbone}"
        command = f"headstart fit DATA --strategy {PART.name}{network} --cut {at}"
        session.screen.show([Line(""), Line(f"Use it: {command_as_typed(command)}", "faint")])


def list_weights(ctx: typer.Context, *, as_json: options.AsJson = False) -> None:
    """List the pretrained weights on this computer."""
    from headstart.cli.tables import weights_lines

    session = open_session(ctx)
    session.tell(session.verbs.list_weights(), weights_lines, as_json=as_json)


def verify_weights(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME_OR_FILE", help="A network's name, or a weights file."), READ],
    *,
    as_json: options.AsJson = False,
) -> None:
    """Check weights: their checksum, their tensors, the network they fit."""
    from headstart.cli.tables import fact_lines

    session = open_session(ctx)
    session.tell(session.verbs.verify_weights(name), fact_lines, as_json=as_json)


def fetch_data(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="hymenoptera: ants and bees, from the PyTorch tutorial.")],
    *,
    target: Target = None,
    offline: options.Offline = False,
    quiet: options.Quiet = False,
) -> None:
    """Download a public set of pictures, check it and unpack it."""
    from headstart.report.lines import Line
    from headstart.report.text import quoted

    session = open_session(ctx, quiet=quiet)
    with session.working() as progress:
        place = session.verbs.fetch_data(name, target=target, offline=offline, progress=progress)
    shown = as_typed(Path(place))
    session.screen.show([Line(f"Pictures: {shown}"), Line(f"Next: headstart compare {quoted(shown)}")])
