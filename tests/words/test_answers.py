"""What is said of an answer is never surer than the answer."""

from __future__ import annotations

import pytest

from headstart.records.answers import Answered, Prediction
from headstart.records.results import Skipped
from headstart.words.answers import answered_lines, arrived, below_caption, caption, doubt, written_line


def answered(probability: float, *members: str, none: bool | None = False) -> Prediction:
    chances = {"ant": probability, "bee": 0.2, "wasp": 0.1, "fly": 0.05, "moth": 0.01}
    return Prediction(
        path="1.jpg",
        label="ant",
        probability=probability,
        set=members or None,
        none_of_these=none,
        probabilities=chances,
    )


@pytest.mark.parametrize(
    ("row", "said", "below", "beside"),
    [
        (answered(0.98, "ant"), "ant", "98 %", ""),
        (answered(0.9999, "ant", none=None), "ant", "over 99 %", ""),
        (answered(0.7), "ant", "70 %", ""),
        (answered(1.0, "ant", none=True), "perhaps none of these", "closest (100 %): ant", "perhaps none of these"),
        (answered(0.6, "ant", "bee"), "ant or bee", "60 % · 20 %", "or bee"),
        (answered(0.6, "ant", "bee", "wasp"), "ant, bee or wasp", "60 % · 20 % · 10 %", "or bee, wasp"),
        (
            answered(0.6, "ant", "bee", "wasp", "fly", "moth"),
            "ant, bee or 3 others",
            "60 % · 20 % · 10 %",
            "or bee, wasp, fly, moth",
        ),
        (
            answered(0.6, "ant", "bee", none=True),
            "perhaps none of these",
            "closest (60 %): ant",
            "perhaps none of these",
        ),
    ],
)
def test_doubt_is_said_wherever_the_answer_is(row: Prediction, said: str, below: str, beside: str) -> None:
    assert (caption(row), below_caption(row), doubt(row)) == (said, below, beside)


def test_an_arrival_is_one_line() -> None:
    assert arrived(answered(0.98, "ant")) == "1.jpg: ant (98 %)"
    assert arrived(answered(0.6, "ant", "bee")) == "1.jpg: ant (60 %), or bee"
    assert arrived(Skipped(path="2.jpg", reason="the file is empty")) == "2.jpg: the file is empty"


def test_what_is_said_of_answers_in_a_folder() -> None:
    found = Answered(
        folder="out",
        pictures=1200,
        unread=1,
        before=0,
        repeated=2,
        passed={"text": 1, "hidden": 2},
        files=("answers-00001.csv",),
        examples=(Skipped(path="2.jpg", reason="the file is empty"),),
    )
    assert written_line(found) == "Written: 1,200 rows in out (answers-00001.csv)"
    assert answered_lines(found) == [
        "Named more than once: 2 times. Each file has one row.",
        "1 row without an answer, with the reason in its place. First: 2.jpg: the file is empty.",
        "Not read: 2 hidden files, 1 text file. Their names stand in the file passed-over.",
    ]
