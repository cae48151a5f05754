"""The section about feature maps: its drawings, its sheets of maps, and what is left out where it is not known."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from report.counted import sample_activity, write_maps

from headstart.report.page import active
from headstart.report.page.building import build
from headstart.report.page.reading import read_results

SHOWN = ("bee/000.jpg",)


def pixels(address: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))))


@pytest.fixture
def told(run_folder: Path) -> dict[str, Any]:
    results = read_results(run_folder)
    results["activity"] = sample_activity(f"{results['data']['classes'][0]}/000.jpg")
    write_maps(run_folder, 1)
    return results


def test_the_page_has_the_section_with_picture_and_maps(run_folder: Path, told: dict[str, Any]) -> None:
    page, _ = build(told, run_folder)
    assert 'id="activity"' in page
    assert 'href="#activity"' in page
    assert page.count('class="sheet"') == 2  # the third network is the frozen one
    assert "The guess holds here." in page
    found = active.section(told, run_folder, None)
    assert found is not None
    assert [row["difference"] for row in found["rows"]] == [None, "−8.0", "0.0"]
    assert found["sheets"][0]["src"].startswith("data:image/jpeg")
    assert len(found["stages"]) == 2


def test_without_it_there_is_none(run_folder: Path) -> None:
    results = read_results(run_folder)
    assert "activity" not in results  # a run of before
    assert 'id="activity"' not in build(results, run_folder)[0]


def test_maps_and_pictures_may_be_gone(run_folder: Path, told: dict[str, Any]) -> None:
    told["activity"]["shown"] = ["bee/gone.jpg"]
    found = active.section(told, run_folder, None)
    assert found is not None
    assert found["sheets"][0]["src"] is None
    (run_folder / "activity" / "linear.safetensors").write_bytes(b"half")
    assert (
        "picture not at hand" not in build(told, run_folder)[0].partition('id="activity"')[2].partition("</section>")[0]
    )
    assert active.section(told, run_folder, None)["sheets"] == []  # type: ignore[index]


def test_one_picture_alone_is_drawn_without_intervals(run_folder: Path, told: dict[str, Any]) -> None:
    for depth in told["activity"]["depths"]:
        for layer in depth["layers"]:
            layer["interval"] = layer["capped"] = None
        if depth["difference"]:
            depth["difference"]["interval"] = None
    told["activity"]["trend"] = None
    assert 'id="activity"' in build(told, run_folder)[0]


def test_a_sheet_is_black_where_units_are_inactive_and_nowhere_else() -> None:
    maps = np.zeros((5, 2, 2), np.float32)
    maps[0], maps[4, 1, 0] = 1e-6, -3.0
    shown = pixels(active.sheet(maps, 2.0))
    assert shown.shape == (2 * 3 + 1, 3 * 3 + 1, 3)
    assert (shown[1:3, 1:3] > 0).all()  # however little active
    assert (shown[1:3, 4:6] == 0).all()
    assert shown[4 + 1, 4].tolist() == [255, 255, 255]
    assert not (shown[:, 0] == 0).all(axis=1).any()  # what lies between maps is no black


def test_of_many_networks_four_are_shown_both_ends_among_them(run_folder: Path, told: dict[str, Any]) -> None:
    base = told["activity"]["depths"][1]
    told["activity"]["depths"][2:] = [{**base, "unfrozen": count} for count in range(2, 8)]
    found = active.section(told, run_folder, None)
    assert found is not None
    assert [one["unfrozen"] for one in found["sheets"][0]["sheets"]] == [0, 2, 5, 7]
