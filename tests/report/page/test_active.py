"""The section about feature maps: its drawings, its sheets of maps, and what is left out where it is not known."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from report.counted import sample_activity, write_maps

from headstart.records.activity import ActivityRecord
from headstart.records.record import changed
from headstart.records.results import Results
from headstart.report.page import active
from headstart.report.page.building import build
from headstart.report.page.reading import read_results


def pixels(address: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))))


@pytest.fixture
def counted(run_folder: Path) -> Results:
    """The sample results with what was counted, and maps in the run folder."""
    results = read_results(run_folder)
    write_maps(run_folder, 1)
    return changed(results, activity=sample_activity(f"{results.data.classes[0]}/000.jpg"))


def with_activity(results: Results, **values: object) -> Results:
    """Return the results with other `values` of what was counted."""
    assert results.activity is not None
    return changed(results, activity=changed(results.activity, **values))


def activity_of(results: Results) -> ActivityRecord:
    assert results.activity is not None
    return results.activity


def test_the_page_has_the_section_with_picture_and_maps(run_folder: Path, counted: Results) -> None:
    page, _ = build(counted, run_folder)
    assert 'id="activity"' in page
    assert 'href="#activity"' in page
    assert page.count('class="sheet"') == 2  # the third network is the frozen one
    trend = activity_of(counted).trend
    assert trend is not None
    assert trend.text in page
    found = active.section(counted, run_folder, None)
    assert found is not None
    assert [row.difference for row in found.rows] == ["", "−8.0", "0.0"]
    assert (found.sheets[0].src or "").startswith("data:image/jpeg")
    assert len(found.stages) == 2


def test_depths_of_partial_are_drawn_with_its_sign_and_the_frozen_network_with_its_own(
    run_folder: Path, counted: Results
) -> None:
    found = active.section(counted, run_folder, None)
    assert found is not None
    drawn = str(found.shares)
    assert drawn.count("<polygon points=") == drawn.count('class="sign c3"') == 2  # partial: diamonds
    assert drawn.count('class="sign c0"') == 1  # linear
    assert 'class="curve s3"' in drawn


def test_without_it_there_is_none(run_folder: Path) -> None:
    results = read_results(run_folder)
    assert results.activity is None
    assert 'id="activity"' not in build(results, run_folder)[0]


def test_maps_and_pictures_may_be_gone(run_folder: Path, counted: Results) -> None:
    gone = with_activity(counted, shown=("bee/gone.jpg",))
    found = active.section(gone, run_folder, None)
    assert found is not None
    assert found.sheets[0].src is None
    (run_folder / "activity" / "linear.safetensors").write_bytes(b"half")
    page = build(gone, run_folder)[0].partition('id="activity"')[2].partition("</section>")[0]
    assert "picture not found" not in page
    again = active.section(gone, run_folder, None)
    assert again is not None
    assert again.sheets == ()


def test_one_picture_alone_is_drawn_without_intervals(run_folder: Path, counted: Results) -> None:
    depths = tuple(
        changed(
            depth,
            layers=tuple(changed(layer, interval=None, capped=None) for layer in depth.layers),
            difference=None if depth.difference is None else changed(depth.difference, interval=None),
        )
        for depth in activity_of(counted).depths
    )
    assert 'id="activity"' in build(with_activity(counted, depths=depths, trend=None), run_folder)[0]


def test_a_sheet_is_black_where_units_are_inactive_and_nowhere_else() -> None:
    maps = np.zeros((5, 2, 2), np.float32)
    maps[0], maps[4, 1, 0] = 1e-6, -3.0
    shown = pixels(active.sheet(maps, 2.0))
    assert shown.shape == (2 * 3 + 1, 3 * 3 + 1, 3)
    assert (shown[1:3, 1:3] > 0).all()  # however little active
    assert (shown[1:3, 4:6] == 0).all()
    assert shown[4 + 1, 4].tolist() == [255, 255, 255]
    assert not (shown[:, 0] == 0).all(axis=1).any()  # what lies between maps is no black


def test_of_many_networks_four_are_shown_both_ends_among_them(run_folder: Path, counted: Results) -> None:
    depths = activity_of(counted).depths
    many = (*depths[:2], *(changed(depths[1], unfrozen=count) for count in range(2, 8)))
    found = active.section(with_activity(counted, depths=many), run_folder, None)
    assert found is not None
    assert [one.unfrozen for one in found.sheets[0].sheets] == [0, 2, 5, 7]
