"""What a recipe is, and how it runs a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mutation:
    """A change of the mechanism that must turn the test red: in `file`, `old` becomes `new`."""

    file: str  # relative to the checkout
    old: str
    new: str


@dataclass(frozen=True)
class Case:
    """One fault of a kind that users stumbled over.

    Parameters
    ----------
    number : str
        As in docs/odd-inputs.md, such as ``"5a"``.
    title : str
        The input, in a few words.
    recipe : callable
        Makes the input in an empty folder, runs the checkout on it and returns in a few words what came out. It must
        work on checkouts of before and after alike: only the command line and the public Python API.
    test : str
        The test that holds the mechanism: a node id of pytest.
    mutation : Mutation
        What turns it red.
    """

    number: str
    title: str
    recipe: Callable[[Path, Checkout], str]
    test: str
    mutation: Mutation


@dataclass(frozen=True)
class Outcome:
    """What a command left: exit code and both streams."""

    code: int
    out: str
    err: str


class Checkout:
    """A checkout of headstart whose sources are run with this interpreter's packages."""

    def __init__(self, root: Path, cache: Path) -> None:
        self.root, self.cache = root, cache

    def command(self, *arguments: str | Path, folder: Path | None = None, timeout: float = 600) -> Outcome:
        """Run ``headstart ARGUMENTS`` in `folder`."""
        return self._run(["-m", "headstart", *map(str, arguments)], folder, timeout)

    def python(self, code: str, *, folder: Path | None = None, timeout: float = 600) -> Outcome:
        """Run a Python program that imports headstart."""
        return self._run(["-c", code], folder, timeout)

    def _run(self, arguments: Sequence[str], folder: Path | None, timeout: float) -> Outcome:
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.root / "src"),
            "HEADSTART_CACHE": str(self.cache),
            "COLUMNS": "120",
        }
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)
