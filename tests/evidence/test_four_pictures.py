"""What the README says of the published comparison: four pictures of 153 are no difference."""

from __future__ import annotations

import numpy as np
import pytest

from headstart.evidence.paired import compare_pairs


@pytest.mark.parametrize(("apart", "p"), [(4, 0.06), (12, 0.27)])
def test_four_pictures_more_of_153_are_not_told_from_luck(apart: int, p: float) -> None:
    more, less = (apart + 4) // 2, (apart - 4) // 2
    a, b = np.ones(153, bool), np.ones(153, bool)
    b[:more], a[more : more + less] = False, False
    (found,) = compare_pairs({"a": a, "b": b}, split="val")
    assert a.sum() - b.sum() == 4
    assert found.p == pytest.approx(p, abs=0.005)
