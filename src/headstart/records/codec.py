"""How records become JSON and come back: the one place that knows the keys of a file.

Reading is strict: a key that is missing, unknown or of another kind is an error that names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

from headstart.base.errors import ConfigError, StoreError
from headstart.base.files import read_json, to_json, write_json
from headstart.records.record import Interval, Record

AnyRecord = TypeVar("AnyRecord")


def plain(record: object) -> Any:
    """Return a record, or a list of them, as plain values for JSON; NumPy numbers become plain."""
    return msgspec.to_builtins(record, enc_hook=_plain, str_keys=True)


def encoded(record: object) -> str:
    """Return a record as indented JSON: numbers unrounded, null for what is no number."""
    return to_json(plain(record))


def write_record(path: Path, record: msgspec.Struct) -> None:
    """Write a record durably.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    write_json(path, plain(record))


def read_record(path: Path, kind: type[AnyRecord], *, schema: int | None = None, again: str = "") -> AnyRecord:
    """Return the record in a file.

    Parameters
    ----------
    path : Path
    kind : type
        Of the record.
    schema : int, optional
        What its key ``schema`` must be.
    again : str
        What makes a file of another schema anew, for the hint.

    Raises
    ------
    StoreError
        If the file is missing, damaged, or of another schema; a damaged one names the key.
    """
    content = read_json(path)
    if schema is not None:
        _check_schema(path, content, schema, again)
    return from_plain(content, kind, str(path), again=again)


def from_plain(content: object, kind: type[AnyRecord], where: str, *, again: str = "") -> AnyRecord:
    """Return plain values as a record; `where` they stand is for the message. Raises StoreError."""
    hint = again or "Restore the file, or make it again."
    try:
        found = msgspec.convert(content, kind, strict=True)
    except ConfigError as error:  # a record that checks its own values names the one that is wrong
        raise StoreError(f"'{where}' is damaged. {error.message}", hint=hint) from error
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        what, _, place = str(error).partition(" - at `$")
        key = place.rstrip("`").lstrip(".")
        raise StoreError(
            f"'{where}' is damaged{f' at {key}' if key else ''}: {_first_low(what)}.",
            hint=hint,
        ) from error
    for place, what in _faults(found, ""):
        raise StoreError(f"'{where}' is damaged at {place.lstrip('.')}: {what}.", hint=hint)
    return found


def _faults(value: object, at: str) -> Iterator[tuple[str, str]]:
    """Yield the places of values that contradict each other, and what is wrong there: of parts before the whole."""
    if isinstance(value, Record):
        for name in _intervals(type(value)):
            if any(low > high for low, high in _pairs(getattr(value, name))):
                yield f"{at}.{name}", "its ends are in the wrong order"
        inside = ((f"{at}.{name}", getattr(value, name)) for name in value.__struct_fields__)
    elif isinstance(value, dict):
        inside = ((f"{at}.{name}", each) for name, each in value.items())
    elif isinstance(value, tuple | list) and value and not isinstance(value[0], str | float | int):
        inside = ((f"{at}[{place}]", each) for place, each in enumerate(value))
    else:
        return
    for place, each in inside:
        yield from _faults(each, place)
    if isinstance(value, Record):
        yield from ((f"{at}.{key}", what) for key, what in value.faults())


@cache
def _intervals(kind: type[Record]) -> tuple[str, ...]:
    """Return the names of a record's values that are intervals, or lists of them."""
    return tuple(name for name, hint in get_type_hints(kind, include_extras=True).items() if _holds_interval(hint))


def _holds_interval(hint: object) -> bool:
    return hint == Interval or any(map(_holds_interval, get_args(hint)))


def _pairs(value: Any) -> list[Any]:
    """Return a value that is an interval or a list of them as the list of those that are there."""
    if not value:
        return []
    return [value] if isinstance(value[0], float) else [each for each in value if each is not None]


def _check_schema(path: Path, content: object, schema: int, again: str) -> None:
    stated = content.get("schema") if isinstance(content, dict) else None
    found = stated if type(stated) is int else None  # True is an int too
    if found == schema:
        return
    if found is not None and found > schema:
        raise StoreError(
            f"'{path}' has schema {found}; this headstart reads schema {schema}.",
            hint="Read it with the newer headstart that wrote it.",
        )
    command = content.get("command") if isinstance(content, dict) else None
    anew = (
        f"Remove the folder, or choose another one with --out, and run again: {command}"
        if isinstance(command, str)
        else again
    )
    raise StoreError(
        f"'{path}' has schema {found if found is not None else 'unknown'}; this headstart reads schema {schema}.",
        hint=anew or "Remove the folder and run the same command again.",
    )


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):  # NumPy arrays and scalars
        return value.tolist()
    if isinstance(value, Path):
        return value.as_posix()
    raise TypeError(f"{type(value).__name__} is no value of a record")


def _first_low(text: str) -> str:
    return text[:1].lower() + text[1:]
