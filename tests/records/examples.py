"""Records made by looking at their types: whatever field a record gets is filled, and damaged, without a word here."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import msgspec

import headstart
from headstart.experiment.request import Request
from headstart.records.record import Record, Whole

BOUNDS = ("ge", "le")


def all_records() -> list[type[Record]]:
    """Return every kind of record of the house."""
    for module in pkgutil.walk_packages(headstart.__path__, "headstart."):
        if "trackers" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return sorted({*_below(Record)}, key=lambda kind: (kind.__module__, kind.__name__))


def _below(kind: type[Record]) -> Iterator[type[Record]]:
    for below in kind.__subclasses__():
        if below.__module__.startswith("headstart."):
            if not issubclass(below, Request):  # which is what somebody asks for, and is never read
                yield below
            yield from _below(below)


def hints_of(kind: type[Record]) -> dict[str, Any]:
    """Return the types of a record's values, with what they may be."""
    found = get_type_hints(kind, include_extras=True)
    return {name: found[name] for name in kind.__struct_fields__}


def bare_numbers(hint: Any) -> bool:
    """Return whether a type has a number that may be anything."""
    if hint in (int, float):
        return True
    if get_origin(hint) is Annotated:
        kind, *notes = get_args(hint)
        bounded = all(any(getattr(note, bound, None) is not None for note in notes) for bound in BOUNDS)
        return bare_numbers(kind) and not bounded
    return any(map(bare_numbers, get_args(hint)))


def example(hint: Any, text: str = "name", end: str = "ge") -> Any:
    """Return plain values of a type, as they stand in a file: every text is `text`, every number at one `end`.

    So all names agree with each other; what may be None is there all the same, and every list has one entry.
    """
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _annotated(inside, text, end)
    if origin is Literal:
        return inside[0]
    if origin in (Union, UnionType):
        return example(_fullest(inside), text, end)
    if origin is tuple:
        kinds = [kind for kind in inside if kind is not Ellipsis]
        return [example(kind, text, end) for kind in kinds]
    if origin in (dict, Mapping):
        return {example(inside[0], text, end): example(inside[1], text, end)}
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        own = {} if not issubclass(hint, Record) else hints_of(hint)
        return {name: example(kind, text, end) for name, kind in own.items()}
    return {str: text, object: text, bool: True, int: 2, float: 0.5}[hint]


def _annotated(inside: tuple[Any, ...], text: str, end: str) -> Any:
    kind, *notes = inside
    limit = next((value for note in notes if (value := getattr(note, end, None)) is not None), None)
    if kind in (int, float) and limit is not None:
        return cast("Any", kind)(limit)
    if kind is str:
        return _fitting(text, next(note.pattern for note in notes if getattr(note, "pattern", None)))
    return example(kind, text, end)


def _fitting(text: str, pattern: str) -> str:
    """Return as much of a text as such a name may have."""
    one_line = "".join(sign for sign in text if sign.isprintable())[:200]
    choices = (text[:200], one_line, re.sub(r"[/\\]", "", one_line), "name")
    return next(choice for choice in choices if choice and re.search(pattern, choice))


def _fullest(kinds: tuple[Any, ...]) -> Any:
    """Return the kind of a union that holds most: a record, else a text, else a number."""
    there = [kind for kind in kinds if kind is not NoneType]
    records = [kind for kind in there if isinstance(kind, type) and issubclass(kind, msgspec.Struct)]
    return (records or [kind for kind in there if kind is str] or [kind for kind in there if kind != Whole] or there)[0]


def leaves(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the places of all values, deepest last."""
    if at:
        yield at
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from leaves(value[key], (*at, key))


def at_place(value: Any, place: tuple[str | int, ...]) -> Any:
    """Return what stands at a place."""
    for key in place:
        value = value[key]
    return value
