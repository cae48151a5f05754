"""The commands about one classifier: fit, evaluate."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from headstart.base.errors import PARTLY, ConfigError
from headstart.base.typed import as_typed, program
from headstart.cli import options
from headstart.cli.session import open_session
from headstart.experiment.option_table import VERBS, FitOptions

if TYPE_CHECKING:
    from headstart.records.metrics import MetricsBySplit
    from headstart.report.lines import Line


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
        raise ConfigError(
            f"'{place}' already exists.", hint=f"Choose another name, or replace it: --out {quote(str(place))}"
        )
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
