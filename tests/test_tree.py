"""Habits of the whole repository that no linter here checks: sizes, doors, and what must not be committed."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
SIZE_OF_FILE, SIZE_OF_FUNCTION = 400, 50
RUNS_CODE_WHEN_READ = {"cPickle", "cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|root|Users|work)/|[A-Z]:\\\\?Users")
INDEX_ADDRESS = re.compile(r"pypi\.org/simple|pythonhosted\.org|--(?:extra-)?index-url|--find[-]links")


def committed_files() -> list[Path]:
    """Return what git has or would take; in an unpacked archive, everything that is not hidden."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]
    visible = (path for path in ROOT.rglob("*") if not path.relative_to(ROOT).parts[0].startswith(".venv"))
    return [path for path in visible if path.is_file()]


def text_of(path: Path) -> str | None:
    """Return the text of a file, or None for a picture or another binary."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def lines_of_code(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how many lines a function's body has; naming and explaining its parameters well costs nothing."""
    body = function.body[1:] if ast.get_docstring(function, clean=False) is not None else function.body
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


def habits_broken(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield (line, what) for every broken habit in one source file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = lines_of_code(node)
            if size > SIZE_OF_FUNCTION:
                yield node.lineno, f"{node.name} has {size} lines"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            modules = names if isinstance(node, ast.Import) else [node.module or ""]
            harmless = isinstance(node, ast.ImportFrom) and all(name.endswith("Error") for name in names)
            for module in modules:
                if module.split(".")[0] in RUNS_CODE_WHEN_READ and not harmless:
                    yield node.lineno, f"imports {module}"
        elif isinstance(node, ast.ExceptHandler) and node.type is None:
            yield node.lineno, "catches everything, even the user's Ctrl-C"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT / "src").as_posix())
def test_sources_keep_the_habits(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= SIZE_OF_FILE
    assert path.stem not in {"util", "utils", "helpers", "misc", "common"}, "name the noun"
    assert list(habits_broken(ast.parse(text))) == []


def test_no_package_is_empty() -> None:
    folders = {path.parent for path in SOURCES}
    empty = [folder for folder in folders if not any(path.read_text().strip() for path in folder.glob("*.py"))]
    assert empty == []


def test_nothing_of_one_machine_is_committed() -> None:
    found = []
    for path in committed_files():
        text = text_of(path) or ""
        for pattern in (MACHINE_PATH, INDEX_ADDRESS):
            found += [(path.relative_to(ROOT).as_posix(), match[0]) for match in pattern.finditer(text)]
    assert found == []


def test_the_lock_names_no_address_and_every_hash() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    pinned = re.findall(r"^[a-z0-9].*?(?=^[a-z0-9]|\Z)", lock, re.M | re.S)
    assert len(pinned) > 50
    assert [entry.split()[0] for entry in pinned if "==" not in entry or "--hash=sha256:" not in entry] == []


BROKEN = '''
import pickle
from joblib.externals import loky
from pickle import UnpicklingError
def long():
    """One line."""
{body}
try:
    long()
except:
    raise
'''


def test_the_checks_find_what_they_look_for() -> None:
    tree = ast.parse(BROKEN.format(body="    x = 1\n" * (SIZE_OF_FUNCTION + 1)))
    assert [line for line, _ in sorted(habits_broken(tree))] == [2, 3, 5, 61]
    assert MACHINE_PATH.search("see " + "/".join(["", "home", "me", "data"]))
    assert INDEX_ADDRESS.search("--extra" + "-index-url x")
    assert not MACHINE_PATH.search("https://example.org/home/me")
