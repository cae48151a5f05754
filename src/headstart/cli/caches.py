"""The commands on the user's cache: list, clear, limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from headstart.cli import options
from headstart.cli.session import Session, open_session

if TYPE_CHECKING:
    from headstart.records.listing import CacheRemoval

What = Annotated[str, typer.Argument(metavar="[all|pixels|features|engines|trainings]", help="What to remove.")]
Single = Annotated[bool, typer.Option("--all", help="List every entry.", show_default=False)]
Size = Annotated[str, typer.Argument(metavar="SIZE", help="E.g. 20GB or 500MB. It starts at 50GB.", show_default=False)]


def list_cache(ctx: typer.Context, *, single: Single = False, as_json: options.AsJson = False) -> None:
    """Show what is kept between runs: by kind how many entries, how large, and when they were last used.

    What has not been used for 30 days is removed when something new is kept.
    """
    from headstart.cli.cached import entry_lines, kind_lines

    session = open_session(ctx)
    session.tell(session.verbs.list_cache(), entry_lines if single else kind_lines, as_json=as_json)


def clear_cache(ctx: typer.Context, what: What = "all", *, as_json: options.AsJson = False) -> None:
    """Delete cached files. Only time is lost."""
    session = open_session(ctx)
    _tell(session.verbs.clear_cache(what), session, as_json=as_json)


def limit_cache(ctx: typer.Context, size: Size, *, as_json: options.AsJson = False) -> None:
    """Set how large the cache may grow. What has not been used for the longest time is deleted first."""
    session = open_session(ctx)
    _tell(session.verbs.limit_cache(size), session, as_json=as_json)


def _tell(done: CacheRemoval, session: Session, *, as_json: bool) -> None:
    from headstart.report.lines import Line
    from headstart.report.numbers import file_size

    if as_json:
        session.screen.json(done)
        return
    if done.limit is not None:
        limit = file_size(done.limit)
        session.screen.show([Line(f"The cache may now take up to {limit}. Files used within the last hour are kept.")])
    if done.removed or done.limit is None:
        noun = "entry" if done.removed == 1 else "entries"
        session.screen.show([Line(f"Removed {done.removed} {noun}, {file_size(done.bytes)}.")])
