"""The commands that compare strategies: demo, compare, run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from headstart.base.typed import as_typed, command_as_typed, program
from headstart.cli import options
from headstart.cli.options import asked, names, settings
from headstart.cli.session import Session, open_session

Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="RUN",
        help="The run folder; the same command continues it.  [default: DATA.run]",
        show_default=False,
    ),
]
Budget = Annotated[
    str | None,
    typer.Option(
        "--budget",
        metavar="TIME",
        help="At most so long, such as 90s, 10m or 2h: what fits is run, the cheapest first.",
        show_default=False,
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done, and how long it would take.")]
DemoOut = Annotated[
    Path,
    typer.Option("--out", metavar="RUN", help="The run folder; the same command continues it."),
]
RecipeOut = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="RUN",
        help="The run folder; the same command continues it.  [default: RECIPE.run]",
        show_default=False,
    ),
]
RecipeData = Annotated[
    str,
    typer.Option(
        "--data",
        metavar="DATA",
        help="Folder with train/ val/ [test/], folder of class folders, or CSV/Parquet list.",
        show_default=False,
    ),
]
RecipeBackbone = Annotated[
    str | None,
    typer.Option(
        "--backbone",
        metavar="NAME",
        help="Another network of timm or torchvision.  [default: the recipe's]",
        show_default=False,
    ),
]
RecipeSeed = Annotated[
    int | None, typer.Option("--seed", metavar="N", help="Root of every random stream.", show_default=False)
]
RecipeDevice = Annotated[
    str | None, typer.Option("--device", metavar="NAME", help="auto, cpu, cuda or mps.", show_default=False)
]
Pictures = Annotated[int, typer.Option("--pictures", metavar="N", help="How many of the 2,624 photographs.")]


def demo(
    ctx: typer.Context,
    *,
    pictures: Pictures = 360,
    seed: options.Seed = 0,
    device: options.Device = "auto",
    threads: options.Threads = None,
    out: DemoOut = Path("headstart.run"),
    tensorboard: options.TensorBoard = False,
    mlflow: options.MLflow = False,
    wandb: options.WandB = False,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """See it work: all six strategies on real photographs, no internet needed.

    Solar cells, functional or defective (package elpv-dataset), with EfficientNet-Lite0, about a minute.
    """
    session = open_session(ctx, threads=threads, quiet=quiet)
    machine = {"device": device, "threads": threads}
    trackers = asked(tensorboard=tensorboard, mlflow=mlflow, wandb=wandb)
    with session.working() as progress:
        experiment = session.verbs.demo(
            out=out, pictures=pictures, seed=seed, **machine, trackers=trackers, progress=progress
        )
    show_experiment(session, experiment, as_json=as_json, follow="compare YOUR_FOLDER")


def compare(
    ctx: typer.Context,
    data: options.Data,
    *,
    strategies: options.Strategies = None,
    backbone: options.Backbone = None,
    weights: options.Weights = None,
    scratch: options.Scratch = "convnet64",
    cut: options.Cut = None,
    unfreeze: options.Unfreeze = None,
    head: options.Head = "linear",
    readout: options.Readout = "auto",
    epochs: options.Epochs = None,
    select: options.Select = "train",
    seed: options.Seed = 0,
    setting: options.Settings = None,
    image_size: options.ImageSize = None,
    framing: options.Framing = "auto",
    augment: options.Augment = "auto",
    split: options.SplitFile = None,
    device: options.Device = "auto",
    threads: options.Threads = None,
    offline: options.Offline = False,
    budget: Budget = None,
    folds: options.Folds = None,
    seeds: options.Seeds = None,
    interval: options.Interval = "wilson",
    dry_run: DryRun = False,
    out: Out = None,
    tensorboard: options.TensorBoard = False,
    mlflow: options.MLflow = False,
    wandb: options.WandB = False,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Compare the strategies on your pictures: table, verdict, saved classifiers.

    A run that was stopped continues with the same command; a finished one is printed again. Other strategies
    come beside those that stand in the run folder.
    """
    network = {"backbone": backbone, "weights": weights, "scratch": scratch, "head": head, "readout": readout}
    trained = {"cut": cut, "unfreeze": unfreeze, "epochs": epochs, "select": select, "seed": seed}
    pictures = {"image_size": image_size, "framing": framing, "augment": augment, "split": split}
    machine = {"device": device, "threads": threads, "offline": offline}
    given = {"strategies": names(strategies), "training": settings(setting), "interval": interval}
    session = open_session(ctx, threads=threads, quiet=quiet)
    chosen = {**given, **network, **trained, **pictures, **machine, "folds": folds, "seeds": seeds}
    told = {"tensorboard": tensorboard, "mlflow": mlflow, "wandb": wandb}
    if dry_run:
        more = {"budget": budget, "out": out, "threads": threads, "offline": offline, **told}
        show_plan(session, data, {**chosen, "budget": budget}, as_json=as_json, more=more)
        return
    with session.working() as progress:
        experiment = session.verbs.compare(
            data, **chosen, budget=budget, out=out, trackers=asked(**told), progress=progress
        )
    show_experiment(session, experiment, as_json=as_json)


