"""Learning: compare every strategy, or fit one; the demo and the recipes are calls of the same."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from headstart.api.commands import command_of
from headstart.api.experiment import Experiment
from headstart.api.reporting import page_of, standing_ids
from headstart.api.tracking import track_ended
from headstart.base.errors import ConfigError
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
from headstart.records.preprocessing import Framing
from headstart.records.progress import Progress, Silent
from headstart.report.markdown import write_markdown
from headstart.report.trackers.choosing import choose_trackers
from headstart.strategies import choose_strategies
from headstart.table import Table, read_table, solar_cells

AUTO: Final = "auto"


def compare(
    data: str | Path | Table,
    *,
    strategies: Sequence[str] | str | None = None,
    backbone: str | None = None,
    weights: str | Path | None = None,
    scratch: str = "convnet64",
    cut: str | None = None,
    unfreeze: int | None = None,
    head: str = "linear",
    epochs: int | Mapping[str, int] | None = None,
    seed: int = 0,
    image_size: int | None = None,
    framing: Framing | Literal["auto"] = AUTO,
    augment: str = AUTO,
    readout: str = AUTO,
    views: int = 4,
    select: str = "train",
    split: str | Path | None = None,
    device: str = AUTO,
    out: str | Path | None = None,
    threads: int | None = None,
    offline: bool = False,
    budget: str | float | None = None,
    interval: str = "wilson",
    folds: int | None = None,
    seeds: int | None = None,
    training: Mapping[str, Any] | None = None,
    trackers: Sequence[str] | str | None = None,
    progress: Progress | None = None,
    command: str | None = None,
    title: str | None = None,
    note: Mapping[str, Any] | None = None,
) -> Experiment:
    """Try every way of transferring on the same pictures and say which is best.

    Parameters
    ----------
    data : path or Table
        ``train/ val/ [test/]`` with class folders; one folder of class folders (split here 75/25); or a CSV,
        TSV or Parquet list with the columns path, label and optionally split and group.
    strategies : sequence of str or str, optional
        Of scratch, full, partial, linear, svm, knn; all of them by default. ``"partial@layer3"`` says its cut too.
    backbone : str, optional
        A network of timm by its name, or ``torchvision/NAME``; default EfficientNet-Lite0 with packaged weights.
    weights : path, optional
        A ``.safetensors`` or ``.pth`` file in place of the published weights.
    scratch : str
        The network that `scratch` trains: ``"convnet64"``, ``"convnet4"`` or any backbone's name.
    cut, unfreeze
        Where the trained part of `partial` starts: a stage's name (see `stages`), or the last so many stages.
        ``cut="auto"`` tries several places, each a strategy of its own, such as ``"partial@layer3"``.
    head : str
        Head of the trained strategies: ``"linear"`` or ``"pool-bn"``.
    epochs : int or mapping of strategy to int, optional
        For every trained strategy, or for those named; by default each has its own.
    seed : int
        Root of every random stream.
    image_size : int, optional
        Side of the square that the backbone sees, in pixels.
    framing : str
        ``"crop"``, ``"squash"``, ``"pad"``, or ``"auto"``, chosen inside train.
    augment : str
        A name from `headstart.pixels.AUGMENTATIONS`, or ``"auto"``, chosen inside train.
    readout : str
        What `linear`, `svm` and `knn` read of the network: ``"pool"``, ``"stages"`` (several stages in the same
        pass), or ``"auto"``, chosen inside train for each.
    views : int
        Augmented copies that `partial` keeps.
    select : str
        ``"train"``: choices are made inside train; ``"val"``: the best epoch on val, as tutorials do.
    split : path, optional
        A ``split.parquet`` of an earlier run, to divide the pictures in the same way.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    out : path, optional
        The run folder; by default the data's name with ``.run`` in the current folder. The same call continues
        or returns what stands there; other strategies come beside those that stand.
    threads : int, optional
        At most so many processor threads.
    offline : bool
        Never touch the network.
    budget : str or float, optional
        At most so long, such as ``"10m"`` (or seconds): what fits is run, the cheapest first; the rest is named in
        ``results["not_run"]``, and the same call without a budget goes on with it.
    interval : str
        How accuracy and recall get their 95 % intervals: ``"wilson"``, which holds 95 % on average, or
        ``"clopper-pearson"``, which is wider and holds them everywhere.
    folds, seeds : int, optional
        Beside the one split, divide the pictures that are not of a given test split into so many folds, `seeds` times
        over; every picture is held out once for each seed, and these splits decide the verdict. `seeds` alone: so many
        random splits of 75/25.
    training : mapping, optional
        Overrides of `headstart.tune.TrainingSettings`.
    trackers : sequence of str or str, optional
        Of tensorboard, mlflow, wandb: each is told when the results stand; see `track`. What became of it is in
        ``tracked`` of the experiment: a tracker that cannot be reached takes nothing from the results.
    progress : Progress, optional
        A listener.
    command, title, note
        For results.json: how to reproduce, what the pictures are, and further keys.

    Returns
    -------
    Experiment

    Raises
    ------
    DataError, ConfigError, WeightsError, StoreError, DependencyError
        See `headstart.base.errors`; each says what to do.
    """
    clock = Budget(parse_duration(budget))
    asked = choose_trackers(trackers)
    request = Request(
        strategies=tuple(strategy.name for strategy in choose_strategies(strategies)),
        backbone=backbone,
        weights=None if weights is None else str(weights),
        scratch=scratch,
        cut=cut,
        unfreeze=unfreeze,
        head=head,
        epochs=epochs,
        seed=seed,
        image_size=image_size,
        framing=framing,
        augment=augment,
        readout=readout,
        views=views,
        select=select,
        device=device,
        offline=offline,
        interval=interval,
        folds=folds,
        seeds=seeds,
        training=dict(training or {}),
    )
    table = data if isinstance(data, Table) else read_table(data, threads=threads, progress=progress)
    place = Path(out) if out is not None else default_run_folder(table.root if isinstance(data, Table) else data)
    stood = standing_ids(place)
    ended = run_experiment(
        table,
        request,
        RunFolder(place),
        command=lambda whole: command or command_of(data, whole, place, split),
        title=title,
        progress=progress or Silent(),
        threads=threads,
        split_file=None if split is None else Path(split),
        note=note,
        clock=clock,
    )
    write_markdown(ended.results, place / "report.md")
    # A tracker takes its time anyway, and what it keeps of the page should be whole.
    page_of(ended.results, place, table.root, progress or Silent(), stood=stood, whole=bool(asked))
    tracked = track_ended(asked, ended.results, place, table.root, progress or Silent())
    return Experiment(place, ended.results, ended.engine_candidate, tracked)


def fit(
    data: str | Path | Table,
    *,
    strategy: str = "linear",
    out: str | Path | None = None,
    split: str | Path | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Model:
    """Fit one strategy and return the classifier; with `out` it is kept there as a bundle.

    Parameters
    ----------
    data : path or Table
        As for `compare`.
    strategy : str
    out : path, optional
        Where to keep the bundle.
    split, threads, progress
        As for `compare`.
    **options
        Every other option of `compare` but folds and seeds: backbone, weights, cut, epochs, seed ...

    Returns
    -------
    Model
        ``model.info["measured"]`` says what it reached on the held-out pictures.

    Raises
    ------
    ConfigError
        If an option is unknown, or asks for several splits, of which one classifier has no use.
    """
    request = request_of("fit", [strategy], options)
    _refuse_splits(request)
    if out is not None:
        _refuse_foreign(Path(out))
    table = data if isinstance(data, Table) else read_table(data, threads=threads, progress=progress)
    model, _ = fit_table(
        table,
        request,
        progress=progress or Silent(),
        threads=threads,
        split_file=None if split is None else Path(split),
    )
    if out is not None:
        model.save(out)
    return model


def demo(
    *,
    out: str | Path | None = None,
    pictures: int | None = 360,
    seed: int = 0,
    progress: Progress | None = None,
    **options: Any,
) -> Experiment:
    """Compare every strategy on real photographs that need no download: solar cells, functional or defective.

    Parameters
    ----------
    out : path, optional
        The run folder, ``headstart.run`` by default.
    pictures : int, optional
        How many of the 2,624 to take; None is all.
    **options
        Every other option of `compare`.

    Raises
    ------
    DependencyError
        If the package elpv-dataset is not installed.
    """
    table = solar_cells(pictures=pictures, seed=seed)
    values = {**DEMO_OPTIONS, **{name: value for name, value in options.items() if value is not None}}
    place = Path("headstart.run") if out is None else Path(out)
    device = f"--device {values['device']} " if values.get("device", AUTO) != AUTO else ""
    return compare(
        table,
        seed=seed,
        out=place,
        progress=progress,
        title="photographs of solar cells",
        command=f"headstart demo --pictures {len(table)} --seed {seed} {device}--out {shlex.quote(str(place))}",
        **values,
    )


# Within a minute on two cores and below 3 GB, so that it runs on any laptop: smaller pictures, half the usual batch,
# fewer epochs and views than `compare` takes by itself.
DEMO_OPTIONS: dict[str, Any] = {
    "image_size": 160,
    "training": {"batch_size": 16},
    "epochs": {"scratch": 12, "partial": 5, "full": 3},
    "views": 2,
}


def run_recipe(
    name: str,
    *,
    data: str | Path,
    out: str | Path | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Experiment:
    """Run a published experiment on its data: a recipe's name, or the path of an own ``.toml`` file.

    Parameters
    ----------
    name : str
    data : path
        Where the pictures are.
    **options
        Options of `compare` that take the place of the recipe's, such as backbone, weights, epochs.

    Returns
    -------
    Experiment
        ``results["recipe"]`` holds the published and the expected figures.
    """
    recipe = read_recipe(name)
    values: dict[str, Any] = {"backbone": recipe.backbone, **recipe.settings, "strategies": recipe.strategies}
    given = {key: value for key, value in options.items() if value is not None}
    if "weights" in given and "backbone" not in given:
        values["backbone"] = None  # the weights file names its network
    if "cut" in values and {"backbone", "weights"} & set(given):
        cut = values.pop("cut")
        (progress or Silent()).message(
            f"The recipe's cut '{cut}' is a stage of its own network: partial takes its usual."
        )
    own = given.pop("training", {})
    training = {**recipe.training, **own}
    values |= given
    unknown = set(values) - set(Request.__dataclass_fields__) - {"split", "threads", "budget", "trackers"}
    if unknown:
        raise ConfigError(f"The recipe '{name}' sets the unknown option '{min(unknown)}'.", hint="See compare --help.")
    said = {"name": recipe.name, "title": recipe.title, "source": recipe.source, "expected": recipe.expected}
    # What a recipe expects holds for its own network.
    note = {"recipe": {**said, "own_network": not {"backbone", "weights"} & set(given)}}
    place = Path(out) if out is not None else Path(f"{recipe.name}.run")
    parts = ["headstart", "run", name, "--data", str(data)]
    for option in ("backbone", "weights", "epochs", "seed", "device"):
        parts += [f"--{option}", str(given[option])] if option in given else []
    for option, value in own.items():
        parts += ["--set", f"{option}={json.dumps(value)}"]
    command = shlex.join([*parts, "--out", str(place)])
    return compare(data, out=place, training=training, progress=progress, command=command, note=note, **values)


def request_of(verb: str, strategies: Sequence[str] | str | None, options: Mapping[str, Any]) -> Request:
    """Return the request of a verb that takes the options of `compare` by name.

    Raises
    ------
    ConfigError
        If an option is unknown; it names the verb.
    """
    known = set(Request.__dataclass_fields__) - {"strategies", "fixed"}
    for name in options:
        if name not in known:
            raise ConfigError(f"{verb}() has no option '{name}'.", hint="Known: " + ", ".join(sorted(known)) + ".")
    weights = options.get("weights")
    given = {**options, "weights": None if weights is None else str(weights)}
    return Request(strategies=tuple(one.name for one in choose_strategies(strategies)), **given)


def _refuse_splits(request: Request) -> None:
    for name in ("folds", "seeds"):
        if getattr(request, name) is not None:
            raise ConfigError(
                f"fit() has no use for '{name}': it learns once, from the training pictures of one split.",
                hint=f"compare(..., {name}=...) tries strategies over several splits; another seed gives another.",
            )


def _refuse_foreign(folder: Path) -> None:
    """Say before the work, not after it, that the bundle could not be kept there."""
    if not folder.name or folder.name == "..":
        raise ConfigError(
            f"'{folder}' is no name for a bundle.", hint="Give it a name of its own, such as birds.bundle."
        )
    if folder.exists() and not (folder / "bundle.json").is_file() and (folder.is_file() or any(folder.iterdir())):
        raise ConfigError(f"'{folder}' exists and is not a bundle.", hint="Choose another name with --out.")
