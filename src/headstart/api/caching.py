"""The user's cache: what lies in it, and how to make it smaller."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from headstart.base import cache
from headstart.base.errors import ConfigError
from headstart.base.files import cache_folder
from headstart.base.params import check_choice, check_number
from headstart.records.listing import CachedAbout, CacheEntry, CacheListing, CacheRemoval

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?b?)\s*", re.IGNORECASE)
ALL = "all"


def list_cache() -> CacheListing:
    """Return what the cache holds, the entry used last first, and how large it may grow."""
    found = cache.entries()
    return CacheListing(
        folder=str(cache_folder()),
        bytes=sum(entry.nbytes for entry in found),
        limit=cache.limit(),
        entries=tuple(_described(entry) for entry in found),
    )


def clear_cache(what: str = ALL) -> CacheRemoval:
    """Remove the cached entries: ``"all"`` of them, or only one of the kinds that `list_cache` names.

    Nothing is lost but time: the next run makes what it needs again.

    Returns
    -------
    CacheRemoval
    """
    check_choice("what", "clear_cache", what, (ALL, *cache.KINDS))
    return _summed(cache.clear(None if what == ALL else what))


def limit_cache(size: float | str) -> CacheRemoval:
    """Set how large the cache may grow, in bytes or as text such as ``"20GB"``, and keep to it from now on.

    Returns
    -------
    CacheRemoval
        The limit, and what had to go.

    Raises
    ------
    ConfigError
        If `size` is no size.
    """
    nbytes = _parse(size) if isinstance(size, str) else round(check_number("size", "limit_cache", size, least=0.0))
    return _summed(cache.set_limit(nbytes), limit=nbytes)


def _parse(text: str) -> int:
    found = _SIZE.fullmatch(text)
    if found is None or (not found[2] and float(found[1]) > 0):
        raise ConfigError(f"'{text}' is not a size.", hint="Write a number and a unit, e.g. 20GB or 500MB.")
    unit = found[2].lower()
    return int(float(found[1]) * _UNITS[unit if unit.endswith("b") or not unit else f"{unit}b"])


def _summed(removed: list[cache.Entry], *, limit: int | None = None) -> CacheRemoval:
    return CacheRemoval(removed=len(removed), bytes=sum(entry.nbytes for entry in removed), limit=limit)


def _described(entry: cache.Entry) -> CacheEntry:
    used = datetime.fromtimestamp(entry.used, UTC).isoformat(timespec="seconds")
    return CacheEntry(kind=entry.kind, path=str(entry.path), bytes=entry.nbytes, used=used, about=_about(entry))


def _about(entry: cache.Entry) -> CachedAbout:
    """Return the facts that tell a person which entry this is."""
    facts = entry.about
    if entry.kind == "engines":
        return CachedAbout(bundle=_text(facts, "bundle"), backbone=_text(facts, "backbone"))
    if entry.kind == "trainings":
        return CachedAbout(
            strategy=_text(facts, "strategy"),
            cut=_text(facts, "cut"),
            data=_text(facts, "data"),
            pictures=_number(facts, "pictures"),
        )
    if entry.kind == "pixels":
        return CachedAbout(pictures=_number(facts, "pictures"), short_side=_number(facts, "short_side"))
    prepared, view = facts.get("preprocessing"), facts.get("view")
    return CachedAbout(
        backbone=_text(facts, "backbone"),
        cut=_text(facts, "cut") or "pool",
        framing=_text(prepared, "framing") if isinstance(prepared, dict) else None,
        view=str(view[0]) if isinstance(view, list) and view else None,
    )


def _text(facts: Mapping[str, object], name: str) -> str | None:
    value = facts.get(name)
    return None if value is None else str(value)


def _number(facts: Mapping[str, object], name: str) -> int | None:
    value = facts.get(name)
    return value if isinstance(value, int) else None
