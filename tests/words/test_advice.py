"""The advice in sentences: what to use first, then why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from headstart.evidence.advice import Profile, advise
from headstart.records.forecast import AdviceRecord, Forecast
from headstart.records.record import changed
from headstart.records.strategy import Trains
from headstart.words.advice import advice_record, in_short, sentences

NOW = Forecast(
    pictures=100,
    more=100,
    accuracy=0.9,
    accuracy_interval=(0.85, 0.94),
    gain=0.0,
    interval=(0.0, 0.0),
    curve=(0.02, 1.0, 0.5),
)
MORE = changed(NOW, more=200, accuracy=0.93, accuracy_interval=(0.87, 0.97), gain=0.03, interval=(0.01, 0.05))
MANY = changed(MORE, gain=0.004, interval=(0.0, 0.009))
FEW_ALIKE = Profile(2, 100, 50, 0.5, 0.9, 0.88, 0.89, 0.7, 0.07, NOW, MORE)
NAMED: Mapping[Trains, str] = {"none": "linear", "part": "partial", "all": "full"}
COSTS = {"linear": 8.0, "partial": 90.0, "full": 400.0}


def told(profile: Profile, *, cut: str = "pool") -> AdviceRecord:
    return advice_record(advise(profile, NAMED, COSTS), cut=cut)


def test_few_and_similar() -> None:
    found = told(FEW_ALIKE)
    assert found.text == (
        "Use linear: on many new pictures, expect it to be right about 90 % of the time (85 to 94 %), judging by the "
        "training pictures. The usual chart agrees: linear for few, similar pictures. "
        "You have few pictures (about 50 of each class): twice as many would add about 3.0 points, though "
        "1.0 to 5.0 are possible. "
        "They are similar to what the network knows: with five training pictures of each class, a simple "
        "classifier avoids 70 % (± 7) of the mistakes that guessing makes. We call pictures similar if that is "
        "surely 45 % or more."
    )
    assert " ".join(sentences(found)) == found.text
    assert in_short(found) == (
        "advice: use linear and expect 90 % right (85 to 94 %): few pictures, similar to what the network knows."
    )


def test_many_and_dissimilar() -> None:
    found = told(replace(FEW_ALIKE, doubled=MANY, told=0.2), cut="blocks.5")
    assert found.text == (
        "Use partial: on many new pictures, expect it to be right about 92 % of the time (86 to 98 %), judging by the "
        "training pictures. The usual chart says full for many, dissimilar pictures, but on the data sets where we "
        "tried that, it cost several times as much and was no more accurate. "
        "You have enough pictures (about 50 of each class): twice as many would add about 0.4 points, "
        "and 0.9 at most. They differ from what the network knows: with five training pictures of each class, a simple "
        "classifier avoids 20 % (± 7) of the mistakes that guessing makes. We call pictures similar if that is "
        "surely 45 % or more."
    )
    assert in_short(found) == (
        "advice: use partial and expect 92 % right (86 to 98 %): many pictures, dissimilar to what the network knows."
    )


def test_many_and_similar() -> None:
    found = told(replace(FEW_ALIKE, doubled=changed(MANY, interval=(0.0, 0.02))))
    said = "You probably have enough pictures (about 50 of each class): twice as many would add about 0.4 points, "
    assert f"{said}though 0.0 to 2.0 are possible." in found.text
    assert sentences(found)[1] == (
        "The usual chart says partial for many, similar pictures, but on the data sets where we tried that, it was no "
        "more accurate."
    )


def test_few_similar_and_hard() -> None:
    hard = changed(NOW, accuracy=0.69, accuracy_interval=(0.6, 0.77))
    found = told(replace(FEW_ALIKE, now=hard))
    assert sentences(found)[1] == (
        "The usual chart says linear for few, similar pictures. But linear would be wrong on about 31 % of them, and "
        "on the data sets where we tried it, training corrected about a fifth of such mistakes."
    )
    many = told(replace(FEW_ALIKE, now=hard, doubled=MANY))
    assert sentences(many)[1] == "The usual chart agrees: partial for many, similar pictures."


def test_what_was_not_measured_is_not_said() -> None:
    found = told(replace(FEW_ALIKE, doubled=None, told=None))
    assert (
        "You seem to have few pictures (about 50 of each class); what more would bring was not measured." in found.text
    )
    assert "Your pictures seem to differ from what the network knows; so few can't tell for certain." in found.text
    assert found.gain is found.gain_interval is found.enough is None


@pytest.mark.parametrize(("shift", "like"), [(0.1, "like"), (3.0, "unlike")])
def test_how_pictures_look_is_said_where_it_is_known(shift: float, like: str) -> None:
    says = f"the network they look {like} everyday photographs."
    alike, other = (told(replace(profile, shift=shift)) for profile in (FEW_ALIKE, replace(FEW_ALIKE, told=0.1)))
    first, second = ("To", "Even so, to") if like == "like" else ("Even so, to", "To")
    assert (alike.similarity, other.similarity) == ("similar", "dissimilar")
    assert f"{first} {says}" in sentences(alike)
    assert f"{second} {says}" in sentences(other)
    assert "photographs" not in told(FEW_ALIKE).text


def test_where_a_head_may_be_guessing_there_is_a_caution() -> None:
    noise = replace(FEW_ALIKE, told=0.05, now=changed(NOW, accuracy=0.53, accuracy_interval=(0.46, 0.6)))
    found = told(noise)
    assert not found.learnable
    assert found.text.endswith(
        "Caution: here a head may be no better than always naming the most common class (50 %). Perhaps the frozen "
        "network does not see the classes, and training will help; perhaps labels do not belong to their pictures: "
        "look at some of them first."
    )
    assert "Caution" not in told(replace(noise, told=0.15)).text


def test_the_record_holds_what_was_measured() -> None:
    found = advice_record(advise(FEW_ALIKE, NAMED, COSTS), cut="pool")
    assert (found.strategy, found.chart, found.cut, found.seconds) == ("linear", "linear", "pool", 8.0)
    assert (found.accuracy, found.interval) == (0.9, (0.85, 0.94))
    assert (found.pictures, found.classes, found.per_class, found.chance) == (100, 2, 50.0, 0.5)
    assert (found.gain, found.gain_interval, found.enough) == (0.03, (0.01, 0.05), FEW_ALIKE.enough)
    assert (found.linear, found.neighbours, found.ridge) == (0.9, 0.88, 0.89)
    assert (found.told, found.told_error, found.factor) == (0.7, 0.07, None)
