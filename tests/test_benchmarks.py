"""Benchmarks are seldom run, so a test checks that the names they use are still there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"
PEERS = {"autogluon", "bentoml", "fastai", "litserve", "pandas", "ultralytics"}  # measured in environments of their own
# One process imports every script, and what its functions import; ``hs`` is headstart.
ASK = """
import ast, json, pathlib, pkgutil, sys
sys.path.insert(0, sys.argv[1])
found = {}
for file in pathlib.Path(sys.argv[1]).glob("*.py"):
    names, problems = [file.stem], found.setdefault(file.stem, [])
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "hs":
            names.append(f"headstart.{node.attr}")
    for name in names:
        try:
            pkgutil.resolve_name(name)
        except (ImportError, AttributeError) as error:
            problems.append([name.split(".")[0], f"{name}: {error}"])
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def problems() -> dict[str, list[list[str]]]:
    done = subprocess.run([sys.executable, "-c", ASK, str(FOLDER)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("script", sorted(path.stem for path in FOLDER.glob("*.py")))
def test_every_name_that_a_benchmark_imports_is_there(script: str, problems: dict[str, list[list[str]]]) -> None:
    assert [message for package, message in problems[script] if package not in PEERS] == []
    if absent := sorted({package for package, _ in problems[script]}):
        pytest.skip(f"not installed, so their names are not checked: {', '.join(absent)}")
