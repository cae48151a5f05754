"""What an option is, and how a table of options is read.

A table is a `typing.TypedDict` whose entries are annotated with an `Option`: name and type are those of the entry, and
default, help and limits stand beside them. So one line declares an option for people, for programs and for mypy. The
tables themselves are in `headstart.experiment.option_table`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache, wraps
from math import inf
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import (
    Any,
    Final,
    Literal,
    ParamSpec,
    SupportsIndex,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from headstart.base.errors import ConfigError
from headstart.base.params import bad_parameter

AUTO: Final = "auto"
Kind = Literal["text", "number", "file", "flag", "names", "settings", "flags"]
Default = str | int | bool | None

P = ParamSpec("P")
Answer = TypeVar("Answer")
Table = TypeVar("Table")


@dataclass(frozen=True, kw_only=True)
class Option:
    """One option: everything that the command line, the library and the documentation say of it.

    Parameters
    ----------
    help : str
        What it does, in a sentence or two.
    more : str
        What only somebody who writes Python needs to know besides.
    default : str, int, bool, optional
    usual : str
        What happens where the default is None, in a few words.
    kind : str
        How it is typed: ``"text"``, a whole ``"number"``, a ``"file"``, a ``"flag"`` without a value, ``"names"``
        separated by commas, ``"settings"`` (NAME=VALUE, repeatable), or ``"flags"``, one for each of several names.
    flag : str, optional
        What is typed, by default the name after two hyphens; None: there is no such option on the command line.
    metavar : str
        What stands for its value in help; by default its choices.
    choices : collection of str
        All values that are allowed; a registry may stand here, and grow.
    auto : bool
        Whether ``"auto"`` is allowed besides.
    least, most : int, optional
        Limits of a number.
    panel : str
        The heading in help under which it stands.
    flags : mapping
        For ``"flags"``: the help of each.
    reproduces : bool
        Whether the results depend on it, so that it belongs in the command that gives them again.
    name : str
        Its name in the table.
    """

    help: str
    more: str = ""
    default: Default = None
    usual: str = ""
    kind: Kind = "text"
    flag: str | None = ""
    metavar: str = ""
    choices: Collection[str] = ()
    auto: bool = False
    least: int | None = None
    most: int | None = None
    panel: str | None = None
    flags: Mapping[str, str] = field(default_factory=dict)
    reproduces: bool = True
    name: str = ""

    @property
    def allowed(self) -> tuple[str, ...]:
        """Every value that may be given, where these can be listed."""
        return (AUTO, *self.choices) if self.auto else tuple(self.choices)

    @property
    def typed(self) -> str | None:
        """The flag as it is typed, such as ``--image-size``."""
        return self.flag if self.flag != "" else f"--{self.name.replace('_', '-')}"

    @property
    def values(self) -> str:
        """What stands for its value in help."""
        return self.metavar or "|".join(self.allowed)

    @property
    def default_shown(self) -> str:
        """Its default as help shows it, empty where there is nothing to say."""
        return self.usual if self.default is None or self.default is False else str(self.default)

    def check(self, given: object) -> None:
        """Refuse a value that is not allowed; one that is left out always is.

        Raises
        ------
        ConfigError
            It names the option and what is allowed.
        """
        if given is None and self.default is None:
            return
        if self.allowed and self.kind == "text" and given not in self.allowed:
            near = get_close_matches(str(given), self.allowed, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else "Choose one of these."
            raise ConfigError(f"'{self.name}' must be one of {', '.join(self.allowed)}, not {given!r}.", hint=hint)
        if self.kind == "flag" and not isinstance(given, bool):
            raise ConfigError(f"'{self.name}' must be True or False, not {given!r}.", hint="Give one of the two.")
        if self.kind == "number":
            for value in given.values() if isinstance(given, Mapping) else (given,):
                self._check_number(value)

    def _check_number(self, given: object) -> None:
        whole = isinstance(given, SupportsIndex) and not isinstance(given, bool)
        if not whole or not self._least <= int(cast(SupportsIndex, given)) <= self._most:
            limits = "" if self.least is None else f", {self.least} or more"
            limits = limits if self.most is None else f" from {self.least} to {self.most}"
            raise ConfigError(f"'{self.name}' must be a whole number{limits}.", hint=f"It is {given!r} now.")

    @property
    def _least(self) -> float:
        return -inf if self.least is None else self.least

    @property
    def _most(self) -> float:
        return inf if self.most is None else self.most


def options_of(table: type) -> dict[str, Option]:
    """Return the options of a table by their names, in its order."""
    return dict(_options(cast(Hashable, table)))


@cache
def _options(table: Hashable) -> dict[str, Option]:
    hints = get_type_hints(table, include_extras=True)
    return {name: _option(name, hint) for name, hint in hints.items()}


def _option(name: str, hint: object) -> Option:
    for note in getattr(hint, "__metadata__", ()):
        if isinstance(note, Option):
            return replace(note, name=name)
    raise TypeError(f"The entry '{name}' is not annotated with an Option.")


def completed(table: type[Table], given: Table) -> Table:
    """Return what was `given`, and the default of every option of the `table` that was left out."""
    values = {name: option.default for name, option in options_of(table).items()}
    return cast(Table, values | cast(dict[str, Default], given))


def refuse_unknown(verb: str, given: Iterable[str], known: Iterable[str], elsewhere: Mapping[str, str]) -> None:
    """Refuse names that are no options of a verb.

    Parameters
    ----------
    verb : str
    given, known : iterable of str
    elsewhere : mapping
        For options that this verb does without: the hint.

    Raises
    ------
    ConfigError
        It names the verb and the nearest name.
    """
    names = list(known)
    for name in given:
        if name not in names:
            near = get_close_matches(name, names, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"Its options: {', '.join(sorted(names))}."
            raise ConfigError(f"{verb}() has no option '{name}'.", hint=elsewhere.get(name, hint))


def fits(value: object, hint: Any) -> bool:
    """Return whether a value is of an annotated type, as callers mean it: a number of NumPy is a number."""
    kinds, of = get_args(hint), get_origin(hint)
    if of in (Union, type(int | str)):
        return any(fits(value, kind) for kind in kinds)
    if of is Literal or hint is str:  # which text is another question
        return isinstance(value, str)
    if isinstance(value, str):
        return hint is Path and bool(value)
    if of is not None and issubclass(of, Mapping):
        return isinstance(value, Mapping) and all(fits(each, kinds[1]) for each in value.values())
    if of is not None:  # several values; what can be gone through only once is left alone
        several = isinstance(value, Iterable) and not isinstance(value, bytes | Mapping)
        return several and (not isinstance(value, Collection) or all(fits(each, kinds[0]) for each in value))
    if hint is bool or isinstance(value, bool):
        return hint is bool and isinstance(value, bool)
    return isinstance(value, _MEANT.get(hint, hint))


_MEANT: Mapping[Any, Any] = {int: Integral, float: Real, Path: PathLike}


def refuse_other_types(verb: str, given: Mapping[str, object], table: type) -> None:
    """Refuse options whose value is of a type that they never have; what is left to the default (None) passes.

    Raises
    ------
    ConfigError
        It names the verb, the option and its types.
    """
    types = get_type_hints(table)
    for name, value in given.items():
        if value is not None and name in types and not fits(value, types[name]):
            allowed = type_shown(types[name]).replace(" | ", " or ")
            raise ConfigError(
                bad_parameter(name, f"{verb}()", f"of the type {allowed}", value).message,
                hint=options_of(table)[name].help,
            )


def takes(
    table: type, elsewhere: Callable[[str], Mapping[str, str]] = lambda _: {}
) -> Callable[[Callable[P, Answer]], Callable[P, Answer]]:
    """Let a function that ends in ``**options: Unpack[table]`` show and check these options.

    Its signature then lists every option with its type and default, its docstring explains each, and a name that is
    unknown is refused. The function is still given only what the caller has said; see `completed`.

    Parameters
    ----------
    table : type
        A TypedDict of options.
    elsewhere : callable
        Returns hints for options that only other verbs have, given the function's name.
    """

    def decorate(function: Callable[P, Answer]) -> Callable[P, Answer]:
        own = [each for each in inspect.signature(function).parameters.values() if each.kind != each.VAR_KEYWORD]
        signature = inspect.Signature([*own, *_parameters(table)])

        @wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> Answer:
            name = function.__name__
            refuse_unknown(name, kwargs, signature.parameters, elsewhere(name))
            refuse_other_types(name, kwargs, table)
            return function(*args, **kwargs)

        checked.__dict__["__signature__"] = signature
        checked.__doc__ = _explained(function.__doc__ or "", options_of(table).values())
        return checked

    return decorate


def _parameters(table: type) -> list[inspect.Parameter]:
    types = get_type_hints(table)
    return [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=option.default, annotation=types[name])
        for name, option in options_of(table).items()
    ]


def _explained(docstring: str, options: Iterable[Option]) -> str:
    """Return a docstring with the options in the place of its entry ``**options``."""
    entries = "".join(
        f"    {option.name}\n        {' '.join(filter(None, (option.help, option.more)))}\n" for option in options
    )
    return re.sub(r"^    \*\*options\n(?:        .*\n)*", lambda _: entries, docstring, count=1, flags=re.M)


def type_shown(hint: object) -> str:
    """Return a type as a person would write it in a table."""
    if get_origin(hint) in (Union, type(int | str)):
        return " | ".join(type_shown(each) for each in get_args(hint) if each is not type(None))
    return re.sub(r"\b(?:\w+\.)+", "", str(hint)) if get_origin(hint) else getattr(hint, "__name__", str(hint))
