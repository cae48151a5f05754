"""Results as they stand in their file: to compare two of them in everything but times."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments import without_times

from headstart.records.codec import encoded, read_record
from headstart.records.record import Record
from headstart.records.results import Results


def as_written(record: Record | Sequence[Record]) -> Any:
    return json.loads(encoded(record))


def timeless(record: Record | Sequence[Record]) -> Any:
    return without_times(as_written(record))


def standing(folder: Path) -> Results:
    """Return what results.json of a run folder says."""
    return read_record(folder / "results.json", Results)
