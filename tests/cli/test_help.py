"""Help: plain, grouped, quick; the reference is what the commands say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cli.stand_in import Call
from rich.cells import cell_len

from headstart.cli.reference import main, reference

COMMANDS = [
    "demo",
    "compare",
    "plan",
    "run",
    "fit",
    "evaluate",
    "predict",
    "look",
    "stages",
    "weights",
    "data",
    "cache",
]


def test_all_commands_stand_in_groups(call: Call) -> None:
    output = call("--help").stdout
    places = [output.index(f"\n  {name} ") for name in COMMANDS]
    assert places == sorted(places)
    assert (
        output.index("Find out what works:")
        < output.index("Train a classifier and use it:")
        < output.index("Look around:")
    )


def test_no_command_is_help(call: Call) -> None:
    result = call()
    assert (result.exit_code, result.stdout) == (0, call("-h").stdout)


@pytest.mark.parametrize(
    "command", [*COMMANDS, "weights list", "weights verify", "data fetch", "cache list", "cache limit"]
)
def test_every_command_has_help(call: Call, command: str) -> None:
    result = call(*command.split(), "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: headstart {command}")
    assert "\x1b" not in result.stdout
    for line in result.stdout.splitlines():
        assert cell_len(line) <= 80 or line.startswith("  headstart "), line


def test_options_stand_in_groups(call: Call) -> None:
    output = call("compare", "--help").stdout
    places = [
        output.index(f"\n{title}:") for title in ("Arguments", "Options", "Network", "Training", "Pictures", "Machine")
    ]
    assert places == sorted(places)
    assert output.index("--strategies") < places[2] < output.index("--backbone") < places[3] < output.index("--epochs")


def test_help_imports_nothing_heavy_not_even_rich() -> None:
    code = (
        "import contextlib, io, json, sys; sys.argv = ['headstart', 'compare', '--help']\n"
        "from headstart.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit): main()\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert "typer" in loaded
    assert loaded & {"torch", "sklearn", "numpy", "scipy", "PIL", "pyarrow", "rich"} == set()


def test_reference_is_the_same_on_every_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    first = reference()
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert reference() == first
    assert "## headstart weights verify" in first
    assert "\x1b" not in first


def test_a_stale_reference_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "commands.md"
    assert main(["--check", str(path)]) == 1
    assert main([str(path)]) == 0
    assert main(["--check", str(path)]) == 0
    path.write_text(path.read_text(encoding="utf-8").replace("compare", "compair"), encoding="utf-8")
    assert main(["--check", str(path)]) == 1
    assert "is stale: python -m headstart.cli.reference" in capsys.readouterr().err
    assert main([]) == 2


def test_the_committed_reference_is_fresh() -> None:
    assert main(["--check", str(Path(__file__).parents[2] / "docs" / "commands.md")]) == 0


def test_python_dash_m() -> None:
    done = subprocess.run([sys.executable, "-m", "headstart", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("headstart ")
