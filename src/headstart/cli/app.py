"""All commands, in the order and groups in which help lists them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from headstart.base.version import __version__
from headstart.cli import (
    activity,
    advising,
    caches,
    classifiers,
    delivering,
    experiments,
    packing,
    pictures,
    predicting,
    reports,
    serving,
)
from headstart.cli.layout import Command, Group, LongCommand

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_EXAMPLES = """\
headstart demo                          see it work on real photographs (minutes)
headstart compare photos/               compare all strategies on your own pictures
headstart predict photos.run/bundles/linear new/"""


def _new(help_text: str, examples: str | None = None) -> typer.Typer:
    return typer.Typer(
        cls=Group,
        help=help_text,
        epilog=examples,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=_CONTEXT,
    )


app = _new("Turn a folder of pictures into an image classifier that you can trust.", _EXAMPLES)
weights = _new("Pretrained weights: list and check them.")
data = _new("Public sets of pictures to try headstart on.")
cache = _new("Files kept to save time (decoded pictures, features, exported networks); safe to delete.")


@app.callback(invoke_without_command=True)
def root(
    ctx: typer.Context,
    *,
    version: Annotated[bool, typer.Option("--version", help="Show the version.", show_default=False)] = False,
) -> None:
    """Turn a folder of pictures into an image classifier that you can trust."""
    if version:
        typer.echo(f"headstart {__version__}")
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())
        raise typer.Exit


def _add(
    group: typer.Typer,
    function: Callable[..., None],
    panel: str | None = None,
    *examples: str,
    name: str | None = None,
    kind: type[Command] = Command,
) -> None:
    """Put a command into a group, with its examples."""
    group.command(name, cls=kind, rich_help_panel=panel, context_settings=_CONTEXT, epilog="\n".join(examples) or None)(
        function
    )


_START, _CLASSIFIER, _AROUND = "Find out what works", "Train a classifier and use it", "Look around"
_AWAY = "Take a classifier elsewhere"

_add(app, experiments.demo, _START, "headstart demo", "headstart demo --out my.run", kind=LongCommand)
_add(
    app,
    experiments.compare,
    _START,
    "headstart compare photos/",
    "headstart compare photos/ --strategies linear,svm --backbone resnet18 --out first.run",
    "headstart compare list.csv --epochs 10 --set optimizer=sgd --json > results.json",
    kind=LongCommand,
)
_add(
    app,
    advising.advise,
    _START,
    "headstart advise photos/",
    "headstart advise photos/ --backbones tf_efficientnet_lite0,resnet18,mobilenet_v2.safetensors",
)
_add(
    app,
    experiments.plan,
    _START,
    "headstart plan photos/",
    "headstart plan photos/ --strategies full --backbone resnet50",
)
_add(
    app,
    activity.activity,
    _START,
    "headstart activity photos/",
    "headstart activity photos/ --unfreeze 0..5 --epochs 5 --out black.run",
    kind=LongCommand,
)
_add(
    app,
    experiments.run,
    _START,
    "headstart data fetch hymenoptera",
    "headstart run ants_bees --data hymenoptera",
    kind=LongCommand,
)
_add(
    app,
    classifiers.fit,
    _CLASSIFIER,
    "headstart fit photos/ --strategy svm --out birds.bundle",
    "headstart fit photos/ --strategy partial --unfreeze 2 --epochs 10",
)
_add(app, classifiers.evaluate, _CLASSIFIER, "headstart evaluate birds.bundle photos/")
_add(
    app,
    predicting.predict,
    _CLASSIFIER,
    "headstart predict birds.bundle new/",
    "headstart predict birds.bundle new/ --csv answers.csv --grid answers.png",
    "headstart predict birds.bundle one.jpg --json",
    "headstart predict birds.bundle archive/ --out answers --format parquet",
    "headstart predict birds.bundle --list files.txt --out answers",
    "headstart predict birds.bundle --watch incoming --out answers",
    kind=predicting.PredictCommand,
)
_add(
    app,
    delivering.export,
    _AWAY,
    "headstart export photos.run/bundles/linear --out birds.onnx",
    "headstart export birds.bundle --data photos/ --int8 --out small.onnx",
    "headstart export birds.bundle --to web --out birds.html",
)
_add(app, delivering.verify, _AWAY, "headstart verify birds.onnx birds.bundle new/")
_add(
    app,
    packing.pack,
    _AWAY,
    "headstart pack birds.bundle",
    "headstart pack photos.run/bundles/linear --out birds.zip",
)
_add(
    app,
    serving.serve,
    _AWAY,
    "headstart serve birds.bundle",
    "headstart serve birds.bundle bees=photos.run/bundles/svm --port 8080",
    "headstart serve birds.bundle --host 0.0.0.0 --token-file token.txt",
)
_add(
    app,
    reports.report,
    _AROUND,
    "headstart report photos.run",
    "headstart report photos.run --data /somewhere/else/photos",
    "headstart report photos.run --tensorboard --mlflow",
    "headstart report photos.run --activity",
)
_add(
    app,
    reports.compare_runs,
    _AROUND,
    "headstart compare-runs birds.run flowers.run",
    "headstart compare-runs resnet18.run lite0.run --page networks.html",
    name="compare-runs",
)
_add(app, pictures.look, _AROUND, "headstart look photos/ --grid look.png")
_add(app, pictures.stages, _AROUND, "headstart stages resnet18")
_add(weights, pictures.list_weights, name="list")
_add(weights, pictures.verify_weights, name="verify")
_add(data, pictures.fetch_data, None, "headstart data fetch hymenoptera", name="fetch")
_add(cache, caches.list_cache, name="list")
_add(cache, caches.clear_cache, None, "headstart cache clear features", name="clear")
_add(cache, caches.limit_cache, None, "headstart cache limit 20GB", name="limit")
app.add_typer(weights, name="weights", rich_help_panel=_AROUND)
app.add_typer(data, name="data", rich_help_panel=_AROUND)
app.add_typer(cache, name="cache", rich_help_panel=_AROUND)
