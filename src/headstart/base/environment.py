"""Keeping packages of others silent: variables of the environment, lent to them for their import or their work.

Several report to their makers unless a variable forbids it, and most read it once, when they are imported. Nothing is
left in the environment, which belongs to the user's program and to what it starts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import environ
from threading import Lock

# Each package's own word for "tell your makers nothing"; docs/privacy.md says what they would tell.
SILENT: Mapping[str, str] = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "ORT_DISABLE_TELEMETRY": "1",
    "WANDB_ERROR_REPORTING": "false",
}


_lock = Lock()
_lent: Counter[str] = Counter()  # by how many at once, such as several threads of a server


@contextmanager
def environment(defaults: Mapping[str, str]) -> Iterator[None]:
    """Set variables of the environment that nobody has set; the last one that needs them takes them away again."""
    with _lock:
        added = [name for name in defaults if name not in environ or _lent[name]]
        for name in added:
            environ.setdefault(name, defaults[name])
        _lent.update(added)
    try:
        yield
    finally:
        with _lock:
            _lent.subtract(added)
            for name in added:
                if not _lent[name]:
                    environ.pop(name, None)


@contextmanager
def silence() -> Iterator[None]:
    """Let packages that are imported or at work within tell their makers nothing, unless the user says otherwise."""
    with environment(SILENT):
        yield
