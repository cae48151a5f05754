"""What callers give to the verbs, checked at the door: labelled pictures and classifiers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, Union

from headstart.backbones import graphics_possible
from headstart.base.errors import ConfigError, DataError
from headstart.base.options import AUTO
from headstart.base.params import check_choice
from headstart.bundle import Classifier
from headstart.records.progress import Progress

if TYPE_CHECKING:
    from headstart.table import Table


@dataclass(frozen=True)
class TakesData:
    """Marks a parameter whose value goes through `table_of`; a test gives each of them every kind of thing."""


Data: TypeAlias = Annotated[Union[str, Path, "Table"], TakesData()]
GivenClassifier: TypeAlias = str | Path | Classifier

DEVICES = (AUTO, "cpu", "cuda", "mps")
_DATA = "Give a folder with a folder for each class, or a list (CSV, TSV, Parquet) with the columns path and label."


def table_of(data: Data, verb: str, *, threads: int | None = None, progress: Progress | None = None) -> Table:
    """Return the table of labelled pictures that a verb was given, or where they are.

    Raises
    ------
    DataError
        If it is neither, or nothing usable is there; it says what to give.
    """
    from headstart.table import Table, read_table  # of which predicting needs nothing

    check_data(data, verb)
    return data if isinstance(data, Table) else read_table(Path(data), threads=threads, progress=progress)


def check_data(data: Data, verb: str) -> None:
    """Refuse what is neither a table of pictures nor a path, as `table_of` does, before anything is read."""
    from headstart.table import Table

    if not isinstance(data, Table) and not (isinstance(data, str | os.PathLike) and os.fspath(data)):
        raise DataError(f"The 'data' parameter of {verb} is {_said(data)}.", hint=_way_in(data, verb))


def classifier_folder(source: object, name: str, verb: str) -> Path:
    """Return the folder of a saved classifier.

    Raises
    ------
    ConfigError
        If it is no path; it says what to give.
    """
    if isinstance(source, str | os.PathLike) and os.fspath(source):
        return Path(os.fsdecode(source))
    hint = "Give the folder of a bundle, or the classifier that headstart.load or headstart.fit returned."
    if hasattr(source, "winner"):
        hint = "Give one of its classifiers: experiment.winner.model, or experiment.runs[NAME].model."
    elif hasattr(source, "model"):
        hint = "Give its classifier: run.model."
    elif hasattr(source, "model_"):
        hint = "Give its classifier: classifier.model_."
    raise ConfigError(f"The '{name}' parameter of {verb} is {_said(source)}.", hint=hint)


def is_exported(source: Path) -> bool:
    """Return whether a path names an exported file, by its suffix."""
    return source.suffix.lower() == ".onnx" and not source.is_dir()


def device_of(device: str, verb: str) -> str:
    """Return where to compute, ``"auto"`` decided; without a graphics card torch is not even asked.

    Raises
    ------
    ConfigError
        If there is no such device.
    """
    check_choice("device", verb, device, DEVICES)
    if device == "cpu" or (device == AUTO and not graphics_possible()):
        return "cpu"
    from headstart.tune import choose_device

    return choose_device(device)


def _said(thing: Any) -> str:
    kind = type(thing).__name__
    if thing is None:
        return "None"
    if isinstance(thing, str):
        return "an empty text"
    return f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}"


def _way_in(data: Any, verb: str) -> str:
    """Return what to give in place of things that are no data set."""
    if hasattr(data, "columns") or hasattr(data, "column_names"):
        return f"Save it as a list first, e.g. frame.to_csv('pictures.csv', index=False). {_DATA}"
    if data is None or isinstance(data, str):
        return _DATA
    if verb == "evaluate":
        return f"With pictures in memory give their labels, too: evaluate(bundle, pictures, labels=labels). {_DATA}"
    return f"Pictures and labels in memory go to ImageClassifier().fit(pictures, labels). {_DATA}"
