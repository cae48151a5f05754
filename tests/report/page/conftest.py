"""A run folder of the sample results: drawn pictures, classes in three scripts, answers of every strategy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from drawing import draw_picture

SAMPLE = Path(__file__).parents[1] / "sample_results.json"
PICTURES = 30


def write_answers(file: Path, classes: list[str], paths: list[str], labels: np.ndarray, seed: int) -> np.ndarray:
    """Write random answers that are right for about four of five pictures; return the probabilities."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(len(paths), len(classes)))
    scores[np.arange(len(paths)), labels] += 1.8
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    columns: dict[str, Any] = {
        "path": paths,
        "label": [classes[label] for label in labels],
        "split": ["test"] * len(paths),
        **{f"p_{name}": probabilities[:, at] for at, name in enumerate(classes)},
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), file)
    return probabilities


@pytest.fixture
def results() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(SAMPLE.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture
def run_folder(tmp_path: Path, results: dict[str, Any]) -> Path:
    folder, data = tmp_path / "사진.run", tmp_path / "photos"
    classes = results["data"]["classes"]
    labels = np.arange(PICTURES) % len(classes)
    paths = [f"{classes[label]}/{number:03d}.jpg" for number, label in enumerate(labels)]
    for number, path in enumerate(paths):
        draw_picture(data / path, ("circle", "square", "other")[labels[number]], number)
    results["data"]["root"] = str(data)
    for seed, run in enumerate(results["runs"]):
        write_answers(folder / run["predictions"], classes, paths, labels, seed)
    split = {
        "path": paths,
        "label": [classes[k] for k in labels],
        "split": ["train"] * PICTURES,
        "group": [""] * PICTURES,
    }
    pq.write_table(pa.table(split), folder / "split.parquet")
    (folder / "results.json").write_text(json.dumps(results, ensure_ascii=False), encoding="utf-8")
    return folder
