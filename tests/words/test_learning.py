"""What more training pictures would bring, in a sentence."""

from __future__ import annotations

import pytest

from headstart.records.forecast import Forecast, LearningRecord, RisingClass
from headstart.words.learning import learning_text, more_pictures, worth_text


def forecast(low: float, high: float, *, more: int = 800) -> Forecast:
    return Forecast(
        pictures=400,
        more=more,
        accuracy=0.9,
        accuracy_interval=(0.8, 0.95),
        gain=(low + high) / 2,
        interval=(low, high),
        curve=(0.0, 1.0, 0.3),
    )


def learning(found: Forecast, *, run: str = "linear", rising: str | None = None) -> LearningRecord:
    return LearningRecord(
        run=run,
        winner="linear",
        pictures=400,
        draws=3,
        sizes=(100.0, 200.0, 400.0),
        accuracy=(0.7, 0.8, 0.85),
        forecast=found,
        rising=None if rising is None else RisingClass(name=rising, recall=(0.7, 0.8), p=0.01),
        seconds=1.0,
    )


@pytest.mark.parametrize(
    ("ends", "short", "said"),
    [
        (
            (0.021, 0.042),
            "yes",
            "More training pictures would help: twice as many would probably add 2 to 4 points.",
        ),
        (
            (0.006, 0.012),
            "yes",
            "More training pictures would help: twice as many would probably add about 1 point.",
        ),
        (
            (0.0, 0.004),
            "hardly",
            "More training pictures would hardly help: twice as many would add less than 1 point.",
        ),
        (
            (0.0, 0.03),
            "can't tell",
            "Doubling your training pictures might add nothing, or as much as 3 points: these pictures can't tell.",
        ),
        (
            (0.0, 0.01),
            "can't tell",
            "Doubling your training pictures might add nothing, or as much as 1 point: these pictures can't tell.",
        ),
    ],
)
def test_what_more_pictures_would_bring(ends: tuple[float, float], short: str, said: str) -> None:
    assert more_pictures(forecast(*ends)) == said
    assert learning_text(learning(forecast(*ends))) == said
    assert worth_text(learning(forecast(*ends))) == short


def test_the_class_that_rises_and_who_stood_in_are_named() -> None:
    found = learning(forecast(0.02, 0.04), run="svm", rising="ants")
    assert learning_text(found) == (
        "More training pictures would help, above all of 'ants': twice as many would probably add 2 to 4 points "
        "(judged by svm)."
    )


def test_another_number_than_twice_as_many_is_said() -> None:
    assert "help: 1,200 of them would probably add" in more_pictures(forecast(0.02, 0.04, more=1200))
    assert more_pictures(forecast(0.0, 0.03, more=1200)).startswith(
        "1,200 training pictures might add nothing, or as much as 3"
    )
