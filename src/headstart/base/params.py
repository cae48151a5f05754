"""Checks of parameters, all with one sentence shape: name, owner, allowed, given."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

from headstart.base.errors import ConfigError, HeadstartError


def bad_parameter(name: str, owner: str, allowed: str, given: object) -> ConfigError:
    """Return the error for a parameter outside what is allowed (to be raised by the caller)."""
    error = ConfigError(
        f"The '{name}' parameter of {owner} must be {allowed}. Got {given!r} instead.",
        hint=f"Give a value for '{name}' that is {allowed}.",
    )
    error.parameter, error.allowed = name, allowed
    return error


@contextmanager
def about(name: str) -> Iterator[None]:
    """Let errors from inside know that they are about the option `name`, unless they know better.

    What fails deep inside (a network that nobody has heard of) says the value and not who asked for it. Whoever stands
    at the edge can then name the parameter as the caller has called it.
    """
    try:
        yield
    except HeadstartError as error:
        error.parameter = error.parameter or name
        raise


def check_choice(name: str, owner: str, given: str, allowed: Collection[str]) -> str:
    """Return `given` if it is one of `allowed`, else raise ConfigError naming the nearest."""
    if given in allowed:
        return given
    error = bad_parameter(name, owner, "one of " + ", ".join(sorted(allowed)), given)
    near = get_close_matches(str(given), list(allowed), n=1)
    if near:
        error.hint = f"Did you mean '{near[0]}'?"
    raise error


def check_integer(name: str, owner: str, given: object, *, least: int | None = None, most: int | None = None) -> int:
    """Return `given` as an int between `least` and `most` (both included), else raise ConfigError."""
    allowed = _range("a whole number", least, most)
    if isinstance(given, bool) or not hasattr(given, "__index__"):
        raise bad_parameter(name, owner, allowed, given)
    value = int(given.__index__())
    if (least is not None and value < least) or (most is not None and value > most):
        raise bad_parameter(name, owner, allowed, given)
    return value


def check_number(
    name: str, owner: str, given: object, *, least: float | None = None, most: float | None = None
) -> float:
    """Return `given` as a finite float between `least` and `most` (included), else raise ConfigError."""
    allowed = _range("a number", least, most)
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise bad_parameter(name, owner, allowed, given)
    value = float(given)
    if not math.isfinite(value) or (least is not None and value < least) or (most is not None and value > most):
        raise bad_parameter(name, owner, allowed, given)
    return value


def _range(what: str, least: float | None, most: float | None) -> str:
    if least is not None and most is not None:
        return f"{what} from {least} to {most}"
    if least is not None:
        return f"{what} of at least {least}"
    if most is not None:
        return f"{what} of at most {most}"
    return what
