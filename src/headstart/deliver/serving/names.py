"""What the classifiers of a server and their classes are called."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote

from headstart.base.errors import ConfigError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SUFFIXES = (".bundle", ".zip")
_MOST_CLASSES = 6  # that are named in a line


def named_places(bundles: str | Path | Sequence[str | Path] | Mapping[str, str | Path]) -> dict[str, Path]:
    """Return the bundles by name: as they are named, ``NAME=BUNDLE``, else by what their folder is called.

    Raises
    ------
    ConfigError
        If there is none, or a name is not fit for an address, or stands there twice.
    """
    if isinstance(bundles, Mapping):
        pairs = [(name, Path(place)) for name, place in bundles.items()]
    else:
        listed = [bundles] if isinstance(bundles, str | Path) else list(bundles)
        pairs = [_named(one) for one in listed]
    if not pairs:
        raise ConfigError("No bundle is named.", hint="Name one, e.g. headstart serve birds.bundle")
    found: dict[str, Path] = {}
    for name, place in pairs:
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"A classifier cannot be called '{name}' in an address.",
                hint="Take letters, digits, dots and hyphens: headstart serve NAME=BUNDLE",
            )
        if name in found:
            raise ConfigError(
                f"'{found[name]}' and '{place}' would both be called '{name}'.",
                hint=f"Name them: headstart serve first={quote(str(found[name]))} second={quote(str(place))}",
            )
        found[name] = place
    return found


def _named(given: str | Path) -> tuple[str, Path]:
    """Return name and place of one that is typed."""
    name, sign, place = str(given).partition("=")
    if sign and not Path(given).exists() and (_NAME.fullmatch(name) or Path(place).exists()):
        return name, Path(place)  # a name that is not fit is told
    own = Path(given).resolve().name
    for suffix in _SUFFIXES:
        own = own.removesuffix(suffix)
    plain = re.sub("[^A-Za-z0-9._-]+", "-", own).strip("-._")[:64]
    return plain or "classifier", Path(given)


def some_of(classes: Sequence[str]) -> str:
    """Return the first classes by name, and how many more there are."""
    more = len(classes) - _MOST_CLASSES
    names = ", ".join(f"'{name}'" if "," in name else name for name in classes[:_MOST_CLASSES])
    return f"{names} and {more} more" if more > 0 else names
