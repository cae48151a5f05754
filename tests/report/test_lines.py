"""Lines measured in terminal cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from headstart.base.signs import clean, displayed
from headstart.report.lines import columns, fit, in_ascii, shorten, wrap

WORDS = st.text(alphabet=st.sampled_from("ab 개와گر\u200cé…"), max_size=60)


@given(WORDS, st.integers(0, 40), st.booleans())
def test_fit_takes_exactly_the_cells(text: str, cells: int, right: bool) -> None:
    assert cell_len(fit(text, cells, right=right)) == cells


@given(WORDS, st.integers(4, 40))
def test_shorten_never_takes_more_and_keeps_what_fits(text: str, cells: int) -> None:
    short = shorten(text, cells)
    assert cell_len(short) <= max(cells, 0)
    assert short == text or cell_len(text) > cells


def test_shorten_keeps_the_end_of_a_path() -> None:
    assert shorten("photos/birds/2024/heron_0001.jpg", 20) == "photos…eron_0001.jpg"


@given(WORDS, st.integers(12, 40))
def test_wrap_keeps_every_word_and_the_width(text: str, width: int) -> None:
    lines = wrap(text, width, first="> ")
    assert " ".join(lines)[2:].split() == text.split()
    for line in lines:
        assert cell_len(line) <= width or len(line.split()) <= 2  # one word alone may be too long


def test_columns_align_wide_names() -> None:
    lines = columns([["class", "n"], ["개와 고양이", "12"], ["گربه\u200cها", "3"]], right=[1])
    assert lines == ["class         n", "개와 고양이  12", "گربه\u200cها        3"]
    assert len({cell_len(line) for line in lines}) == 1


def test_steering_characters_are_disarmed_and_joiners_stay() -> None:
    assert clean("a\x1b[31mb\r\n\udc80") == "a?[31mb???"
    assert clean("گربه\u200cها 개") == "گربه\u200cها 개"


@pytest.mark.parametrize("text", ["├──●──┤ ✓ ≈ · … – ━"])
def test_drawing_signs_have_ascii_stand_ins(text: str) -> None:
    assert in_ascii(text).isascii()
    assert cell_len(in_ascii(text)) == cell_len(text)


def test_on_a_page_our_own_isolates_and_line_breaks_stay_and_nothing_else() -> None:
    assert displayed("class \u2068ants\u2069: 3") == "class \u2068ants\u2069: 3"
    for turned in ("\u2069ants", "\u2068ants", "a\u2069b\u2068c", "\u2068\u2068a\u2069\u2069"):
        assert displayed(turned) == clean(turned)
    assert displayed("a\u202eb\x1b[2J") == "a?b?[2J"
    assert displayed("import\nload") == "import?load"
    assert displayed("import\nload", lines=True) == "import\nload"
