"""Where trackers that write to disk write: the folder ``trackers`` of a run folder."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path

from headstart.base.files import read_json, write_json


@dataclass(frozen=True)
class Home:
    """The part of a run folder that belongs to trackers.

    Parameters
    ----------
    folder : Path
        The run folder.
    typed : str
        How it is written in commands.
    """

    folder: Path
    typed: str

    @property
    def path(self) -> Path:
        """Where trackers write, absolute; not made before one writes."""
        return self.folder.absolute() / "trackers"

    @property
    def shown(self) -> str:
        """The same place as it is written in commands."""
        return f"{self.typed.rstrip('/')}/trackers"

    @property
    def experiment(self) -> str:
        """Return the name under which the runs are grouped: the run folder's, without ``.run``."""
        return self.folder.absolute().name.removesuffix(".run") or "headstart"

    def key(self) -> str:
        """Return 32 hexadecimal digits that are this run folder's alone, drawn when they are first asked for.

        A server that many write to knows by them which runs are of this folder, wherever it is moved.
        """
        place = self.path / "key.json"
        if not place.is_file():
            write_json(place, {"key": uuid.uuid4().hex})
        return str(read_json(place)["key"])
