"""All commands, in the order and groups in which help lists them."""

from __future__ import annotations

from typing import Annotated

import typer

from headstart import __version__
from headstart.cli import caches, classifiers, experiments, pictures
from headstart.cli.layout import Command, Group, LongCommand

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_EXAMPLES = """\
headstart demo                          see it work on real photographs, about two minutes
headstart compare photos/               all strategies on your own class folders
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


app = _new("From a folder of pictures to an image classifier that can be trusted.", _EXAMPLES)
weights = _new("Pre-trained weights: which are at hand, and whether they are whole.")
data = _new("Public sets of pictures to try things on.")
cache = _new("What is kept between runs, decoded pictures, features, exported networks: it can always be made anew.")


@app.callback(invoke_without_command=True)
def root(
    ctx: typer.Context,
    *,
    version: Annotated[bool, typer.Option("--version", help="Say the version.", show_default=False)] = False,
) -> None:
    """From a folder of pictures to an image classifier that can be trusted."""
    if version:
        typer.echo(f"headstart {__version__}")
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())
        raise typer.Exit


_START, _CLASSIFIER, _AROUND = "Find out what works", "Train one and use it", "Look around"

app.command(
    cls=LongCommand,
    rich_help_panel=_START,
    context_settings=_CONTEXT,
    epilog="headstart demo\nheadstart demo --out my.run",
)(experiments.demo)
app.command(
    cls=LongCommand,
    rich_help_panel=_START,
    context_settings=_CONTEXT,
    epilog="headstart compare photos/\n"
    "headstart compare photos/ --strategies linear,svm --backbone resnet18 --out first.run\n"
    "headstart compare list.csv --epochs 10 --set optimizer=sgd --json > results.json",
)(experiments.compare)
app.command(
    cls=LongCommand,
    rich_help_panel=_START,
    context_settings=_CONTEXT,
    epilog="headstart plan photos/\nheadstart plan photos/ --strategies full --backbone resnet50",
)(experiments.plan)
app.command(
    cls=LongCommand,
    rich_help_panel=_START,
    context_settings=_CONTEXT,
    epilog="headstart data fetch hymenoptera\nheadstart run ants_bees --data hymenoptera",
)(experiments.run)
app.command(
    cls=Command,
    rich_help_panel=_CLASSIFIER,
    context_settings=_CONTEXT,
    epilog="headstart fit photos/ --strategy svm --out birds.bundle\n"
    "headstart fit photos/ --strategy partial --unfreeze 2 --epochs 10",
)(classifiers.fit)
app.command(
    cls=Command,
    rich_help_panel=_CLASSIFIER,
    context_settings=_CONTEXT,
    epilog="headstart evaluate birds.bundle photos/",
)(classifiers.evaluate)
app.command(
    cls=Command,
    rich_help_panel=_CLASSIFIER,
    context_settings=_CONTEXT,
    epilog="headstart predict birds.bundle new/\n"
    "headstart predict birds.bundle new/ --csv answers.csv --grid answers.png\n"
    "headstart predict birds.bundle one.jpg --json",
)(classifiers.predict)
app.command(
    cls=Command, rich_help_panel=_AROUND, context_settings=_CONTEXT, epilog="headstart look photos/ --grid look.png"
)(pictures.look)
app.command(cls=Command, rich_help_panel=_AROUND, context_settings=_CONTEXT, epilog="headstart stages resnet18")(
    pictures.stages
)
weights.command("list", cls=Command, context_settings=_CONTEXT)(pictures.list_weights)
weights.command("verify", cls=Command, context_settings=_CONTEXT)(pictures.verify_weights)
data.command("fetch", cls=Command, context_settings=_CONTEXT, epilog="headstart data fetch hymenoptera")(
    pictures.fetch_data
)
cache.command("list", cls=Command, context_settings=_CONTEXT)(caches.list_cache)
cache.command("clear", cls=Command, context_settings=_CONTEXT, epilog="headstart cache clear features")(
    caches.clear_cache
)
cache.command("limit", cls=Command, context_settings=_CONTEXT, epilog="headstart cache limit 20GB")(caches.limit_cache)
app.add_typer(weights, name="weights", rich_help_panel=_AROUND)
app.add_typer(data, name="data", rich_help_panel=_AROUND)
app.add_typer(cache, name="cache", rich_help_panel=_AROUND)
