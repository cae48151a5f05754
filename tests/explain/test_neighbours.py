"""The map of neighbours: once, alike each time, and of the present features only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from headstart.explain.neighbours import FILE, by_neighbours, read_neighbours, write_neighbours
from headstart.records.columns import MapFile
from headstart.records.held_out import read_answers
from headstart.records.progress import Silent
from headstart.records.record import changed
from headstart.records.results import FeatureMapRecord, Results
from headstart.report.page.building import build
from headstart.report.page.reading import read_map, read_results


def clusters(seed: int = 0) -> np.ndarray:
    """Return thirty points in six dimensions: three groups that lie apart only in the third to fifth."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(30, 6))
    points[np.arange(30), 2 + np.arange(30) % 3] += 12.0
    return points


def write_map(folder: Path, points: np.ndarray) -> Results:
    """Write a map of the held-out pictures; return the results that name it."""
    results = read_results(folder)
    MapFile(folder / "map.parquet").write(read_answers(results, folder).paths, points)
    return changed(results, map=FeatureMapRecord(file="map.parquet", pictures=30, explained=(0.2, 0.2)))


def test_neighbours_stand_together_and_the_same_way_each_time() -> None:
    points = by_neighbours(clusters())
    assert np.array_equal(points, by_neighbours(clusters()))
    distances = np.linalg.norm(points[:, None] - points[None], axis=2) + 1e9 * np.eye(30)
    assert (distances.argmin(axis=1) % 3 == np.arange(30) % 3).all()


def test_it_is_made_once_of_the_present_map(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = write_map(run_folder, clusters())
    write_neighbours(results, run_folder, progress=Silent())
    found = read_neighbours(results, run_folder)
    assert found.paths == read_map(results, run_folder).paths
    with monkeypatch.context() as patch:
        patch.setattr("headstart.explain.neighbours.by_neighbours", None)  # would fail if it were asked again
        write_neighbours(results, run_folder, progress=Silent())
    page, _ = build(results, run_folder)
    assert page.count('class="chart map"') == 2
    assert 'id="view-near"' in page
    write_map(run_folder, clusters(seed=1))
    assert read_neighbours(results, run_folder).paths == ()
    assert 'id="view-near"' not in build(results, run_folder)[0]


def test_a_map_of_two_components_and_none_at_all_give_none(run_folder: Path) -> None:
    write_neighbours(write_map(run_folder, clusters()[:, :2]), run_folder, progress=Silent())
    write_neighbours(read_results(run_folder), run_folder, progress=Silent())
    assert not (run_folder / FILE).exists()
