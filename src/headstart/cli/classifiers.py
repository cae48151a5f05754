"""The commands about one classifier: fit, evaluate, predict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headstart.base.errors import PARTLY, ConfigError
from headstart.base.files import write_text
from headstart.base.outputs import CSV, GRID, READ, claim
from headstart.base.seals import remember
from headstart.base.typed import as_typed, program
from headstart.cli import options
from headstart.cli.session import open_session
from headstart.experiment.option_table import VERBS, FitOptions

if TYPE_CHECKING:
    from headstart.records.metrics import MetricsBySplit
    from headstart.report.lines import Line

Files = Annotated[
    list[str],
    typer.Argument(metavar="PICTURES...", help="Pictures, or folders of pictures.", show_default=False),
    READ,
]


@options.options_from(VERBS["fit"])
def fit(ctx: typer.Context, data: options.Data, *, chosen: FitOptions, quiet: options.Quiet = False) -> None:
    """Train one strategy and save the classifier."""
    place = Path(chosen.get("out") or _own_place(data))
    session = open_session(ctx, threads=chosen.get("threads"), quiet=quiet)
    with session.working() as progress:
        model = session.verbs.fit(data, **{**chosen, "out": place}, progress=progress)
    from headstart.report.lines import Line
    from headstart.report.text import quoted

    session.screen.show([*measured_lines(model.info.measured), Line(f"Saved: {as_typed(place)}")])
    if quiet:  # else they were told while it worked
        session.aside.show([Line(f"! {warning.text}", "warning") for warning in model.info.warnings])
    session.screen.show([Line(f"Use it: {program()} predict {quoted(as_typed(place))} PICTURES")])


def _own_place(data: str) -> Path:
    """Return DATA.bundle in the current folder; an older one there is not replaced unless it is named."""
    from headstart.experiment.request import name_of

    place = Path(f"{name_of(data)}.bundle")
    if place.exists():
        raise ConfigError(f"'{place}' already exists.", hint=f"Choose another name, or replace it: --out {place}")
    return place


def measured_lines(measured: MetricsBySplit) -> list[Line]:
    """Return one line per split on which the classifier was measured."""
    from headstart.records.metrics import SPLIT_NAMES
    from headstart.report.lines import Line
    from headstart.report.numbers import decimal

    lines = []
    for split in SPLIT_NAMES:
        metrics = measured.of(split)
        if metrics is not None:
            low, high = metrics.interval
            spread = f" (95 % interval {decimal(low)} to {decimal(high)})"
            chosen = ", which also chose the epoch" if metrics.used_for_choosing else ""
            text = f"accuracy {decimal(metrics.accuracy)}{spread} on {metrics.n:,} {split} pictures{chosen}"
            lines.append(Line(text, "title"))
    return lines


def evaluate(
    ctx: typer.Context,
    bundle: options.Bundle,
    data: options.Data,
    *,
    split: Annotated[
        str | None,
        typer.Option(
            "--split",
            metavar="NAME",
            help="Which pictures: train, val, test, all or unseen.  [default: test, else val, else unseen]",
            show_default=False,
        ),
    ] = None,
    threads: options.Threads = None,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Measure a saved classifier on labelled pictures.

    Pictures that cannot be read are listed, and the exit code is then 10.
    """
    session = open_session(ctx, threads=threads, quiet=quiet)
    with session.working() as progress:
        evaluation = session.verbs.evaluate(bundle, data, split=split, progress=progress)
    from headstart.cli.tables import evaluation_lines

    session.tell(evaluation, evaluation_lines, as_json=as_json)
    if evaluation.unread:
        raise typer.Exit(PARTLY)


def predict(
    ctx: typer.Context,
    bundle: options.Bundle,
    files: Files,
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
    threads: options.Threads = None,
    quiet: options.Quiet = False,
) -> None:
    """Classify new pictures, with probabilities.

    After a classifier's first answers its network is exported to the cache. From then on answers take about a second.
    Pictures that cannot be read are listed, and the exit code is then 10.
    """
    session = open_session(ctx, threads=threads, quiet=quiet)
    if table is not None:
        claim(table, CSV, inputs=[bundle, *files])
    with session.working() as progress:
        predictions = session.verbs.predict(bundle, files, grid=grid, engine=engine, progress=progress)
    from headstart.cli.tables import prediction_lines
    from headstart.report.answers import answers_csv
    from headstart.report.lines import Line
    from headstart.report.text import skipped_lines

    rows, skipped = list(predictions.rows), list(predictions.skipped)
    if table is not None:
        write_text(claim(table, CSV), answers_csv(predictions))
        remember(table)
    if as_json:
        session.screen.json({"rows": rows, "skipped": skipped})
    else:
        if table is None and grid is None:
            session.screen.show(prediction_lines(rows, width=session.screen.answer_width))
        session.screen.show([Line(f"Written: {as_typed(place)}") for place in (table, grid) if place is not None])
        session.aside.show(skipped_lines(skipped, width=session.aside.width))
    if engine == "auto" and rows:
        files = [row.path for row in rows]
        session.afterwards(lambda progress: session.verbs.prepare_engine(bundle, files, progress=progress))
    if predictions.unread:
        raise typer.Exit(PARTLY)
