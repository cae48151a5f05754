"""Whether the inactive share falls, in sentences."""

from __future__ import annotations

from itertools import pairwise

import pytest

from headstart.evidence.activity import TrendFound
from headstart.records.activity import Mean, TrendAnswer
from headstart.words.activity import trend_record


def mean(value: float, half: float | None = 0.001) -> Mean:
    return Mean(value=value, interval=None if half is None else (value - half, value + half))


def found(answer: TrendAnswer, *shares: float, half: float | None = 0.001) -> TrendFound:
    steps = tuple(mean(end - start, half) for start, end in pairwise(shares))
    beyond = mean(shares[-1] - shares[1], half) if len(shares) > 2 else None
    whole = mean(shares[-1] - shares[0], half)
    return TrendFound(answer, tuple(range(len(shares))), shares, whole, beyond, steps)


def test_it_holds() -> None:
    record = trend_record(found("holds", 0.9, 0.8, 0.7))
    assert record.text == (
        "Yes: the more stages are trained, the less of the feature maps is inactive. "
        "From the frozen network to two stages trained, the inactive share fell from 90.0 to 70.0 % (by 20.0 points, "
        "95 % interval 19.9 to 20.1). "
        "Step by step, it fell by 10.0 points from none to one and fell by 10.0 points from one to two. "
        "From one stage trained to two stages trained, the inactive share fell from 80.0 to 70.0 % (by 10.0 points, "
        "95 % interval 9.9 to 10.1)."
    )
    assert (record.answer, len(record.steps)) == ("holds", 2)
    assert record.whole.value == pytest.approx(-0.2)
    assert record.beyond is not None


@pytest.mark.parametrize(
    ("case", "says"),
    [
        (
            found("partly", 0.9, 0.8, 0.8),
            "Only in part: training lowers the inactive share, but training more stages does not lower it further. ",
        ),
        (
            found("partly", 0.9, 0.8, 0.8),
            "Step by step, it fell by 10.0 points from none to one; from one to two, these pictures can't tell.",
        ),
        (
            found("partly", 0.9, 0.8, 0.8),
            "the inactive share went from 80.0 to 80.0 %, which luck explains (95 % interval -0.1 to +0.1 points).",
        ),
        (found("partly", 0.9, 0.7, 0.8), "On the whole, yes, but not at every step: the more stages are trained, "),
        (found("partly", 0.9, 0.7, 0.8), "it fell by 20.0 points from none to one and rose by 10.0 points from one to"),
        (found("fails", 0.8, 0.85, 0.9), "No: it is not true here that the more stages are trained, the less "),
        (found("fails", 0.8, 0.85, 0.9), "the inactive share rose from 80.0 to 90.0 % (by 10.0 points, 95 % interval"),
        (found("unclear", 0.9, 0.9), "These pictures can't tell whether this holds: the more stages are trained, "),
        (found("unclear", 0.9, 0.9, 0.9), "No single step is larger than luck explains."),
        (
            found("unclear", 0.9, 0.8, half=None),
            "the inactive share went from 90.0 to 80.0 %; a single picture or group can't say more.",
        ),
        (found("holds", 0.9, 0.8), "From the frozen network to one stage trained, the inactive share fell"),
    ],
)
def test_each_answer(case: TrendFound, says: str) -> None:
    assert says in trend_record(case).text
