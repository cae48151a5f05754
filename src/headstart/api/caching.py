"""The user's cache: what lies in it, and how to make it smaller."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from headstart.base import cache
from headstart.base.errors import ConfigError
from headstart.base.files import cache_folder
from headstart.base.params import check_choice, check_number

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?b?)\s*", re.IGNORECASE)
ALL = "all"


def list_cache() -> dict[str, Any]:
    """Return what the cache holds: ``folder``, ``bytes``, ``limit`` and ``entries``, the one used last first.

    Each entry has ``kind`` (pixels, features, engines: exported networks, or trainings), ``path``, ``bytes``,
    ``used`` (UTC) and ``about``.
    """
    found = cache.entries()
    return {
        "folder": str(cache_folder()),
        "bytes": sum(entry.nbytes for entry in found),
        "limit": cache.limit(),
        "entries": [_described(entry) for entry in found],
    }


def clear_cache(what: str = ALL) -> dict[str, Any]:
    """Remove the cached entries: ``"all"`` of them, or only one of the kinds that `list_cache` names.

    Nothing is lost but time: the next run makes what it needs anew.

    Returns
    -------
    dict
        ``removed`` (how many) and ``bytes``.
    """
    check_choice("what", "clear_cache", what, (ALL, *cache.KINDS))
    return _summed(cache.clear(None if what == ALL else what))


def limit_cache(size: float | str) -> dict[str, Any]:
    """Set how large the cache may grow, in bytes or as text such as ``"20GB"``, and keep to it from now on.

    Returns
    -------
    dict
        ``limit``, and what had to go: ``removed`` and ``bytes``.

    Raises
    ------
    ConfigError
        If `size` is no size.
    """
    nbytes = _parse(size) if isinstance(size, str) else round(check_number("size", "limit_cache", size, least=0.0))
    return {"limit": nbytes, **_summed(cache.set_limit(nbytes))}


def _parse(text: str) -> int:
    found = _SIZE.fullmatch(text)
    if found is None or (not found[2] and float(found[1]) > 0):
        raise ConfigError(f"'{text}' is no size.", hint="Write a number and a unit, such as 20GB or 500MB.")
    unit = found[2].lower()
    return int(float(found[1]) * _UNITS[unit if unit.endswith("b") or not unit else f"{unit}b"])


def _summed(removed: list[cache.Entry]) -> dict[str, Any]:
    return {"removed": len(removed), "bytes": sum(entry.nbytes for entry in removed)}


def _described(entry: cache.Entry) -> dict[str, Any]:
    used = datetime.fromtimestamp(entry.used, UTC).isoformat(timespec="seconds")
    return {
        "kind": entry.kind,
        "path": str(entry.path),
        "bytes": entry.nbytes,
        "used": used,
        "about": _about(entry),
    }


def _about(entry: cache.Entry) -> dict[str, Any]:
    """Return the facts that tell a person which entry this is."""
    facts = entry.about
    if entry.kind == "engines":
        return {name: facts[name] for name in ("bundle", "backbone") if name in facts}
    if entry.kind == "trainings":
        return {name: facts.get(name) for name in ("strategy", "cut", "data", "pictures")}
    if entry.kind == "pixels":
        return {"pictures": facts.get("pictures"), "short_side": facts.get("short_side")}
    preprocessing = facts.get("preprocessing") or {}
    return {
        "backbone": facts.get("backbone"),
        "cut": facts.get("cut") or "pool",
        "framing": preprocessing.get("framing"),
        "view": (facts.get("view") or [None])[0],
    }
