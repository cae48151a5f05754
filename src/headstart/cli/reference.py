"""The command reference, made from the commands' own help: ``python -m headstart.cli.reference FILE``.

With ``--check`` nothing is written; a file that differs from what the commands say is an error.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from headstart.base.files import write_text
from headstart.cli.app import app

_WIDTH = 100
_OPENING = """# Commands

Made by `python -m headstart.cli.reference docs/commands.md` from the commands' own help: do not edit.

Exit codes: 0 done · 1 unexpected · 2 a command or option that cannot be right · 3 the pictures ·
4 weights · 5 disk · 6 a saved classifier · 7 an optional package is missing · 8 an exported network · 9 a tracker ·
130 stopped by Ctrl-C · 143 asked to end (SIGTERM) · 141 a pipe that was closed.

`HEADSTART_CACHE` moves the cache, `HEADSTART_MAX_PIXELS` is how large a picture may be (200 million),
`HEADSTART_OFFLINE=1` or `HF_HUB_OFFLINE=1` is `--offline`, `NO_COLOR` switches colours off,
`HEADSTART_DEBUG=1` shows tracebacks.
"""


def reference() -> str:
    """Return the reference of all commands as Markdown, the same on every terminal."""
    parts = [_OPENING]
    for name, text in _helps(typer.main.get_command(app), "headstart", None):
        parts.append(f"## {name}\n\n```text\n{text.rstrip()}\n```\n")
    return "\n".join(parts)


def _helps(command: Any, name: str, parent: Any) -> Iterator[tuple[str, str]]:
    """Yield names and help texts of a command and of all below it."""
    settings = {"terminal_width": _WIDTH, "color": False, "parent": parent, "info_name": name.rpartition(" ")[2]}
    context = command.context_class(command, help_option_names=["-h", "--help"], **settings)
    yield name, command.get_help(context)
    for below, child in getattr(command, "commands", {}).items():
        yield from _helps(child, f"{name} {below}", context)


def main(arguments: Sequence[str]) -> int:
    """Write the reference, or check it; return the exit code."""
    paths = [Path(argument) for argument in arguments if argument != "--check"]
    if len(paths) != 1:
        typer.echo("Usage: python -m headstart.cli.reference [--check] FILE", err=True)
        return 2
    text = reference()
    if "--check" not in arguments:
        write_text(paths[0], text)
        return 0
    if paths[0].is_file() and paths[0].read_text(encoding="utf-8") == text:
        return 0
    typer.echo(f"{paths[0]} is stale: python -m headstart.cli.reference {paths[0]}", err=True)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
