"""A run folder of the sample results: drawn pictures, classes in three scripts, answers of every strategy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from drawing import draw_picture
from report.sample import sample_results

from headstart.base.types import Floats
from headstart.records.codec import write_record
from headstart.records.columns import PredictionsFile
from headstart.records.record import changed
from headstart.records.results import Results
from headstart.table.parquet import write_text_columns

PICTURES = 30


def probabilities_for(labels: np.ndarray, classes: int, seed: int) -> Floats:
    """Return random answers, (n, classes), that are right for about four of five pictures."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(len(labels), classes))
    scores[np.arange(len(labels)), labels] += 1.8
    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


def write_run_folder(folder: Path, results: Results, data: Path, *, labelled: int | None = None) -> Results:
    """Make a run folder of results: pictures in `data`, predictions of every run, the split, and results.json.

    The pictures are of the first `labelled` classes, by default of all.
    """
    classes = results.data.classes
    labels = np.arange(PICTURES) % (labelled or len(classes))
    paths = [f"{classes[label]}/{number:03d}.jpg" for number, label in enumerate(labels)]
    for number, path in enumerate(paths):
        draw_picture(data / path, ("circle", "square", "other")[labels[number] % 3], number)
    for seed, run in enumerate(results.runs, start=5):
        (folder / run.predictions).parent.mkdir(parents=True, exist_ok=True)
        PredictionsFile(folder / run.predictions).write(
            classes,
            paths=paths,
            labels=labels,
            splits=[results.measuring] * PICTURES,
            probabilities=probabilities_for(labels, len(classes), seed),
        )
    split = {"path": paths, "label": [classes[k] for k in labels], "split": ["train"] * PICTURES}
    write_text_columns(folder / "split.parquet", {**split, "group": [""] * PICTURES})
    found = changed(results, data=changed(results.data, root=str(data)))
    write_record(folder / "results.json", found)
    return found


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """The sample results, of pictures below a temporary folder."""
    found = sample_results()
    return changed(found, data=changed(found.data, root=str(tmp_path / "photos")))


@pytest.fixture
def run_folder(tmp_path: Path, results: Results) -> Path:
    """The run folder of `results`."""
    folder = tmp_path / "사진.run"
    write_run_folder(folder, results, tmp_path / "photos")
    return folder