def plan(
    ctx: typer.Context,
    data: options.Data,
    *,
    strategies: options.Strategies = None,
    backbone: options.Backbone = None,
    weights: options.Weights = None,
    scratch: options.Scratch = "convnet64",
    cut: options.Cut = None,
    unfreeze: options.Unfreeze = None,
    epochs: options.Epochs = None,
    setting: options.Settings = None,
    image_size: options.ImageSize = None,
    framing: options.Framing = "auto",
    augment: options.Augment = "auto",
    device: options.Device = "auto",
    threads: options.Threads = None,
    offline: options.Offline = False,
    as_json: options.AsJson = False,
) -> None:
    """Say what compare would do here, step by step, and about how long it would take."""
    network = {"backbone": backbone, "weights": weights, "scratch": scratch, "cut": cut, "unfreeze": unfreeze}
    pictures = {"image_size": image_size, "framing": framing, "augment": augment, "epochs": epochs}
    machine = {"device": device, "threads": threads, "offline": offline}
    given = {"strategies": names(strategies), "training": settings(setting)}
    session = open_session(ctx, threads=threads)
    show_plan(session, data, {**given, **network, **pictures, **machine}, as_json=as_json)


def show_plan(
    session: Session, data: str, chosen: dict[str, Any], *, as_json: bool, more: Mapping[str, Any] | None = None
) -> None:
    """Print what a comparison would do; `more` are options of the command that bear on no step."""
    with session.working() as progress:
        found = session.verbs.plan(data, **chosen, progress=progress)
    from headstart.cli.tables import plan_lines
    from headstart.report.lines import Line
    from headstart.report.text import quoted

    command = found["command"]
    for name, value in (more or {}).items():
        if value:
            command += f" --{name}" if value is True else f" --{name} {quoted(str(value))}"
    session.tell(
        found, plan_lines, as_json=as_json, after=[Line(""), Line(f"Do it: {command_as_typed(command)}", "faint")]
    )


def run(
    ctx: typer.Context,
    recipe: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE", help="ants_bees, leaf_diseases, stanford_cars, or an own .toml file.", show_default=False
        ),
    ],
    *,
    data: RecipeData,
    backbone: RecipeBackbone = None,
    weights: options.Weights = None,
    epochs: options.Epochs = None,
    seed: RecipeSeed = None,
    setting: options.Settings = None,
    device: RecipeDevice = None,
    threads: options.Threads = None,
    offline: options.Offline = False,
    out: RecipeOut = None,
    tensorboard: options.TensorBoard = False,
    mlflow: options.MLflow = False,
    wandb: options.WandB = False,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Run a published experiment and see how near you come."""
    session = open_session(ctx, threads=threads, quiet=quiet)
    network = {"backbone": backbone, "weights": weights, "epochs": epochs, "seed": seed, "training": settings(setting)}
    machine = {"device": device, "threads": threads, "offline": offline or None, "out": out}
    told = {"trackers": asked(tensorboard=tensorboard, mlflow=mlflow, wandb=wandb)}
    with session.working() as progress:
        experiment = session.verbs.run_recipe(recipe, data=data, **network, **machine, **told, progress=progress)
    show_experiment(session, experiment, as_json=as_json)


def show_experiment(session: Session, experiment: Any, *, as_json: bool, follow: str = "") -> None:
    """Print an experiment: as JSON its results, else table, verdict and where to go on."""
    results, folder = experiment.results, Path(experiment.folder)
    if as_json:
        session.screen.json(results)
    else:
        _print_experiment(session, results, folder, follow)
    show_tracked(session, experiment.tracked, as_json=as_json)
    session.afterwards(lambda progress: experiment.keep_network(progress=progress))


def show_tracked(session: Session, tracked: Sequence[Any], *, as_json: bool) -> None:
    """Say where to look at what trackers were told; aside where the answer is JSON, and what failed always aside."""
    from headstart.report.lines import Line

    looks = [Line(f"{each.title}: {each.look}") for each in tracked if each.error is None]
    failed = [Line(f"! {each.error}", "warning") for each in tracked if each.error is not None]
    (session.aside if as_json else session.screen).show(looks)
    session.aside.show(failed)


def _print_experiment(session: Session, results: Mapping[str, Any], folder: Path, follow: str) -> None:
    from headstart.cli.tables import expectation_lines
    from headstart.report.lines import Line
    from headstart.report.standing import measured_split, metrics_of
    from headstart.report.text import Typed, summary

    page = next((folder / name for name in ("report.html", "report.md") if (folder / name).exists()), None)
    width = session.screen.width
    session.aside.show([Line("")] if not session.quiet else [])  # below the progress
    typed = Typed(as_typed(folder), as_typed(page) if page else "", follow, program())
    session.screen.show(summary(results, width=width, typed=typed))
    recipe = results.get("recipe")
    if recipe:
        split = measured_split(results)
        found = {run["id"]: metrics_of(run, split).get("accuracy") for run in results["runs"]}
        lines = expectation_lines(recipe, found, width=width)
        session.screen.show([Line(""), Line(recipe.get("title") or "", "title"), *lines])
