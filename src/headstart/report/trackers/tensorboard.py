"""TensorBoard: a folder of event files for each entry, written through Accelerate's tracker.

Accelerate's `TensorBoardTracker` writes curves, texts and pictures. It does not fit for settings: it puts them into a
run of their own, named after the clock and without any metric, so the tab HPARAMS could not say which setting went
with which accuracy; they are written beside the curves here.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from accelerate.tracking import TensorBoardTracker
from numpy.typing import NDArray
from PIL import Image
from torch.utils.tensorboard.summary import hparams

from headstart.base.drafts import clean_drafts, draft_name
from headstart.base.errors import ConfigError, HeadstartError
from headstart.base.files import flush_folder, read_json, write_json
from headstart.report.trackers.accelerated import state
from headstart.report.trackers.entries import Entry
from headstart.report.trackers.home import Home

_WRITTEN = "headstart.json"  # comes last: what stands beside it is whole


class Boards:
    """The folder ``trackers/tensorboard``, one folder in it for each entry.

    Parameters
    ----------
    home : Home
    """

    def __init__(self, home: Home) -> None:
        self._path = home.path / "tensorboard"
        self._path.mkdir(parents=True, exist_ok=True)
        clean_drafts(self._path)
        self.look = f"tensorboard --logdir {home.shown}/tensorboard"

    def stands(self, entry: Entry) -> bool:
        """Return whether the entry's folder is whole and of this content."""
        try:
            return bool(read_json(self._path / entry.id / _WRITTEN)["fingerprint"] == entry.fingerprint())
        except (HeadstartError, KeyError, TypeError):
            return False

    def log(self, entry: Entry, mistakes: Path | None) -> None:
        """Write the entry's folder beside its place, and put it there whole."""
        place, draft = self._path / entry.id, self._path / draft_name(entry.id)
        _refuse_foreign(place)
        # A TensorBoard that is open forgets at the purge what it read of the folder that stood here.
        board = TensorBoardTracker(draft.name, self._path, purge_step=0)
        with state():
            board.start()
            _write(board, entry, mistakes)
            board.finish()
        write_json(draft / _WRITTEN, {"fingerprint": entry.fingerprint()})
        shutil.rmtree(place, ignore_errors=True)
        draft.rename(place)
        flush_folder(self._path)


def open_tracker(home: Home) -> Boards:
    """Return TensorBoard, open for a run folder."""
    return Boards(home)


def _refuse_foreign(place: Path) -> None:
    """Say that a folder which is to be replaced holds what neither TensorBoard nor headstart has put there."""
    for file in sorted(place.rglob("*")) if place.is_dir() else [place] * place.exists():
        if file.is_file() and file.name != _WRITTEN and not file.name.startswith("events."):
            raise ConfigError(
                f"'{file}' was not written by headstart. Nothing was changed.", hint="Move that file away."
            )


def _write(board: TensorBoardTracker, entry: Entry, mistakes: Path | None) -> None:
    _write_curves(board, entry)
    board.log(dict(entry.metrics), step=0)
    for name, told in entry.texts.items():
        board.log({name: told}, step=0)
    for name, table in entry.tables.items():
        board.log({name: table.markdown()}, step=0)
    if mistakes is not None:
        board.log_images({"mistakes": _pixels(mistakes)}, step=0, dataformats="NHWC")
    if entry.run:
        _write_settings(board.tracker, {**entry.settings, **entry.tags}, entry.metrics)
    else:
        said = {**entry.settings, **entry.tags}
        board.log({"settings": "\n".join(f"- {name}: {value}" for name, value in said.items())}, step=0)


def _write_curves(board: TensorBoardTracker, entry: Entry) -> None:
    """Write each step at the time when it ended, as far as its seconds say, so that "relative" is time trained."""
    took = [values.get("epoch/seconds", 0.0) for _, values in entry.curves]
    ended = time.time() - sum(took)
    for (step, values), seconds in zip(entry.curves, took, strict=True):
        ended += seconds
        board.log(dict(values), step=step, walltime=ended)


def _write_settings(writer: Any, settings: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
    for summary in hparams(dict(settings), dict(metrics)):  # type: ignore[no-untyped-call]
        writer.file_writer.add_summary(summary)


def _pixels(file: Path) -> NDArray[np.uint8]:
    """Return a picture as a batch of one, (1, H, W, 3)."""
    with Image.open(file) as opened:
        return np.asarray(opened.convert("RGB"))[None]
