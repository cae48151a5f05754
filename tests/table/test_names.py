"""Names are compared as people read them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.table.names import as_read, composed, is_blank, look_alike, look_alikes, visible


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ants", "ants"),
        ("ants", "ants "),
        ("bees", "be\u200bes"),
        ("honey bee", "honey_bee"),
        ("honey bee", "honey\u00a0bee"),
        ("ＡＮＴ", "ant"),
        ("1", "1.0"),
        ("1", "01"),
        ("Straße", "STRASSE"),
        ("café", "cafe\u0301"),
        ("", "\ufeff"),
        *(("ant", f"ant{sign}") for sign in "\ufe0f\u034f\u3164\u115f\u2800\uffa0\u180b\U000e0100"),
    ],
)
def test_names_that_a_person_takes_for_one(one, other):
    assert as_read(one) == as_read(other)


@pytest.mark.parametrize(
    ("one", "other"), [("ant", "bee"), ("1", "-1"), ("1", "1.5"), ("a+", "a-"), ("café", "cafe"), ("nan", "1")]
)
def test_names_that_a_person_tells_apart(one, other):
    assert as_read(one) != as_read(other)


@given(st.text())
def test_every_name_has_one_reading(name):
    assert as_read(name) == as_read(composed(name)) == as_read(unicodedata.normalize("NFD", name))
    assert visible(name).isprintable()
    assert not is_blank(visible(name)) or not name


def test_look_alikes_stand_together():
    assert look_alikes(["bee", "Ant", "ant", "BEE", "wasp", "bee"]) == [("Ant", "ant"), ("BEE", "bee")]
    assert look_alike("Ants", ["bees", "ants"]) == "ants"
    assert look_alike("ants", ["ants"]) is None
    assert visible("ant\ufe0f") == "ant<U+FE0F>"
    assert is_blank("\u3164\u2800")
    assert visible(" two  words\t") == "<U+0020>two  words<U+0009>"
