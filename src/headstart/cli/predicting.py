"""The command that answers: a few pictures for the eye, or any number into a folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headstart.base.errors import PARTLY, ConfigError
from headstart.base.files import write_text
from headstart.base.outputs import ANSWERS, CSV, GRID, READ, claim
from headstart.base.seals import remember
from headstart.base.typed import as_typed
from headstart.cli import options
from headstart.cli.layout import Command
from headstart.cli.session import Session, open_session

if TYPE_CHECKING:
    from headstart.records.answers import Answered, Predictions

STDIN = "-"
_MANY = "Many pictures"
_NEEDS_OUT = "Add --out FOLDER, or leave it out."

Files = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PICTURES...", help="Pictures, or folders of pictures; - reads paths from stdin.", show_default=False
    ),
    READ,
]
Lists = Annotated[
    list[Path] | None,
    typer.Option(
        "--list",
        metavar="FILE",
        help="Also the pictures that a list names: one path a line, or a CSV or Parquet file with a column path.",
        rich_help_panel=_MANY,
        show_default=False,
    ),
    READ,
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FOLDER",
        help="Write answers as they come into files in a folder. The same command goes on where it was stopped.",
        rich_help_panel=_MANY,
        show_default=False,
    ),
    ANSWERS,
]
Watched = Annotated[
    Path | None,
    typer.Option(
        "--watch",
        metavar="FOLDER",
        help="Answer files as they arrive in a folder, until Ctrl-C. Needs --out.",
        rich_help_panel=_MANY,
        show_default=False,
    ),
    READ,
]
Form = Annotated[
    str,
    typer.Option("--format", metavar="csv|jsonl|parquet", help="Of the files in --out.", rich_help_panel=_MANY),
]
Every = Annotated[
    bool,
    typer.Option(
        "--all",
        help="Probabilities of all classes in --out; else of the 5 most probable where there are more than 50.",
        rich_help_panel=_MANY,
        show_default=False,
    ),
]
Bom = Annotated[
    bool,
    typer.Option(
        "--bom",
        help="Begin each CSV in --out with a byte order mark, by which Excel knows its letters.",
        rich_help_panel=_MANY,
        show_default=False,
    ),
]


class PredictCommand(Command):
    """It goes on where it was stopped if its answers go into a folder."""

    def goes_on(self, ctx: Any) -> bool:
        """Return whether the same command would go on."""
        return ctx.params.get("out") is not None


@dataclass(frozen=True)
class Named:
    """The pictures that were named, in whichever way."""

    files: tuple[str, ...]
    lists: tuple[Path, ...]
    watch: Path | None

    @property
    def stream(self) -> Iterator[str] | None:
        """Paths on stdin, if they were asked for."""
        from headstart.table.paths import paths_of

        return paths_of(sys.stdin.buffer, "stdin") if STDIN in self.files else None

    @property
    def typed(self) -> list[str]:
        """Pictures and folders."""
        return [file for file in self.files if file != STDIN]

    def paths(self) -> list[str]:
        """Return everything as paths, for few pictures."""
        if not self.lists and STDIN not in self.files:
            return self.typed
        from headstart.deliver.answers.asked import Asked, Listed

        listed = Listed.of(Asked(lists=self.lists, stream=self.stream), lambda _: None)
        return [*self.typed, *(entry.place for entry in listed)]


def predict(
    ctx: typer.Context,
    bundle: options.Bundle,
    files: Files = None,
    *,
    as_json: options.AsJson = False,
    table: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="Write the answers to a .csv file.", show_default=False),
        CSV,
    ] = None,
    grid: Annotated[
        Path | None,
        typer.Option(
            "--grid",
            metavar="FILE",
            help="Draw the pictures with their answers: a .png file.",
            show_default=False,
        ),
        GRID,
    ] = None,
    engine: Annotated[
        str,
        typer.Option("--engine", metavar="auto|torch", help="auto answers faster, with an exported network."),
    ] = "auto",
    lists: Lists = None,
    watch: Watched = None,
    out: Out = None,
    form: Form = "csv",
    every: Every = False,
    bom: Bom = False,
    threads: options.Threads = None,
    quiet: options.Quiet = False,
) -> None:
    """Classify new pictures, with probabilities.

    After a classifier's first answers its network is exported to the cache. From then on answers take about a second.
    Pictures that cannot be read are listed, and the exit code is then 10.

    For many pictures add --out: each file has one row there, also if the command is stopped and typed again.
    """
    session = open_session(ctx, threads=threads, quiet=quiet)
    named = Named(tuple(files or ()), tuple(lists or ()), watch)
    if out is not None:
        _refuse({"--csv": table is not None, "--grid": grid is not None}, "goes with few pictures, not with --out")
        claim(out, ANSWERS, inputs=[bundle, *named.typed, *named.lists])
        with session.working() as progress:
            found = session.verbs.predict_many(
                bundle, named.typed, lists=list(named.lists), stream=named.stream, watch=watch,
                out=out, form=form, every_class=every, mark=bom, engine=engine, progress=progress,
            )  # fmt: skip
        _tell_many(session, found, as_json=as_json)
        return
    many = {"--watch": watch is not None, "--format": form != "csv", "--all": every, "--bom": bom}
    _refuse(many, "needs a folder for the answers", _NEEDS_OUT)
    if not (named.files or named.lists):
        raise ConfigError("No picture was named.", hint="Name pictures, folders, a list (--list FILE), or - for stdin.")
    _few(session, bundle, named.paths(), table=table, grid=grid, engine=engine, as_json=as_json)


def _refuse(typed: dict[str, bool], why: str, hint: str = "Leave one of the two out.") -> None:
    """Refuse an option that was typed and says nothing here."""
    for option, there in typed.items():
        if there:
            raise ConfigError(f"{option} {why}.", hint=hint)


def _few(
    session: Session,
    bundle: str,
    files: Sequence[str],
    *,
    table: Path | None,
    grid: Path | None,
    engine: str,
    as_json: bool,
) -> None:
    """Answer pictures all at once, for a person."""
    if table is not None:
        claim(table, CSV, inputs=[bundle, *files])
    with session.working() as progress:
        found = session.verbs.predict(bundle, files, grid=grid, engine=engine, progress=progress)
    if table is not None:
        from headstart.report.answers import answers_csv

        write_text(claim(table, CSV), answers_csv(found))
        remember(table)
    _tell_few(session, found, [place for place in (table, grid) if place is not None], as_json=as_json)
    if engine == "auto" and found.rows:
        read = [row.path for row in found.rows]
        session.afterwards(lambda progress: session.verbs.prepare_engine(bundle, read, progress=progress))
    if found.unread:
        raise typer.Exit(PARTLY)


def _tell_few(session: Session, found: Predictions, written: Sequence[Path], *, as_json: bool) -> None:
    from headstart.cli.answer_lines import prediction_lines
    from headstart.report.lines import Line
    from headstart.report.skipped import skipped_lines

    rows, skipped = list(found.rows), list(found.skipped)
    if as_json:
        session.screen.json({"rows": rows, "skipped": skipped})
        return
    if not written:
        session.screen.show(prediction_lines(rows, width=session.screen.answer_width))
    session.screen.show([Line(f"Written: {as_typed(place)}") for place in written])
    session.aside.show(skipped_lines(skipped, width=session.aside.width))


def _tell_many(session: Session, found: Answered, *, as_json: bool) -> None:
    """Say what was written, and leave with the exit code that says whether every picture has its answer."""
    from headstart.report.lines import Line, wrap
    from headstart.words.answers import answered_lines, written_line

    if as_json:
        session.screen.json(found)
    else:
        session.screen.show([Line(written_line(found))])
        for text in answered_lines(found):
            session.aside.show([Line(part) for part in wrap(text, session.aside.width, rest="  ")])
    if found.unread:
        raise typer.Exit(PARTLY)
