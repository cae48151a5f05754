"""How an experiment is typed: the command line that gives it, or the call in Python."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from headstart.experiment import Request
from headstart.table import Table

_PYTHON_ONLY = {"views", "offline"}  # no options of the command line, or without influence on the result


def command_of(
    data: str | Path | Table, request: Request, out: Path | None, split: str | Path | None, *, verb: str = "compare"
) -> str:
    """Return the command line that gives this experiment, or the call in Python where no command line does."""
    if isinstance(request.epochs, Mapping) or request.views != Request().views:
        return _call(verb, data, request, out, split)
    parts = ["headstart", verb, os.fspath(data.root if isinstance(data, Table) else data)]
    options = request.to_dict()
    training = options.pop("training")
    defaults = Request().to_dict()
    for name, value in options.items():
        if name in _PYTHON_ONLY or value == defaults[name]:
            continue
        parts += [f"--{name.replace('_', '-')}", ",".join(value) if isinstance(value, list | tuple) else str(value)]
    for name, value in training.items():
        parts += ["--set", f"{name}={json.dumps(value)}"]
    if split is not None:
        parts += ["--split", os.fspath(split)]
    return shlex.join([*parts, "--out", str(out)] if out is not None else parts)


def _call(verb: str, data: str | Path | Table, request: Request, out: Path | None, split: str | Path | None) -> str:
    defaults = Request().to_dict()
    options = {name: value for name, value in request.to_dict().items() if value != defaults[name]}
    options |= {name: str(place) for name, place in (("split", split), ("out", out)) if place is not None}
    given = ", ".join(f"{name}={value!r}" for name, value in options.items())
    return f"headstart.{verb}({os.fspath(data.root if isinstance(data, Table) else data)!r}, {given})"
