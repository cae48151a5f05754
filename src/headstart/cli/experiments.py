"""The commands that compare strategies: demo, compare, run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headstart.base.outputs import READ
from headstart.base.typed import as_typed, command_as_typed, program
from headstart.cli import options
from headstart.cli.session import Session, open_session
from headstart.experiment.option_table import VERBS, CompareOptions, DemoOptions, RecipeOptions

if TYPE_CHECKING:
    from headstart.api import Experiment
    from headstart.records.results import Results
    from headstart.report.trackers.choosing import Tracked

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only show the steps and how long they would take.", show_default=False)
]
RecipeData = Annotated[
    str,
    typer.Option(
        "--data",
        metavar="DATA",
        help="A folder with train/ val/ [test/], a folder of class folders, or a CSV or Parquet list.",
        show_default=False,
    ),
    READ,
]
Recipe = Annotated[
    str,
    typer.Argument(
        metavar="RECIPE", help="ants_bees, leaf_diseases, stanford_cars, or your own .toml file.", show_default=False
    ),
    READ,
]


@options.options_from(VERBS["demo"])
def demo(
    ctx: typer.Context, *, chosen: DemoOptions, quiet: options.Quiet = False, as_json: options.AsJson = False
) -> None:
    """See it work on real photographs. No internet needed.

    Compares all strategies on solar cells, functional or defective (package elpv-dataset), with EfficientNet-Lite0.
    Takes one to three minutes.
    """
    session = open_session(ctx, threads=chosen.get("threads"), quiet=quiet)
    with session.working() as progress:
        experiment = session.verbs.demo(**chosen, progress=progress)
    show_experiment(session, experiment, as_json=as_json, follow="compare YOUR_FOLDER")


@options.options_from(VERBS["compare"])
def compare(
    ctx: typer.Context,
    data: options.Data,
    *,
    chosen: CompareOptions,
    dry_run: DryRun = False,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Compare the strategies on your pictures: a table, a verdict, saved classifiers.

    If a run was stopped, the same command continues it. If it is finished, its result is printed again. Strategies that
    you ask for later are added to the same run folder.
    """
    session = open_session(ctx, threads=chosen.get("threads"), quiet=quiet)
    if dry_run:
        show_plan(session, data, chosen, as_json=as_json)
        return
    with session.working() as progress:
        experiment = session.verbs.compare(data, **chosen, progress=progress)
    show_experiment(session, experiment, as_json=as_json)


@options.options_from(VERBS["plan"])
def plan(
    ctx: typer.Context,
    data: options.Data,
    *,
    chosen: CompareOptions,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Show what compare would do, step by step, and about how long it would take."""
    session = open_session(ctx, threads=chosen.get("threads"), quiet=quiet)
    show_plan(session, data, chosen, as_json=as_json)


def show_plan(session: Session, data: str, chosen: CompareOptions, *, as_json: bool) -> None:
    """Print what compare would do, and the command that does it."""
    with session.working() as progress:
        found = session.verbs.plan(data, **chosen, progress=progress)
    from headstart.cli.tables import plan_lines
    from headstart.report.lines import Line

    session.tell(
        found,
        plan_lines,
        as_json=as_json,
        after=[Line(""), Line(f"Run it: {command_as_typed(found.command)}", "faint")],
    )


@options.options_from(VERBS["run_recipe"])
def run(
    ctx: typer.Context,
    recipe: Recipe,
    *,
    data: RecipeData,
    chosen: RecipeOptions,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Repeat a published experiment and see how close you come."""
    session = open_session(ctx, threads=chosen.get("threads"), quiet=quiet)
    with session.working() as progress:
        experiment = session.verbs.run_recipe(recipe, data=data, **chosen, progress=progress)
    show_experiment(session, experiment, as_json=as_json)


def show_experiment(session: Session, experiment: Experiment, *, as_json: bool, follow: str = "") -> None:
    """Print an experiment: as JSON its results, else table, verdict and where to go on."""
    results, folder = experiment.results, Path(experiment.folder)
    if as_json:
        session.screen.json(results)
    else:
        _print_experiment(session, results, folder, follow)
    show_tracked(session, experiment.tracked, as_json=as_json)
    session.afterwards(lambda progress: experiment.keep_network(progress=progress))


def show_tracked(session: Session, tracked: Sequence[Tracked], *, as_json: bool) -> None:
    """Say where to look at what trackers were told; aside where the answer is JSON, and what failed always aside."""
    from headstart.report.lines import Line

    looks = [Line(f"{each.title}: {each.look}") for each in tracked if each.error is None]
    failed = [Line(f"! {each.error}", "warning") for each in tracked if each.error is not None]
    (session.aside if as_json else session.screen).show(looks)
    session.aside.show(failed)


def _print_experiment(session: Session, results: Results, folder: Path, follow: str) -> None:
    from headstart.cli.tables import expectation_lines
    from headstart.report.lines import Line
    from headstart.report.text import Typed, summary

    page = next((folder / name for name in ("report.html", "report.md") if (folder / name).exists()), None)
    width = session.screen.width
    session.aside.show([Line("")] if not session.quiet else [])  # below the progress
    typed = Typed(as_typed(folder), as_typed(page) if page else "", follow, program())
    session.screen.show(summary(results, width=width, typed=typed))
    if results.recipe is not None:
        reached = {run.id: results.measured(run) for run in results.runs}
        found = {name: None if metrics is None else metrics.accuracy for name, metrics in reached.items()}
        lines = expectation_lines(results.recipe, found, width=width)
        session.screen.show([Line(""), Line(results.recipe.title, "title"), *lines])
