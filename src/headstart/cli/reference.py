"""The command reference, made from the commands' own help: ``python -m headstart.cli.reference FILE``.

With ``--check`` nothing is written; a file that differs from what the commands say is an error.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_type_hints

import typer

from headstart.base.files import write_text
from headstart.base.options import Option, options_of, type_shown
from headstart.cli.app import app
from headstart.experiment.option_table import VERBS, Verb

_WIDTH = 100
_OPENING = """# Commands

Made by `python -m headstart.cli.reference docs/commands.md` from the commands' own help. Do not edit.

Exit codes: 0 done · 1 unexpected error · 2 wrong command or option · 3 problem with the pictures · 4 with weights ·
5 with the disk · 6 with a saved classifier · 7 an optional package is missing · 8 problem with an exported network ·
9 with a tracker · 10 done, but some pictures could not be read and have no answer (`predict`, `evaluate`) ·
129 the terminal was closed (SIGHUP) · 130 stopped by Ctrl-C · 141 the pipe was closed · 143 asked to end (SIGTERM).
`serve` ends with 0 after Ctrl-C and SIGTERM, which is how it is stopped.

What an option writes (`--csv`, `--grid`, `--page`, `--out`, `--to`) replaces what headstart wrote there before and
nothing else: a file or folder of yours is left as it is, with exit code 2, before any work. So is what you changed
since: a table, a grid, a page, the README.md of a bundle. The checksums of tables are in the cache; if they are lost, a
table is not replaced either. `report.html` and `report.md` in a run folder are made anew: keep notes elsewhere.

Environment variables: `HEADSTART_CACHE` moves the cache. `HEADSTART_MAX_PIXELS` says how large a picture may be
(200 million). `HEADSTART_OFFLINE=1` and `HF_HUB_OFFLINE=1` do the same as `--offline`. `NO_COLOR` switches colours off.
`HEADSTART_DEBUG=1` shows tracebacks. `HEADSTART_TOKEN` is the token that `serve` wants of those who ask.
"""

_IN_PYTHON = """## Options in Python

Every option of a command is an argument of the function of that name: `headstart compare photos/ --image-size 96` does
the same as `headstart.compare("photos/", image_size=96)`. The commands `demo` and `run` have fewer options than their
functions, `demo` and `run_recipe`.
"""


def reference() -> str:
    """Return the reference of all commands as Markdown, the same on every terminal."""
    parts = [_OPENING]
    for name, text in _helps(typer.main.get_command(app), "headstart", None):
        parts.append(f"## {name}\n\n```text\n{text.rstrip()}\n```\n")
    return "\n".join([*parts, *option_lines(VERBS), ""])


def option_lines(verbs: Mapping[str, Verb]) -> list[str]:
    """Return every option of these verbs in one Markdown table: how it is given, its default, and who takes it."""
    lines = [_IN_PYTHON, "| argument | type | option | default | taken by | |", "|---|---|---|---|---|---|"]
    seen: list[Option] = []
    for row in verbs.values():
        types = get_type_hints(row.table)
        for name, option in options_of(row.table).items():
            if option not in seen:
                seen.append(option)
                lines.append(_option_line(option, type_shown(types[name]), _takers(verbs, option)))
    return lines


def _takers(verbs: Mapping[str, Verb], option: Option) -> list[str]:
    return [verb for verb, row in verbs.items() if options_of(row.table).get(option.name) == option]


def _option_line(option: Option, kind: str, takers: Sequence[str]) -> str:
    flags = [f"--{name}" for name in option.flags] or [option.typed or "none"]
    text = " ".join(filter(None, (option.help, option.more)))
    cells = [f"`{option.name}`", kind, ", ".join(flags), option.default_shown, ", ".join(takers), text]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


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
