"""Where the pictures of a run folder are now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from headstart.base.errors import DataError


def found_root(recorded: str, given: Path | None, paths: Sequence[str]) -> Path | None:
    """Return the folder that holds the pictures: the one that was given, else where they were; None if it is gone.

    Raises
    ------
    DataError
        If one was given that holds none of them.
    """
    for place in (given, Path(recorded) if recorded else None):
        if place is not None and any(_is_there(place / path) for path in paths[:20]):
            return place
        if place is not None and place == given:
            raise DataError(
                f"'{given}' holds none of the pictures, such as '{next(iter(paths), '')}'.",
                hint="Give the folder that was compared, or leave out --data: the page then has no pictures.",
            )
    return None


def _is_there(file: Path) -> bool:
    try:
        return file.is_file()
    except (OSError, ValueError):  # no name of a file, such as one that is too long
        return False
