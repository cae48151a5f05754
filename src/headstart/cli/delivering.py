"""The commands that take a classifier out of the house: export, verify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headstart.base.errors import ConfigError, EngineError
from headstart.base.outputs import ONNX, READ, WEB
from headstart.base.typed import as_typed
from headstart.cli import options
from headstart.cli.session import open_session

if TYPE_CHECKING:
    from headstart.records.exported import Parity
    from headstart.report.lines import Line

_WAYS = {"onnx": ".onnx", "web": ".html"}
Data = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="DATA",
        help="Pictures to prove it with.  [default: those of the run that the bundle lies in]",
        show_default=False,
    ),
    READ,
]
Files = Annotated[
    list[str],
    typer.Argument(metavar="PICTURES...", help="Pictures, or folders of pictures.", show_default=False),
    READ,
]
Exported = Annotated[
    str, typer.Argument(metavar="FILE", help="An exported classifier (.onnx).", show_default=False), READ
]


def export(
    ctx: typer.Context,
    bundle: options.Bundle,
    *,
    to: Annotated[
        str, typer.Option("--to", metavar="onnx|web", help="A graph for programs, or a page for people.")
    ] = "onnx",
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="The file.  [default: BUNDLE.onnx or .html]", show_default=False),
        ONNX,
        WEB,
    ] = None,
    form: Annotated[
        str,
        typer.Option(
            "--input", metavar="picture|squares", help="One picture of any size, or many that are framed already."
        ),
    ] = "picture",
    int8: Annotated[
        bool, typer.Option("--int8", help="Compute in 8 bits: smaller and faster.", show_default=False)
    ] = False,
    max_drop: Annotated[
        float, typer.Option("--max-drop", metavar="SHARE", help="How much accuracy 8 bits may cost.")
    ] = 0.01,
    data: Data = None,
    threads: options.Threads = None,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Write a classifier as one file that answers the same, and prove it.

    The file takes a picture and gives the answer: everything in between is inside. Before it is written it is run
    beside the bundle on your own pictures. Where the two differ nothing is written. With --to web it is one page that
    works in any browser, without a network.
    """
    session = open_session(ctx, threads=threads, quiet=quiet)
    if to not in _WAYS:
        raise ConfigError(f"--to is '{to}'.", hint=f"Give one of: {', '.join(_WAYS)}.")
    place = out or Path(f"{Path(bundle).name.removesuffix('.bundle').removesuffix('.zip') or 'classifier'}{_WAYS[to]}")
    with session.working() as progress:
        parity = session.verbs.export(
            bundle, place, to=to, input=form, int8=int8, max_drop=max_drop, data=data, progress=progress
        )
    from headstart.report.exported import export_lines

    def lines(found: Parity, *, width: int) -> list[Line]:
        return export_lines(found, as_typed(place), width=width)

    session.tell(parity, lines, as_json=as_json)


def verify(
    ctx: typer.Context,
    file: Exported,
    bundle: options.Bundle,
    files: Files,
    *,
    threads: options.Threads = None,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Prove again, here, that an exported file answers as its bundle does.

    The exit code is 8 if they do not agree. A file in 8 bits is not held to that: what differs is told.
    """
    session = open_session(ctx, threads=threads, quiet=quiet)
    with session.working() as progress:
        parity = session.verbs.verify(file, bundle, files, progress=progress)
    from headstart.report.exported import verify_lines

    session.tell(parity, verify_lines, as_json=as_json)
    if not parity.agrees:
        raise typer.Exit(EngineError.exit_code)
