from __future__ import annotations

import numpy as np
import pytest

from headstart.pixels.covering import CELLS, SPOT, SPOTS, alone, covered, on_cells
from headstart.pixels.framing import mean_colour
from headstart.records.preprocessing import Preprocessing


def prepared(side: int) -> Preprocessing:
    return Preprocessing(input_size=side, crop=1.0, interpolation="bilinear", mean=(0.2, 0.4, 0.6), std=(0.5, 0.5, 0.5))


@pytest.mark.parametrize("side", [64, 30])
def test_what_is_covered_and_what_is_alone_make_up_the_picture(side: int) -> None:
    square = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    hidden, shown = covered(square, prepared(side)), alone(square, prepared(side))
    assert hidden.shape == shown.shape == (SPOTS, side, side, 3)
    colour = np.array(mean_colour(prepared(side)), np.uint8)
    for one, other in zip(hidden, shown, strict=True):
        under = (one == colour).all(axis=2)
        assert np.array_equal(np.where(under[..., None], other, one), square)
        assert abs(under.mean() - (SPOT / CELLS) ** 2) < 0.04


def test_spots_of_a_side_that_falls_into_cells_are_equally_large_and_reach_every_pixel() -> None:
    square = np.zeros((64, 64, 3), np.uint8)
    under = covered(square, prepared(64)).any(axis=3)
    assert set(under.sum(axis=(1, 2))) == {24 * 24}
    assert under.any(axis=0).all()


def test_a_cell_is_the_mean_of_the_spots_that_it_lies_in() -> None:
    assert np.allclose(on_cells(np.full(SPOTS, 0.3)), 0.3)
    values = np.zeros(SPOTS)
    values[0] = 1.0
    cells = on_cells(values)
    assert cells[0, 0] == 1.0  # no other spot reaches the corner
    assert cells[2, 2] == pytest.approx(1 / 9)
    assert not cells[3:].any()
    assert not cells[:, 3:].any()
