from __future__ import annotations

import numpy as np

from headstart.evidence.candidate import Candidate
from headstart.evidence.depths import Depth, depths_told
from headstart.evidence.reasons import DepthsCompared
from headstart.records.comparison import SplitsComparison


def depth(cut: str, accuracy: float, *, gained: bool = True) -> Depth:
    name = f"partial@{cut}"
    return Depth(name, Candidate(name, accuracy, np.zeros(9, bool), 1.0, 1, 3), cut, gained)


def pair(a: str, b: str, p: float) -> SplitsComparison:
    return SplitsComparison(
        a=f"partial@{a}", b=f"partial@{b}", splits=9, difference=0.0, interval=(0.0, 0.0), p=p, p_adjusted=p
    )


def pairs(**clear: float) -> list[SplitsComparison]:
    names = ("a", "b", "c")
    return [pair(x, y, clear.get(x + y, 1.0)) for at, x in enumerate(names) for y in names[at + 1 :]]


THREE = [depth("a", 0.8), depth("b", 0.9), depth("c", 0.85)]


def test_what_cannot_be_told_apart() -> None:
    told = depths_told(THREE, pairs())
    assert told == DepthsCompared("a", "c", 3, "partial@b", ("partial@a", "partial@b", "partial@c"), ())


def test_a_shallow_one_that_is_worse() -> None:
    told = depths_told(THREE, pairs(ab=0.01))
    assert (told.best, told.tied) == ("partial@b", ("partial@b", "partial@c"))


def test_a_deep_one_that_is_worse() -> None:
    told = depths_told(THREE, pairs(bc=0.01))
    assert (told.best, told.tied) == ("partial@b", ("partial@a", "partial@b"))


def test_a_clear_one() -> None:
    told = depths_told(THREE, pairs(ab=0.01, bc=0.01))
    assert told == DepthsCompared("a", "c", 3, "partial@b", ("partial@b",), ())


def test_where_training_brought_nothing() -> None:
    idle = [depth(cut, 0.9, gained=False) for cut in "abc"]
    assert depths_told(idle, pairs()) == DepthsCompared("a", "c", 3, None, (), ("a", "b", "c"))
    assert depths_told([idle[0], *THREE[1:]], pairs()).idle == ("a",)


def test_depths_that_kept_the_same_head_answer_alike_and_are_not_compared() -> None:
    head = depth("a", 0.9, gained=False)
    other = head._replace(id="partial@b", cut="b")
    told = depths_told([head, other, depth("c", 0.8)], [pair("a", "c", 0.01)])
    assert told == DepthsCompared("a", "c", 3, "partial@a", ("partial@a", "partial@b"), ("a", "b"))
