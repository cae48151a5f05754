"""How the command line is called in tests: with a stand-in for the API, in a folder of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cli.stand_in import Call, StandIn
from typer.testing import CliRunner

from headstart.cli.app import app


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder; threads and colours as they were."""
    monkeypatch.chdir(tmp_path)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")  # the command sets them; monkeypatch puts them back
    monkeypatch.delenv("NO_COLOR", raising=False)
    return tmp_path


@pytest.fixture
def verbs() -> StandIn:
    """The stand-in that `call` uses."""
    return StandIn()


@pytest.fixture
def call(verbs: StandIn) -> Call:
    """The function ``call(*arguments, width=80, verbs=…)`` that runs one command and returns its result."""

    def run(*arguments: str, width: int = 80, verbs: Any = verbs) -> Any:
        environment = {"COLUMNS": str(width), "TERM": "xterm"}
        return CliRunner(env=environment).invoke(app, list(arguments), obj=verbs, prog_name="headstart")

    return run
