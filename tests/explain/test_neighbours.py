"""The map of neighbours: once, alike each time, and of the present features only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from headstart.report.page.nearness import FILE, by_neighbours, read_neighbours, write_neighbours

from headstart.records.progress import Silent
from headstart.report.page.building import build
from headstart.report.page.reading import read_answers, read_places, read_results


def clusters(seed: int = 0) -> np.ndarray:
    """Return thirty points in six dimensions: three groups that lie apart only in the third to fifth."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(30, 6))
    points[np.arange(30), 2 + np.arange(30) % 3] += 12.0
    return points


def write_map(folder: Path, points: np.ndarray) -> dict[str, Any]:
    results = read_results(folder)
    columns: dict[str, Any] = {"path": list(read_answers(results, folder).paths), "x": points[:, 0], "y": points[:, 1]}
    columns |= {f"c{at + 1}": points[:, at].astype(np.float32) for at in range(2, points.shape[1])}
    pq.write_table(pa.table(columns), folder / "map.parquet")
    return {**results, "map": {"file": "map.parquet", "pictures": 30, "explained": [0.2, 0.2]}}


def test_neighbours_stand_together_and_the_same_way_each_time() -> None:
    points = by_neighbours(clusters())
    assert np.array_equal(points, by_neighbours(clusters()))
    distances = np.linalg.norm(points[:, None] - points[None], axis=2) + 1e9 * np.eye(30)
    assert (distances.argmin(axis=1) % 3 == np.arange(30) % 3).all()


def test_it_is_made_once_of_the_present_map(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = write_map(run_folder, clusters())
    write_neighbours(results, run_folder, progress=Silent())
    found = read_neighbours(results, run_folder)
    assert found.keys() == read_places(results, run_folder).keys()
    with monkeypatch.context() as patch:
        patch.setattr("headstart.report.page.nearness.by_neighbours", None)  # would fail if it were asked again
        write_neighbours(results, run_folder, progress=Silent())
    page, _ = build(results, run_folder)
    assert page.count('class="chart map"') == 2
    assert 'id="view-near"' in page
    write_map(run_folder, clusters(seed=1))
    assert read_neighbours(results, run_folder) == {}
    assert 'id="view-near"' not in build(results, run_folder)[0]


def test_an_older_map_of_two_components_and_none_at_all_give_none(run_folder: Path) -> None:
    write_neighbours(write_map(run_folder, clusters()[:, :2]), run_folder, progress=Silent())
    write_neighbours({**read_results(run_folder), "map": None}, run_folder, progress=Silent())
    assert not (run_folder / FILE).exists()
