"""Records as names and values, flat, for showing all that they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from headstart.records.record import Record, named_values
from headstart.records.run import RunRecord


def facts(record: Record) -> Iterator[tuple[str, object]]:
    """Yield the names and values of a record; those of a record or mapping inside it follow in its place."""
    for name, value in named_values(record).items():
        if isinstance(value, Record):
            yield from facts(value)
        elif isinstance(value, Mapping):
            yield from value.items()
        elif value is not None and value != ():
            yield name, value


def settings_of(run: RunRecord) -> dict[str, object]:
    """Return what a run was told and what it chose, as it was trained or solved, without what only programs read."""
    if run.training is not None:
        return {name: value for name, value in facts(run.training) if name != "chosen_among"}
    return {} if run.solved is None else {"readout": run.readout, **dict(facts(run.solved))}


def value_text(value: object) -> str:
    """Return a value as a person reads it: short numbers, and lists without brackets."""
    if isinstance(value, float):
        return f"{value:g}"
    return " ".join(map(value_text, value)) if isinstance(value, list | tuple) else str(value)
