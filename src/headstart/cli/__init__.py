"""The command line: parse, call the API, print. The only place that imports typer."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command line; the entry point of the command ``headstart``."""
    from headstart.cli.app import app
    from headstart.cli.edge import end_when_asked, speak_utf8_where_possible

    speak_utf8_where_possible()
    end_when_asked()
    app(prog_name="headstart")
