"""The command that serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from headstart.base.outputs import READ
from headstart.cli import options
from headstart.cli.session import open_session
from headstart.experiment.option_table import VERBS, ServeOptions
from headstart.records.progress import Silent

if TYPE_CHECKING:
    from headstart.cli.screen import Screen

Bundles = Annotated[
    list[str],
    typer.Argument(
        metavar="BUNDLE...",
        help="Saved classifiers, called by their folders; or NAME=BUNDLE.",
        show_default=False,
    ),
    READ,
]


class Told(Silent):
    """Prints what the server says, each line at once; warnings go to stderr."""

    def __init__(self, screen: Screen, aside: Screen) -> None:
        self._screen, self._aside = screen, aside

    def message(self, text: str) -> None:
        """Print a line."""
        from headstart.report.lines import Line

        screen = self._aside if text.startswith("!") else self._screen
        screen.show([Line(text, "warning" if text.startswith("!") else "plain")])
        screen.console.file.flush()


@options.options_from(VERBS["serve"])
def serve(ctx: typer.Context, bundles: Bundles, *, chosen: ServeOptions) -> None:
    """Answer for pictures over HTTP, with a page for browsers.

    The first start exports each network to the cache. Replace a bundle in its place (`headstart fit --out` does), and
    the server answers with the new one from then on, without losing a request. SIGTERM and Ctrl-C stop it after the
    last answer.
    """
    session = open_session(ctx, threads=chosen.get("threads"))
    session.verbs.serve(bundles, progress=Told(session.screen, session.aside), **chosen)
