"""How a person types things here: the program, and paths."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def program() -> str:
    """Return how a person types headstart here: by its path where it is not the one that the shell finds."""
    own = Path(sys.argv[0])
    if own.stem != "headstart" or not own.is_file():
        return "headstart"
    found = shutil.which("headstart")
    return "headstart" if found and own.samefile(found) else as_typed(own.absolute())


def as_typed(path: Path) -> str:
    """Return `path` as short as a user would type it: relative where it lies below the current folder."""
    try:
        relative = os.path.relpath(path)
    except ValueError:  # another drive
        return str(path)
    return str(path) if relative.startswith("..") else relative


def command_as_typed(command: str) -> str:
    """Return a command line that begins with headstart as a person would type it here; anything else as it is."""
    return f"{program()}{command.removeprefix('headstart')}" if command.startswith("headstart ") else command
