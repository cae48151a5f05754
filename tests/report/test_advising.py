"""Advice and rankings as lines of text."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from headstart.records.forecast import AdviceRecord, Expected
from headstart.records.ranking import NetworkScore, Ranking
from headstart.records.record import changed
from headstart.records.verdict import VerdictRecord
from headstart.report.advising import FIELDS, advice_lines, ranking_lines

ADVICE = AdviceRecord(
    strategy="partial",
    cut="blocks.5",
    chart="partial",
    size="small",
    similarity="dissimilar",
    accuracy=0.91,
    interval=(0.85, 0.95),
    seconds=125.0,
    expected=(
        Expected(strategy="partial", accuracy=0.91, interval=(0.85, 0.95), seconds=125.0),
        Expected(strategy="linear", accuracy=0.88, interval=(0.84, 0.92), seconds=None),
    ),
    pictures=100,
    classes=2,
    per_class=50.0,
    enough=100.0,
    gain=0.012,
    gain_interval=(0.0, 0.03),
    factor=3.0,
    told=0.2,
    told_error=0.06,
    linear=0.88,
    neighbours=0.86,
    ridge=0.87,
    chance=0.5,
    learnable=True,
    text="Never shown: the lines have the sentences one by one.",
)


def test_these_pictures_stand_in_one_field_of_the_chart() -> None:
    assert [line.text for line in advice_lines(ADVICE, width=80)][-5:] == [
        "",
        "usual chart      similar                       dissimilar",
        "many pictures    train the last part           train everything",
        "few pictures     train a classifier on top   ● train the last part (hard)",
        "● your pictures; similar: like those that the network was first trained on",
    ]


def test_with_little_room_the_fields_stand_one_below_another() -> None:
    assert [line.text for line in advice_lines(ADVICE, width=60)][-11:] == [
        "strategy                expected  95 % interval         time",
        "partial, from blocks.5     0.910  0.850 to 0.950  2 min 05 s",
        "linear                     0.880  0.840 to 0.920           –",
        "",
        "usual chart",
        "  many pictures, similar     train the last part",
        "  many pictures, dissimilar  train everything",
        "  few pictures, similar      train a classifier on top",
        "● few pictures, dissimilar   train the last part (hard)",
        "● your pictures; similar: like those that the network was",
        "first trained on",
    ]


UNTIMED = changed(ADVICE, seconds=None, expected=tuple(changed(one, seconds=None) for one in ADVICE.expected))


@pytest.mark.parametrize("advice", [ADVICE, UNTIMED])
@pytest.mark.parametrize("width", [60, 80, 100])
def test_nothing_is_cut_off(advice: AdviceRecord, width: int) -> None:
    lines = [line.text for line in advice_lines(advice, width=width)]
    assert max(map(cell_len, lines)) <= width
    assert "…" not in "".join(lines)
    assert all(field in "\n".join(lines) for field in FIELDS.values())


def test_without_times_there_is_no_column_of_times() -> None:
    lines = [line.text for line in advice_lines(UNTIMED)]
    assert "strategy                expected accuracy  95 % interval" in lines
    assert "linear                              0.880  0.840 to 0.920" in lines


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_can_be_theirs(field: tuple[str, str]) -> None:
    chart = [line.text for line in advice_lines(changed(ADVICE, size=field[0], similarity=field[1]))][-3:-1]
    assert sum(line.count("●") for line in chart) == 1
    assert f"● {FIELDS[field]}" in "".join(chart)  # type: ignore[index]


def test_what_to_use_comes_first_and_stands_out() -> None:
    lines = advice_lines(ADVICE, width=200)
    (use,) = [line.text for line in lines if line.role == "winner"]
    assert use.startswith("Use partial: ")
    assert [line.text for line in lines[:2]] == [use, "The usual chart agrees: partial for few, dissimilar pictures."]
    assert not any("Never shown" in line.text for line in lines)
    assert [line.text for line in lines[-8:-5]] == [
        "strategy                expected accuracy  95 % interval   time, about",
        "partial, from blocks.5              0.910  0.850 to 0.950   2 min 05 s",
        "linear                              0.880  0.840 to 0.920            –",
    ]


def test_a_cut_that_says_nothing_is_not_told() -> None:
    for cut in ("pool", "input"):
        assert not any("from" in line.text for line in advice_lines(changed(ADVICE, cut=cut))[-8:-5])


def score(name: str, linear: float) -> NetworkScore:
    return NetworkScore(
        backbone=name,
        name=name,
        input_size=224,
        parameters=3_400_000,
        flops=7.8e8,
        linear=linear,
        interval=(linear - 0.05, linear + 0.05),
        loss=0.4,
        readout="pool",
        neighbours=0.8,
        ridge=0.81,
        logme=0.123,
        pass_seconds=4.0,
        seconds=9.0,
    )


RANKING = Ranking(
    ranking=(score("resnet18", 0.9), score("mobilenetv3_large_100", 0.88)),
    comparisons=(),
    verdict=VerdictRecord(
        winner="resnet18",
        tied_with=("mobilenetv3_large_100",),
        text="Use resnet18.",
        details=("Expect much.",),
        figures=("It takes less space.",),
    ),
    pictures=120,
)


def test_networks_are_ranked_with_their_marks() -> None:
    lines = ranking_lines(RANKING, width=120)
    assert [line.text[:3] for line in lines[:3]] == ["   ", "✓  ", "≈  "]
    assert [line.role for line in lines[:3]] == ["heading", "winner", "plain"]
    assert "0.900 to" not in lines[1].text
    assert "0.850 to 0.950" in lines[1].text
    assert [line.text for line in lines[-3:]] == ["Use resnet18.", "Expect much.", "It takes less space."]
    assert "the share of 120 training pictures" in "\n".join(line.text for line in lines)


def test_a_narrow_ranking_keeps_what_decides() -> None:
    assert ranking_lines(RANKING, width=70)[0].text.split() == ["network", "linear", "95", "%", "interval", "FLOPs"]
    assert "LogME" in ranking_lines(RANKING, width=96)[0].text
