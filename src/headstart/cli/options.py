"""The command line's side of the table of options: what typer is told of each, and what is made of what was typed."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, get_type_hints

import typer

from headstart.base.errors import ConfigError
from headstart.base.options import Kind, Option, options_of
from headstart.base.outputs import READ
from headstart.experiment.option_groups import DEFAULT_BACKBONE, DeviceOptions, PictureOptions, ThreadsOption
from headstart.experiment.option_table import REQUEST, Verb
from headstart.records.record import Scalar

__all__ = [
    "DEFAULT_BACKBONE",
    "AsJson",
    "Bundle",
    "Data",
    "ImageSize",
    "Offline",
    "Quiet",
    "Threads",
    "options_from",
    "settings",
]

_CHOSEN = "chosen"  # the parameter of a command in whose place the options of its table stand


def flag(option: Option, *, default_shown: str | None = None) -> typer.models.OptionInfo:
    """Return what typer is told of an option; a default is part of its help, so that what is typed stays apart."""
    usual = option.default_shown if default_shown is None else default_shown
    info: typer.models.OptionInfo = typer.Option(
        str(option.typed),
        metavar=None if option.kind == "flag" else option.values,
        help=option.help + (f"  [default: {usual}]" if usual else ""),
        rich_help_panel=option.panel,
        show_default=False,
    )
    return info


Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A folder with train/ val/ [test/], a folder of class folders, or a CSV or Parquet list.",
        show_default=False,
    ),
    READ,
]
Bundle = Annotated[
    str,
    typer.Argument(metavar="BUNDLE", help="A saved classifier: a folder, or a .zip of it.", show_default=False),
    READ,
]
ImageSize = Annotated[int | None, flag(options_of(PictureOptions)["image_size"])]
Threads = Annotated[int | None, flag(options_of(ThreadsOption)["threads"])]
Offline = Annotated[bool, flag(options_of(DeviceOptions)["offline"])]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress, only the result.", show_default=False)]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document to stdout, and nothing else.", show_default=False)
]


def options_from(verb: Verb) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of a verb's table.

    They stand in the place of its parameter `chosen`, a mapping of those that were typed. What was not typed is left to
    the library, whose defaults are those of the table.
    """
    shown = verb.on_command_line()

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        def command(**typed: object) -> None:
            chosen = dict(_said(shown, typed))
            function(**{name: value for name, value in typed.items() if name in own}, chosen=chosen)

        own = dict(inspect.signature(function).parameters)
        hints = get_type_hints(function, include_extras=True)
        parameters = []
        for name, parameter in own.items():
            if name == _CHOSEN:
                parameters += list(_parameters(shown, verb.own_defaults))
            else:
                parameters.append(parameter.replace(annotation=hints[name]))
        del own[_CHOSEN]
        command.__name__, command.__doc__, command.__module__ = function.__name__, function.__doc__, function.__module__
        command.__annotations__ = {each.name: each.annotation for each in parameters}
        command.__dict__["__signature__"] = inspect.Signature(parameters)
        return command

    return decorate


def _parameters(shown: Mapping[str, Option], own_defaults: str) -> Iterator[inspect.Parameter]:
    """Yield a parameter for each option, for ``"flags"`` one for each flag; None or False: it was not typed."""
    for option in shown.values():
        if option.kind != "flags":
            others = own_defaults and option.name in REQUEST  # who sets them may leave one open: then nothing is said
            yield _parameter(option, (option.default_shown and own_defaults) if others else None)
        for name, text in option.flags.items():
            yield _parameter(Option(name=name, help=text, kind="flag", default=False, panel=option.panel), None)


def _parameter(option: Option, default_shown: str | None) -> inspect.Parameter:
    kind, nothing = _TYPES[option.kind]
    annotation = Annotated[kind, flag(option, default_shown=default_shown), option.marks]  # type: ignore[valid-type]
    return inspect.Parameter(option.name, inspect.Parameter.KEYWORD_ONLY, default=nothing, annotation=annotation)


# By kind of option: what typer reads, and what says that nothing was typed.
_TYPES: Mapping[Kind, tuple[object, object]] = {
    "text": (str | None, None),
    "number": (int | None, None),
    "file": (Path | None, None),
    "flag": (bool, False),
    "names": (str | None, None),
    "settings": (list[str] | None, None),
}


def _said(shown: Mapping[str, Option], typed: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Yield the options that were typed, as the library takes them."""
    for name, option in shown.items():
        value = [flag for flag in option.flags if typed[flag]] if option.kind == "flags" else typed[name]
        if value is not None and value is not False and value != []:
            yield name, _READ[option.kind](value) if option.kind in _READ else value


def names(text: str) -> list[str]:
    """Return the names in ``a,b``."""
    return [name.strip() for name in text.split(",") if name.strip()]


def settings(pairs: list[str]) -> dict[str, Scalar]:
    """Return ``NAME=VALUE`` pairs as a dict; numbers, true, false and null are read as such.

    Raises
    ------
    ConfigError
        If one has no ``=``.
    """
    chosen: dict[str, Scalar] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name.strip():
            raise ConfigError(f"'--set {pair}' has no value.", hint="Write --set NAME=VALUE.")
        try:
            chosen[name.strip().replace("-", "_")] = json.loads(value)
        except json.JSONDecodeError:  # a word, as in optimizer=sgd
            chosen[name.strip().replace("-", "_")] = value.strip()
    return chosen


_READ: Mapping[Kind, Callable[..., object]] = {"names": names, "settings": settings}
