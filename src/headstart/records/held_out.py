"""What every run answered for the held-out pictures, read from a run folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headstart.base.errors import StoreError
from headstart.base.types import Floats
from headstart.records.columns import PredictionsFile
from headstart.records.results import Results

Labels = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class HeldOutAnswers:
    """The held-out pictures and what every run answered.

    Parameters
    ----------
    classes : tuple of str
    paths : tuple of str
        Relative to the data folder.
    labels : array of int, (n,)
    probabilities : mapping of run to array, (n, classes)
        Runs whose predictions are gone are left out.
    """

    classes: tuple[str, ...]
    paths: tuple[str, ...]
    labels: Labels
    probabilities: Mapping[str, Floats]

    def __len__(self) -> int:
        return len(self.paths)

    def answered(self, run: str) -> Labels:
        """Return the class that `run` named for each picture, (n,)."""
        found: Labels = self.probabilities[run].argmax(axis=1)
        return found


def read_answers(results: Results, folder: Path) -> HeldOutAnswers:
    """Return what all runs answered for the pictures that measure, the best run first; empty where nothing is left.

    The pictures are those of the first run that can be read; another's are matched by path.
    """
    classes = results.data.classes
    paths: tuple[str, ...] = ()
    labels = np.zeros(0, np.int64)
    found: dict[str, Floats] = {}
    for run in results.ranked:
        try:
            stored = PredictionsFile(folder / run.predictions).read(classes, results.measuring)
        except StoreError:
            continue
        if not found:
            paths, labels = stored.paths, stored.labels
        if stored.paths == paths:
            found[run.id] = stored.probabilities
    return HeldOutAnswers(classes, paths, labels, found)
