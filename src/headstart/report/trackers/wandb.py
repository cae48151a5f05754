"""Weights & Biases: a run for each entry in one group; offline, in the run folder, unless the user says otherwise.

It goes through Accelerate's `WandBTracker`. Settings are given when the run begins: the tracker's
own way puts them into the process's one current run, which may be another that the user has open.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from os import environ
from pathlib import Path
from typing import Any

from headstart.base.environment import environment, silence
from headstart.base.errors import HeadstartError
from headstart.base.files import fingerprint, read_json, write_json
from headstart.report.trackers.accelerated import state
from headstart.report.trackers.entries import Entry
from headstart.report.trackers.home import Home

# Errors are reported to its makers otherwise, offline or not; whoever wants that sets it to true.
with silence():
    import wandb
    from accelerate.tracking import WandBTracker

_LONGEST_TAG = 64
_RECORD = "wandb.json"


class Runs:
    """W&B runs of one run folder; what was logged whole is noted in ``trackers/wandb.json``.

    Parameters
    ----------
    home : Home
    """

    def __init__(self, home: Home) -> None:
        self._home, self._key = home, home.key()
        self._mode = environ.get("WANDB_MODE") or "offline"
        self._project = environ.get("WANDB_PROJECT") or "headstart"
        self._place = Path(environ["WANDB_DIR"]) if environ.get("WANDB_DIR") else home.path
        self._place.mkdir(parents=True, exist_ok=True)
        self._noted = _read(home.path / _RECORD)
        shown = home.shown if self._place == home.path else str(self._place)
        offline = f"wandb sync {shown}/wandb/offline-run-*   (sends it to W&B; nothing was sent)"
        self.look = offline if self._mode in ("offline", "dryrun") else f"in W&B: project {self._project}"

    def stands(self, entry: Entry) -> bool:
        """Return whether a run of this content was finished, for the same place, and is still there."""
        noted = self._noted.get(entry.id)
        return noted == self._note(entry) and (self._mode != "offline" or bool(self._folders(entry)))

    def log(self, entry: Entry, mistakes: Path | None) -> None:
        """Log the entry as a run; what was logged under its name is replaced, here and, once sent, there."""
        for folder in self._folders(entry):
            shutil.rmtree(folder, ignore_errors=True)
        with silence(), environment(self._own_places()), state():
            tracker = WandBTracker(
                self._project,
                id=self._id(entry),
                mode=self._mode,
                dir=str(self._place),
                group=self._home.experiment,
                name=entry.id if entry.run else self._home.experiment,
                job_type="strategy" if entry.run else "comparison",
                tags=[value[:_LONGEST_TAG] for name, value in entry.tags.items() if name not in ("command", "data")],
                config={**entry.settings, **{f"headstart.{name}": value for name, value in entry.tags.items()}},
                notes="\n\n".join(entry.texts.values()),
                reinit="create_new",
                settings=wandb.Settings(silent=True, console="off", x_disable_stats=True, x_save_requirements=False),
            )
            tracker.start()
            try:
                _write(tracker, entry, mistakes, self._artifact_name(entry))
            finally:
                tracker.finish()
        self._noted[entry.id] = self._note(entry)
        write_json(self._home.path / _RECORD, self._noted)

    def _own_places(self) -> dict[str, str]:
        """Return what keeps tables and lists of files beside the runs until they are sent, not in the user's home."""
        return {f"WANDB_{kind.upper()}_DIR": str(self._place / "wandb" / f".{kind}") for kind in ("data", "cache")}

    def _id(self, entry: Entry) -> str:
        """Return the run's id at W&B: always the same, so that what is sent twice stands there once."""
        return fingerprint([self._key, entry.id])[:16]

    def _note(self, entry: Entry) -> dict[str, str]:
        there = {"WANDB_BASE_URL": environ.get("WANDB_BASE_URL", ""), "WANDB_ENTITY": environ.get("WANDB_ENTITY", "")}
        place = str(self._home.path)  # W&B notes where classifiers are: of a folder that moved all is told again
        told = {"fingerprint": entry.fingerprint(), "mode": self._mode, "project": self._project, "place": place}
        return {**told, **there}

    def _folders(self, entry: Entry) -> list[Path]:
        return sorted((self._place / "wandb").glob(f"*run-*-{self._id(entry)}"))

    def _artifact_name(self, entry: Entry) -> str:
        return re.sub(r"[^\w.-]", "-", f"{self._home.experiment}-{entry.id}", flags=re.ASCII)


def open_tracker(home: Home) -> Runs:
    """Return W&B, open for a run folder."""
    return Runs(home)


def _write(tracker: Any, entry: Entry, mistakes: Path | None, name: str) -> None:
    last = 0
    for step, values in entry.curves:
        tracker.log(dict(values), step=step)
        last = step
    for title, table in entry.tables.items():
        tracker.log_table(title, list(table.columns), [list(row) for row in table.rows], step=last)
    if mistakes is not None:
        tracker.log_images({"mistakes": [str(mistakes)]}, step=last)
    tracker.tracker.summary.update(dict(entry.metrics))
    if entry.files:
        artifact = wandb.Artifact(name, type="run" if entry.run else "comparison")
        for place, path in entry.files.items():
            _add(artifact, place, path)
        tracker.tracker.log_artifact(artifact)


def _add(artifact: Any, place: str, path: Path) -> None:
    """Add a file, or a folder as it lies in the run folder; W&B notes where it is, so that must be its whole path.

    Single files are copied, since the run folder may write them anew before they are sent; classifiers are large and
    stay as they are.
    """
    whole = path.absolute()
    if not whole.is_dir():
        artifact.add_file(str(whole), name=place)
        return
    for file in sorted(whole.rglob("*")):
        if file.is_file():  # one by one: adding a folder talks, whatever it was told
            name = f"{place}/{file.relative_to(whole).as_posix()}"
            artifact.add_file(str(file), name=name, policy="immutable", skip_cache=True)


def _read(place: Path) -> dict[str, Mapping[str, str]]:
    try:
        return dict(read_json(place))
    except (HeadstartError, TypeError, ValueError):
        return {}
