"""What a classifier in 8 bits loses, in words: one that is right more often loses nothing."""

from __future__ import annotations

import pytest

from headstart.records.exported import Drop
from headstart.words.eight_bits import what_it_costs


@pytest.mark.parametrize(
    ("right", "difference", "interval", "told"),
    [
        (70, 0.1, (0.03, 0.2), "10.0 points less (95 % interval 3.0 to 20.0)"),
        (80, 0.0, (-0.03, 0.03), "0.0 points less (95 % interval -3.0 to 3.0)"),
        (83, -0.03, (-0.07, 0.0), "3.0 points more (95 % interval 0.0 to 7.0)"),
    ],
)
def test_fewer_points_are_less_and_more_are_more(
    right: int, difference: float, interval: tuple[float, float], told: str
) -> None:
    drop = Drop(
        pictures=100,
        split="test",
        bundle_right=80,
        exported_right=right,
        difference=difference,
        interval=interval,
        most=0.01,
    )
    assert what_it_costs(drop) == (
        f"In 8 bits it is right on {right} of 100 test pictures, in full precision on 80: {told}"
    )
