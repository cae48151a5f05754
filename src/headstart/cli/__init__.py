"""The command line: parse, call the API, print. The only place that imports typer."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command line; the entry point of the command ``headstart``."""
    from headstart.cli.app import app
    from headstart.cli.edge import speak_utf8_where_possible

    speak_utf8_where_possible()
    app(prog_name="headstart")
