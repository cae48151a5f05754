"""How a person types things here."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from headstart.base.typed import as_typed, command_as_typed, program


def test_a_program_that_the_shell_would_not_find_is_typed_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / ".venv" / "bin" / "headstart"
    own.parent.mkdir(parents=True)
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(own), "compare"])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program() == str(Path(".venv/bin/headstart"))
    assert command_as_typed("headstart compare photos") == f"{program()} compare photos"
    assert command_as_typed("headstart.compare('photos')") == "headstart.compare('photos')"
    monkeypatch.setenv("PATH", str(own.parent))
    assert command_as_typed("headstart compare photos") == "headstart compare photos"


def test_a_script_that_uses_the_library_types_headstart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text("")
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "mine.py")])
    assert program() == "headstart"


def test_paths_below_are_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert as_typed(tmp_path / "a" / "b") == str(Path("a/b"))
    assert as_typed(tmp_path.parent) == str(tmp_path.parent)
