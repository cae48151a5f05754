"""Learning: compare every strategy, or fit one; the demo and the recipes are calls of the same."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack, cast

from headstart.api.arguments import Data, check_data, table_of
from headstart.api.commands import command_of, reproducing
from headstart.api.experiment import Experiment
from headstart.api.reporting import page_of, standing_ids
from headstart.api.requests import asked_by, request_of
from headstart.api.tracking import track_ended
from headstart.base.options import completed, takes
from headstart.base.outputs import BUNDLE, RUN, claim
from headstart.bundle import Model
from headstart.experiment import (
    Budget,
    Request,
    RunFolder,
    default_run_folder,
    fit_table,
    parse_duration,
    read_recipe,
    run_experiment,
)
from headstart.experiment.option_table import (
    CompareOptions,
    DemoOptions,
    FitOptions,
    RecipeOptions,
    elsewhere,
)
from headstart.records.progress import Progress, Silent
from headstart.records.results import RecipeRecord
from headstart.report.markdown import write_markdown
from headstart.report.trackers.choosing import choose_trackers
from headstart.strategies.strategy import PART, STRATEGIES
from headstart.table import Table, solar_cells


@takes(CompareOptions, elsewhere)
def compare(
    data: Data,
    *,
    progress: Progress | None = None,
    command: str | None = None,
    title: str | None = None,
    recipe: RecipeRecord | None = None,
    **options: Unpack[CompareOptions],
) -> Experiment:
    """Try every strategy on the same pictures and say which is best.

    Parameters
    ----------
    data : path or Table
        ``train/ val/ [test/]`` with class folders; one folder of class folders (75/25 are divided here); or a CSV,
        TSV or Parquet list with the columns path, label and optionally split and group.
    progress : Progress, optional
        A listener.
    command, title, recipe
        For results.json: how to reproduce it, what the pictures show, and the recipe that this is.
    **options
        See `headstart.experiment.option_table.CompareOptions`, or docs/commands.md.

    Returns
    -------
    Experiment

    Raises
    ------
    DataError, ConfigError, WeightsError, StoreError, DependencyError
        See `headstart.base.errors`; each says what to do.
    """
    check_data(data, "compare")
    chosen = completed(CompareOptions, options)
    split, threads, out = chosen["split"], chosen["threads"], chosen["out"]
    place = claim(out or default_run_folder(data.root if isinstance(data, Table) else data), RUN)
    clock = Budget(parse_duration(chosen["budget"]))
    asked = choose_trackers(chosen["trackers"])
    request = request_of(options)
    table = table_of(data, "compare", threads=threads, progress=progress)
    stood = standing_ids(place)

    def said(whole: Request) -> str:
        return command or command_of(
            "compare", data, reproducing("compare", {**asked_by(whole), "split": split, "out": place})
        )

    ended = run_experiment(
        table,
        request,
        RunFolder(place),
        command=said,
        title=title,
        progress=progress or Silent(),
        threads=threads,
        split_file=None if split is None else Path(split),
        recipe=recipe,
        clock=clock,
    )
    write_markdown(ended.results, place / "report.md")
    # A tracker takes its time anyway, and what it keeps of the page should be whole.
    page_of(ended.results, place, table.root, progress or Silent(), stood=stood, whole=bool(asked))
    tracked = track_ended(asked, ended.results, place, table.root, progress or Silent())
    return Experiment(place, ended.results, ended.engine_candidate, tracked)


@takes(FitOptions, elsewhere)
def fit(data: Data, *, progress: Progress | None = None, **options: Unpack[FitOptions]) -> Model:
    """Train one strategy and return the classifier; with `out` it is saved there as a bundle.

    Parameters
    ----------
    data, progress
        As for `compare`.
    **options
        See `headstart.experiment.option_table.FitOptions`.

    Returns
    -------
    Model
        ``model.info.measured`` says what it reached on the held-out pictures.

    Raises
    ------
    ConfigError
        If an option is unknown, or something stands at `out` that is no bundle.
    """
    check_data(data, "fit")
    chosen = completed(FitOptions, options)
    out, split, threads = chosen["out"], chosen["split"], chosen["threads"]
    if out is not None:
        claim(out, BUNDLE, inputs=[data, split, chosen["weights"]])
    request = request_of({**options, "strategies": [chosen["strategy"]]})
    table = table_of(data, "fit", threads=threads, progress=progress)
    model = fit_table(
        table,
        request,
        progress=progress or Silent(),
        threads=threads,
        split_file=None if split is None else Path(split),
    )
    if out is not None:
        model.save(out)
    return model


@takes(DemoOptions, elsewhere)
def demo(*, progress: Progress | None = None, **options: Unpack[DemoOptions]) -> Experiment:
    """Compare every strategy on real photographs that need no download: solar cells, functional or defective.

    Parameters
    ----------
    progress : Progress, optional
        A listener.
    **options
        See `headstart.experiment.option_table.DemoOptions`.

    Raises
    ------
    DependencyError
        If the package elpv-dataset is not installed.
    """
    chosen = completed(DemoOptions, options)
    place = claim(chosen["out"] or "headstart.run", RUN)
    table = solar_cells(pictures=chosen["pictures"], seed=chosen["seed"])
    given = {name: value for name, value in options.items() if value is not None and name != "pictures"}
    values = cast(CompareOptions, {**DEMO_OPTIONS, **given, "out": place})
    told = reproducing("demo", {**given, "pictures": len(table), "out": place})
    return compare(
        table,
        progress=progress,
        title="photographs of solar cells",
        command=command_of("demo", None, told),
        **values,
    )


# Within a minute on two cores and below 3 GB, so that it runs on any laptop: smaller pictures, half the usual batch,
# fewer epochs and views than `compare` takes by itself, and no second training.
DEMO_OPTIONS: CompareOptions = {
    "image_size": 160,
    "training": {"batch_size": 16, "refit": False},
    "epochs": {row.name: row.demo_epochs for row in STRATEGIES.values() if row.demo_epochs},
    "views": 2,
}


@takes(RecipeOptions, elsewhere)
def run_recipe(
    name: str, *, data: Data, progress: Progress | None = None, **options: Unpack[RecipeOptions]
) -> Experiment:
    """Run a published experiment on its data: a recipe's name, or the path of your own ``.toml`` file.

    Parameters
    ----------
    name : str
    data : path
        Where the pictures are.
    progress : Progress, optional
        A listener.
    **options
        They replace what the recipe says; see `headstart.experiment.option_table.RecipeOptions`.

    Returns
    -------
    Experiment
        ``results.recipe`` holds the published and the expected figures.
    """
    check_data(data, "run_recipe")
    recipe = read_recipe(name)
    given = {key: value for key, value in options.items() if value is not None}
    values: dict[str, object] = {"backbone": recipe.backbone, **recipe.settings, "strategies": recipe.strategies}
    if "weights" in given and "backbone" not in given:
        values["backbone"] = None  # the weights file names its network
    if "cut" in values and {"backbone", "weights"} & set(given):
        cut = values.pop("cut")
        (progress or Silent()).message(
            f"The recipe's cut '{cut}' is a stage of its own network. Here {PART.name} is cut at its usual place."
        )
    place = claim(options.get("out") or f"{recipe.name}.run", RUN)
    values |= {**given, "training": {**recipe.training, **(options.get("training") or {})}, "out": place}
    said = RecipeRecord(
        name=recipe.name,
        title=recipe.title,
        source=recipe.source,
        expected=recipe.expected,
        own_network=not {"backbone", "weights"} & set(given),  # what it expects holds for that one
    )
    told = reproducing("run_recipe", {**given, "out": place})
    command = command_of("run_recipe", name, told, data=None if isinstance(data, Table) else data)
    return compare(data, progress=progress, command=command, recipe=said, **cast(CompareOptions, values))
