from __future__ import annotations

import numpy as np

from headstart.evidence.depths import Depth, depths_told
from headstart.evidence.verdict import Candidate


def depth(cut: str, accuracy: float, *, gained: bool = True) -> Depth:
    name = f"partial@{cut}"
    return Depth(name, Candidate(name, accuracy, np.zeros(9, bool), 1.0, 1, 3), cut, gained)


def pairs(**clear: float) -> list[dict[str, object]]:
    names = ("a", "b", "c")
    return [
        {"a": f"partial@{x}", "b": f"partial@{y}", "p_adjusted": clear.get(x + y, 1.0)}
        for at, x in enumerate(names)
        for y in names[at + 1 :]
    ]


THREE = [depth("a", 0.8), depth("b", 0.9), depth("c", 0.85)]


def test_what_cannot_be_told_apart() -> None:
    told = depths_told(THREE, pairs())
    assert told == "Of three depths from a to c the data cannot tell which is best; the shallowest is partial@a."


def test_a_shallow_one_that_is_worse() -> None:
    told = depths_told(THREE, pairs(ab=0.01))
    assert told.startswith("Of three depths from a to c the best, partial@b, cannot be told from partial@c; ")
    assert told.endswith("the shallower of the two is partial@b.")


def test_a_deep_one_that_is_worse() -> None:
    told = depths_told(THREE, pairs(bc=0.01))
    assert "the best, partial@b, cannot be told from partial@a; the shallower of the two is partial@a." in told


def test_a_clear_one() -> None:
    told = depths_told(THREE, pairs(ab=0.01, bc=0.01))
    assert told == "Of three depths from a to c partial@b is the best by more than luck explains."


def test_where_training_brought_nothing() -> None:
    idle = [depth(cut, 0.9, gained=False) for cut in "abc"]
    assert depths_told(idle, pairs()).startswith("At none of three depths from a to c did training beat the head")
    told = depths_told([idle[0], *THREE[1:]], pairs())
    assert told.endswith("At a training did not beat the head solved on the frozen network.")


def test_depths_that_kept_the_same_head_answer_alike_and_are_not_compared() -> None:
    head = depth("a", 0.9, gained=False)
    other = head._replace(id="partial@b", cut="b")
    deep = depth("c", 0.8)
    told = depths_told([head, other, deep], [{"a": "partial@a", "b": "partial@c", "p_adjusted": 0.01}])
    assert "the best, partial@a, cannot be told from partial@b" in told
    assert "At a, b training did not beat the head" in told
