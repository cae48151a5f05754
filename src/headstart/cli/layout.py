"""How help looks (plain text, options in groups, examples at the end) and how commands end."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from headstart.cli.edge import errors_shown


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Let what was typed wrongly, which may be the name of a file, be repeated without what steers a terminal."""
    try:
        yield
    except Exception as error:
        said = getattr(error, "message", None)  # typer does not tell the class of its errors
        if isinstance(said, str):
            from headstart.base.signs import clean

            error.message = clean(said)  # type: ignore[attr-defined]
        raise


class Command(TyperCommand):
    """A command whose options stand in groups and whose errors end at one edge."""

    continues = False  # whether the same command goes on after it was stopped

    def make_context(self, *given: Any, **options: Any) -> Any:
        """Read what was typed."""
        with _plain_errors():
            return super().make_context(*given, **options)

    def goes_on(self, ctx: Any) -> bool:  # noqa: ARG002 - what was typed may decide
        """Return whether the same command would go on after it was stopped."""
        return self.continues

    def invoke(self, ctx: Any) -> Any:
        """Run the command; every error becomes a message and an exit code."""
        with errors_shown(continues=self.goes_on(ctx)):
            return super().invoke(ctx)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments, the command's own options, then the others group by group."""
        groups: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            if parameter.param_type_name == "argument":
                groups["Arguments"].append((_name(parameter), getattr(parameter, "help", None) or ""))
                continue
            record = parameter.get_help_record(ctx)
            if record is not None:
                title = getattr(parameter, "rich_help_panel", None) or "Options"
                groups.setdefault(title, []).append((record[0], record[1].replace("  [", " [")))
        _write_groups(ctx, formatter, groups)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return what stands behind the command's name in its usage line."""
        arguments = [each for each in self.get_params(ctx) if each.param_type_name == "argument"]
        return ["[OPTIONS]", *(_name(each) if each.required else f"[{_name(each)}]" for each in arguments)]

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples as they are typed, one a line."""
        _write_examples(ctx, formatter, self.epilog)


class LongCommand(Command):
    """A command that goes on where it was stopped."""

    continues = True


class Group(TyperGroup):
    """A group of commands that lists them by what they are for."""

    def resolve_command(self, *given: Any, **options: Any) -> Any:
        """Find the command that was typed."""
        with _plain_errors():
            return super().resolve_command(*given, **options)

    def make_context(self, *given: Any, **options: Any) -> Any:
        """Read what was typed."""
        with _plain_errors():
            return super().make_context(*given, **options)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands panel by panel."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is None or command.hidden:
                continue
            title = getattr(command, "rich_help_panel", None) or "Commands"
            title = title if isinstance(title, str) else "Commands"
            groups.setdefault(title, []).append((name, command.get_short_help_str(200)))
        _write_groups(ctx, formatter, groups)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples as they are typed, one a line."""
        _write_examples(ctx, formatter, self.epilog)


def heading(ctx: Any, title: str) -> str:
    """Return the title of a section, bold where the terminal can show it."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or ctx.color is False
    return title if plain or not sys.stdout.isatty() else typer.style(title, bold=True)


def _name(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper())


def _write_examples(ctx: Any, formatter: Any, examples: str | None) -> None:
    if examples:
        with formatter.section(heading(ctx, "Examples")):
            for line in examples.splitlines():
                formatter.write(f"  {line}\n")


def _write_groups(ctx: Any, formatter: Any, groups: dict[str, list[tuple[str, str]]]) -> None:
    """Write definition lists with one width of the first column over all groups."""
    for title, rows in groups.items():
        if rows:
            with formatter.section(heading(ctx, title)):
                widest = max(len(first) for several in groups.values() for first, _ in several)
                padded = [(first.ljust(min(widest, 28)), second) for first, second in rows]
                formatter.write_dl(padded, col_max=28)
