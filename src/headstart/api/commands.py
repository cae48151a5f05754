"""How an experiment is typed: the command line that gives it, or the call in Python."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import cast

from headstart.base.options import Kind, Option, options_of
from headstart.experiment.option_table import VERBS
from headstart.strategies import STRATEGIES
from headstart.table import Table


def command_of(
    verb: str, subject: str | Path | Table | None, options: Mapping[str, object], *, data: str | Path | None = None
) -> str:
    """Return the command line that does this, or the call in Python where no command line can.

    Parameters
    ----------
    verb : str
        Of `headstart.experiment.option_table.VERBS`.
    subject : path, Table or str, optional
        What the verb is about: pictures, or the name of a recipe.
    options : mapping
        Options that were given; those that say no more than the default are left out.
    data : path, optional
        The pictures, where the subject is something else.
    """
    row = VERBS[verb]
    table, shown = options_of(row.table), row.on_command_line()
    given = {name: options[name] for name in table if name in options and not _is_default(table[name], options[name])}
    about = None if subject is None else os.fspath(subject.root if isinstance(subject, Table) else subject)
    if not all(name in shown and _can_be_typed(table[name], value) for name, value in given.items()):
        return _call(verb, about, {} if data is None else {"data": data}, given)
    parts = ["headstart", row.command or verb, *([] if about is None else [about])]
    parts += [] if data is None else ["--data", os.fspath(data)]
    for name, value in given.items():
        parts += _TYPED[table[name].kind](table[name], value)
    return shlex.join(parts)


def reproducing(verb: str, options: Mapping[str, object]) -> dict[str, object]:
    """Return those options on which the results depend: the others say how, where and how long to work."""
    table = options_of(VERBS[verb].table)
    return {name: value for name, value in options.items() if name in table and table[name].reproduces}


def _is_default(option: Option, value: object) -> bool:
    if option.kind == "names" and value is not None:
        return list(_names(value)) == list(STRATEGIES)
    return value is None or value == option.default or (option.kind in ("settings", "flags") and not value)


def _can_be_typed(option: Option, value: object) -> bool:
    return option.kind == "settings" or not isinstance(value, Mapping)


def _call(verb: str, about: str | None, first: Mapping[str, object], options: Mapping[str, object]) -> str:
    said = {name: str(value) if isinstance(value, Path) else value for name, value in {**first, **options}.items()}
    given = [] if about is None else [repr(about)]
    return f"headstart.{verb}({', '.join([*given, *(f'{name}={value!r}' for name, value in said.items())])})"


def _names(value: object) -> Iterable[str]:
    return (name.strip() for name in value.split(",")) if isinstance(value, str) else cast(Iterable[str], value)


def _with_value(option: Option, value: object) -> list[str]:
    return [str(option.typed), ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)]


def _settings(option: Option, value: object) -> list[str]:
    pairs = cast(Mapping[str, object], value).items()
    return [part for name, each in pairs for part in (str(option.typed), f"{name}={json.dumps(each)}")]


# By kind of option: what is typed for a value.
_TYPED: Mapping[Kind, Callable[[Option, object], list[str]]] = {
    "text": _with_value,
    "number": _with_value,
    "file": _with_value,
    "flag": lambda option, _: [str(option.typed)],
    "names": lambda option, value: [str(option.typed), ",".join(_names(value))],
    "settings": _settings,
    "flags": lambda _, value: [f"--{name}" for name in _names(value)],
}
