"""What the page is made of: a run folder's results, the stored answers, and temperatures of its bundles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.base.errors import HeadstartError, StoreError
from headstart.base.files import read_json
from headstart.base.types import Floats
from headstart.report import standing

Labels = NDArray[np.int64]
Places = dict[str, tuple[float, float]]


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


def read_results(folder: Path) -> dict[str, Any]:
    """Return results.json of a run folder.

    Raises
    ------
    StoreError
        If there is none, none yet, or one of another kind.
    """
    if not folder.exists():
        raise StoreError(f"There is no run folder '{folder}'.", hint="Give the folder that compare wrote with --out.")
    place = folder / "results.json"
    if not place.is_file():
        begun = (folder / "plan.json").is_file()
        raise StoreError(
            f"'{folder}' has no results yet: no strategy is finished." if begun else f"'{folder}' is no run folder.",
            hint="Run the same compare command again: it continues."
            if begun
            else "Give the folder that compare wrote; it holds results.json.",
        )
    results = read_json(place)
    if not isinstance(results, dict) or not isinstance(results.get("data"), dict) or not results.get("runs"):
        raise StoreError(f"'{place}' is not what headstart wrote.", hint="Restore it, or run the comparison again.")
    return results


def read_answers(results: Mapping[str, Any], folder: Path) -> HeldOutAnswers:
    """Return what all runs answered for the pictures of the split that measures; empty where nothing is left.

    The pictures are those of the first run that can be read; another's are matched by path.
    """
    classes, split = tuple(results["data"]["classes"]), standing.measured_split(results)
    paths: tuple[str, ...] = ()
    labels = np.zeros(0, np.int64)
    found: dict[str, Floats] = {}
    for run in standing.ranked(results):
        stored = _stored(folder / str(run.get("predictions")), classes, split)
        if stored is None:
            continue
        if not found:
            paths, labels = stored[0], stored[1]
        if stored[0] == paths:
            found[run["id"]] = stored[2]
    return HeldOutAnswers(classes, paths, labels, found)


def read_places(results: Mapping[str, Any], folder: Path) -> Places:
    """Return where each picture stands on the map of the features, by path; empty where there is no map."""
    name = (results.get("map") or {}).get("file")
    paths, places = (map_columns(folder / str(name)) if name else None) or ([], np.zeros((0, 2)))
    return {path: (float(x), float(y)) for path, (x, y) in zip(paths, places[:, :2], strict=True)}


def map_columns(file: Path) -> tuple[list[str], Floats] | None:
    """Return paths, (n,), and components, (n, 2 or more), of a map; None where there is none or it is damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as opened:
            content = opened.read()
        names = ["x", "y", *(name for name in content.column_names if name not in ("path", "x", "y"))]
        columns = [_numbers(content[name]) for name in names]
        return [str(path) for path in content["path"].to_pylist()], np.column_stack(columns)
    except (OSError, KeyError, ValueError, pa.ArrowException):
        return None


def temperature(folder: Path, bundle: str | None) -> float | None:
    """Return by what a bundle's scores are divided, None where it cannot be told."""
    try:
        told = read_json(folder / str(bundle) / "bundle.json")["calibration"]["temperature"]
    except (HeadstartError, KeyError, TypeError):
        return None
    return float(told) if isinstance(told, int | float) and told > 0 else None


def _stored(file: Path, classes: tuple[str, ...], split: str) -> tuple[tuple[str, ...], Labels, Floats] | None:
    """Return paths, labels and probabilities of a split, None if the file is gone, damaged or of other classes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = ["path", "label", "split", *(f"p_{name}" for name in classes)]
    try:
        with pq.ParquetFile(file) as opened:
            content = opened.read(columns=names)
        if len(content.column_names) != len(names):
            return None
        here = np.array([name == split for name in content["split"].to_pylist()], bool)
        position = {name: at for at, name in enumerate(classes)}
        labels = np.array([position[name] for name in content["label"].to_pylist()], np.int64)
        columns = [_numbers(content[f"p_{name}"]) for name in classes]
        paths = np.array(content["path"].to_pylist(), object)
    except (OSError, KeyError, ValueError, pa.ArrowException):
        return None
    return tuple(paths[here]), labels[here], np.column_stack(columns)[here]


def _numbers(column: Any) -> Floats:
    """Return a column of Parquet as an array; its own to_numpy would import pandas, which takes half a second."""
    return np.concatenate([np.from_dlpack(chunk) for chunk in column.chunks]) if column.num_chunks else np.zeros(0)
