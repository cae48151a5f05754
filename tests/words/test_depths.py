"""What several depths say, in a sentence or two."""

from __future__ import annotations

import pytest

from headstart.evidence.reasons import DepthsCompared
from headstart.words.depths import depths_text

A, B, C = "partial@a", "partial@b", "partial@c"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            DepthsCompared("a", "c", 3, B, (A, B, C), ()),
            "These pictures can't tell which of the three depths from a to c is best; partial@a trains the least.",
        ),
        (
            DepthsCompared("a", "c", 3, B, (B, C), ()),
            "Of the three depths from a to c, partial@b was right most often, but these pictures can't tell it from "
            "partial@c; partial@b trains less of the network.",
        ),
        (
            DepthsCompared("a", "d", 4, B, (A, B, C), ()),
            "Of the four depths from a to d, partial@b was right most often, but these pictures can't tell it from "
            "partial@a and partial@c; partial@a trains the least of the network.",
        ),
        (
            DepthsCompared("a", "c", 3, B, (B,), ()),
            "Of the three depths from a to c, partial@b is the best, by more than luck explains.",
        ),
        (
            DepthsCompared("a", "c", 3, B, (B,), ("a", "c")),
            "Of the three depths from a to c, partial@b is the best, by more than luck explains. "
            "Training did not help at a and c.",
        ),
        (
            DepthsCompared("a", "c", 3, None, (), ("a", "b", "c")),
            "Training helped at none of the three depths from a to c.",
        ),
    ],
)
def test_depths(found: DepthsCompared, said: str) -> None:
    assert depths_text(found) == said
